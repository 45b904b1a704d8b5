#include "engine/pg/backup.h"

#include "engine/pg/child_process.h"
#include "engine/pg/database.h"
#include "engine/pg/session.h"

namespace millrace {
namespace {

/// `program` stands beside the server's own, wherever a link on PATH leads.
Status run(const std::string& program, std::vector<std::string> arguments,
           const std::filesystem::path& file) {
  MR_TRY(const auto programs, pg::find_postgres_programs());
  std::error_code ignored;
  const auto server = std::filesystem::canonical(programs.postgres, ignored);
  pg::ChildSpec spec;
  spec.command = {server.parent_path() / program};
  spec.command.insert(spec.command.end(), arguments.begin(), arguments.end());
  spec.output = file.string() + ".log";
  spec.folder = file.parent_path();
  MR_CHECK(pg::run_to_end(spec, program));
  std::filesystem::remove(spec.output, ignored);
  return {};
}

Result<bool> is_empty(const std::string& dsn) {
  DatabaseOptions options;
  options.dsn = dsn;
  MR_TRY(const auto database, Database::open(options));
  return database->run<bool>([](pg::Session& session) -> Result<bool> {
    return session.exec("migrate_is_new").at(0, 0).flag();
  });
}

}  // namespace

Status dump_database(const std::string& dsn, const std::filesystem::path& file) {
  const auto path = std::filesystem::absolute(file);
  return run("pg_dump",
             {"--format=custom", "--schema=millrace", "--no-owner", "--no-privileges",
              "--file=" + path.string(), "--dbname=" + dsn},
             path);
}

Status restore_database(const std::string& dsn, const std::filesystem::path& file) {
  MR_TRY(const bool empty, is_empty(dsn));
  if (!empty) return conflict("the database holds a Millrace already; restore into an empty one");
  const auto path = std::filesystem::absolute(file);
  return run(
      "pg_restore",
      {"--single-transaction", "--no-owner", "--no-privileges", "--dbname=" + dsn, path.string()},
      path);
}

}  // namespace millrace
