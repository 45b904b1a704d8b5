// One private cluster for a test binary, and databases of it for its tests. A fresh database is a
// copy of one that was migrated once: tens of milliseconds, and nothing of another test in it.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "engine/pg/database.h"
#include "engine/cluster/private_cluster.h"

namespace millrace::testing {

/// A folder of its own that goes with the object.
class TemporaryFolder {
 public:
  /// Others may enter it, unless it is private.
  explicit TemporaryFolder(bool is_private = false);
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

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
