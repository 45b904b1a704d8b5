// backup, restore: database and artifacts in a folder, and back.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "engine/app/backup_folder.h"
#include "engine/app/verbs.h"
#include "engine/cluster/backup.h"
#include "engine/cluster/private_cluster.h"
#include "engine/cluster/state_lock.h"
#include "engine/pg/database.h"
#include "engine/pg/migrate.h"

namespace millrace {
namespace {

namespace fs = std::filesystem;

Result<int> make_backup(const Options& options, const std::string& folder) {
  DatabaseOptions database;
  database.dsn = options.db;
  if (options.db.empty()) {
    MR_TRY(database.dsn, PrivateCluster::dsn_of(options.state));
  }
  MR_TRY(const auto opened, Database::open(database));
  MR_TRY(const auto named, named_artifacts(*opened));
  MR_TRY(const ArtifactStore store, ArtifactStore::open(options.state / "artifacts"));
  MR_TRY(BackupFolder backup, BackupFolder::make(folder));
  // An artifact is stored before the database mentions it: copied after the dump, none is missing.
  MR_CHECK(dump_database(database.dsn, backup.new_dump()));
  MR_CHECK(backup.copy_artifacts(store, named));
  MR_CHECK(backup.complete());
  std::printf("%s\n", fs::absolute(folder).c_str());
  return 0;
}

Result<int> restore_backup(const Options& options, const std::string& folder) {
  MR_TRY(BackupFolder backup, BackupFolder::open_verified(folder));
  MR_TRY(const StateLock lock, StateLock::acquire(options.state, StateLock::Purpose::restore));
  std::unique_ptr<PrivateCluster> cluster;
  DatabaseOptions database;
  database.dsn = options.db;
  if (options.db.empty()) {
    MR_TRY(cluster, PrivateCluster::start(options.state));
    database.dsn = cluster->dsn();
  }
  MR_CHECK(check_empty(database.dsn));
  // The artifacts first: a database that names them is the end of a restore.
  MR_TRY(ArtifactStore store, ArtifactStore::open(options.state / "artifacts"));
  MR_TRY(const auto artifacts, backup.artifacts().list());
  for (const auto& entry : artifacts) MR_CHECK(store.copy_from(entry.artifact));
  MR_CHECK(restore_database(database.dsn, backup.dump()));
  MR_TRY(const auto opened, Database::open(database));
  MR_CHECK(migrate(*opened));
  MR_CHECK(forget_leader(*opened));
  MR_TRY(const auto named, named_artifacts(*opened));
  MR_CHECK(check_named(store, named));
  std::printf("%s\n", fs::absolute(options.state).c_str());
  return 0;
}

}  // namespace

VerbAction declare_backup(CLI::App& verb, Options& options) {
  auto folder = std::make_shared<std::string>();
  verb.add_option("folder", *folder,
                  "Created if missing; a repeated backup copies only new artifacts")
      ->required();
  return [&options, folder] { return make_backup(options, *folder); };
}

VerbAction declare_restore(CLI::App& verb, Options& options) {
  auto folder = std::make_shared<std::string>();
  verb.add_option("folder", *folder, "A folder written by 'backup'")->required();
  return [&options, folder] { return restore_backup(options, *folder); };
}

}  // namespace millrace
