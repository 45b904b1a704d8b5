#include "engine/cluster/backup.h"

#include <algorithm>

#include "engine/base/digest.h"
#include "engine/base/file.h"
#include "engine/cluster/child_process.h"
#include "engine/pg/database.h"
#include "engine/pg/session.h"

namespace millrace {
namespace {

/// `program` is in the folder of the server's programs, wherever a link on PATH leads.
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
  MR_CHECK(write_file(path, ""));  // pg_dump keeps the mode of a file that is there
  MR_CHECK(run("pg_dump",
               {"--format=custom", "--schema=millrace", "--no-owner", "--no-privileges",
                "--file=" + path.string(), "--dbname=" + dsn},
               path));
  return flush_file(path);
}

Status check_empty(const std::string& dsn) {
  MR_TRY(const bool empty, is_empty(dsn));
  if (empty) return {};
  return conflict("the database holds a Millrace already; restore into an empty one");
}

Status restore_database(const std::string& dsn, const std::filesystem::path& file) {
  MR_CHECK(check_empty(dsn));
  const auto path = std::filesystem::absolute(file);
  return run(
      "pg_restore",
      {"--single-transaction", "--no-owner", "--no-privileges", "--dbname=" + dsn, path.string()},
      path);
}

Result<std::vector<std::string>> named_artifacts(Database& database) {
  return database.run<std::vector<std::string>>(
      [](pg::Session& session) -> Result<std::vector<std::string>> {
        const pg::Rows rows = session.exec("artifacts_named");
        std::vector<std::string> out;
        for (std::size_t i = 0; i < rows.size(); ++i)
          if (std::string digest = rows.at(i, 0).text(); is_sha256_hex(digest))
            out.push_back(std::move(digest));
        std::ranges::sort(out);
        return out;
      });
}

Status forget_leader(Database& database) {
  return database.run<void>([](pg::Session& session) -> Status {
    session.exec("forget_leader");
    return {};
  });
}

}  // namespace millrace
