// Backup: the database of Millrace as one file, by PostgreSQL's own pg_dump and pg_restore. A dump
// is taken while engines are at work, and shows one instant of it.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/pg/database.h"

namespace millrace {

/// `file` is replaced, and only its owner may read it; on return it is on the disk. The programs'
/// messages are in the error when one fails. pg_dump must not be older than the server. A password
/// in `dsn` can be seen in the list of processes during the call; one in ~/.pgpass cannot.
Status dump_database(const std::string& dsn, const std::filesystem::path& file);

/// `conflict` if the database holds a Millrace already. All of it or nothing.
Status restore_database(const std::string& dsn, const std::filesystem::path& file);
/// The check alone.
Status check_empty(const std::string& dsn);

/// The digests of the artifacts that the database names, sorted.
Result<std::vector<std::string>> named_artifacts(Database& database);

/// Of a restored database: the engine that led the original does not lead this one.
Status forget_leader(Database& database);

}  // namespace millrace
