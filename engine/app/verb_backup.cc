// backup, restore: database and artifacts in a folder, and back.
#include <cstdio>
#include <filesystem>

#include "engine/app/verbs.h"
#include "engine/pg/backup.h"
#include "engine/pg/database.h"
#include "engine/pg/migrate.h"
#include "engine/pg/private_cluster.h"
#include "engine/pg/state_lock.h"

namespace millrace {
namespace {

namespace fs = std::filesystem;

/// What is there already is the same: artifacts are called by their digest.
Status copy_artifacts(const fs::path& from, const fs::path& to) {
  std::error_code error;
  if (!fs::exists(from, error)) return {};
  fs::create_directories(to, error);
  fs::copy(from, to, fs::copy_options::recursive | fs::copy_options::skip_existing, error);
  if (error)
    return unavailable("cannot copy '" + from.string() + "' to '" + to.string() +
                       "': " + error.message());
  return {};
}

}  // namespace

Result<int> verb_backup(const Options& options, const std::string& folder) {
  std::string dsn = options.db;
  if (dsn.empty()) {
    MR_TRY(dsn, PrivateCluster::dsn_of(options.state));
  }
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return unavailable("cannot make '" + folder + "': " + error.message());
  // An artifact is stored before the database mentions it: copied after the dump, none is missing.
  // The dump gets its name last, so that a backup with that name is whole.
  const fs::path dump = fs::path(folder) / "database.dump", part = dump.string() + ".part";
  MR_CHECK(dump_database(dsn, part));
  MR_CHECK(copy_artifacts(options.state / "artifacts", fs::path(folder) / "artifacts"));
  fs::rename(part, dump, error);
  if (error) return unavailable("cannot name '" + dump.string() + "': " + error.message());
  std::printf("%s\n", fs::absolute(folder).c_str());
  return 0;
}

Result<int> verb_restore(const Options& options, const std::string& folder) {
  const fs::path dump = fs::path(folder) / "database.dump";
  if (!fs::exists(dump))
    return not_found("'" + folder + "' is no backup: it has no file database.dump");
  MR_TRY(const StateLock lock, StateLock::acquire(options.state));
  std::unique_ptr<PrivateCluster> cluster;
  DatabaseOptions database;
  database.dsn = options.db;
  if (options.db.empty()) {
    MR_TRY(cluster, PrivateCluster::start(options.state));
    database.dsn = cluster->dsn();
  }
  MR_CHECK(restore_database(database.dsn, dump));
  MR_CHECK(copy_artifacts(fs::path(folder) / "artifacts", options.state / "artifacts"));
  MR_TRY(const auto opened, Database::open(database));
  MR_CHECK(migrate(*opened));
  std::printf("%s\n", fs::absolute(options.state).c_str());
  return 0;
}

}  // namespace millrace
