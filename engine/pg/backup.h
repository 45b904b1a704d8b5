// Backup: the database of Millrace as one file, by PostgreSQL's own pg_dump and pg_restore. A dump
// is taken while engines are at work, and shows one instant of it.
#pragma once

#include <filesystem>
#include <string>

#include "engine/base/result.h"

namespace millrace {

/// `file` is written anew. The programs' messages are in the error when one fails. pg_dump must not
/// be older than the server. A password in `dsn` can be seen in the list of processes meanwhile;
/// one in ~/.pgpass cannot.
Status dump_database(const std::string& dsn, const std::filesystem::path& file);

/// `conflict` if the database holds a Millrace already. All of it or nothing.
Status restore_database(const std::string& dsn, const std::filesystem::path& file);

}  // namespace millrace
