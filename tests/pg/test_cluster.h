// One private cluster for a test binary, and databases of it for its tests. A fresh database is a
// copy of one that was migrated once: tens of milliseconds, and nothing of another test in it.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "engine/cluster/private_cluster.h"
#include "engine/pg/database.h"
#include "tests/base/temp_folder.h"

namespace millrace::testing {

/// Started by the first that asks.
PrivateCluster& test_cluster();

/// Addresses of new databases.
std::string empty_database();
std::string fresh_database();

/// Opens a database or fails the test.
std::unique_ptr<Database> open_database(const std::string& dsn);

/// Runs SQL text on a database, and gives the first value of its answer ("" without one).
std::string query(Database& database, const std::string& sql);

}  // namespace millrace::testing
