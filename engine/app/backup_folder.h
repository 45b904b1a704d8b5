// BackupFolder: a backup as it lies on the disk.
//
//   database.dump   of pg_dump
//   artifacts/      a store of artifacts (engine/artifact)
//   backup.json     which dump and which artifacts belong together
//
// backup.json is written before a dump gets its name, and names the dump before it as well:
// whenever a backup ends half-way, the folder holds the earlier backup whole, or none.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "engine/artifact/artifact_store.h"
#include "engine/base/result.h"

namespace millrace {

class BackupFolder {
 public:
  /// Makes the folder, for its owner only.
  static Result<BackupFolder> make(const std::filesystem::path& path);
  /// Reads all of an existing one and compares it with its digests. `not_found`: it is no backup;
  /// `data_damaged`: something of it is missing or is not what it was.
  static Result<BackupFolder> open_verified(const std::filesystem::path& path);

  /// Where a dump is written before it belongs to the backup.
  std::filesystem::path new_dump() const;
  std::filesystem::path dump() const { return path_ / "database.dump"; }
  ArtifactStore& artifacts() { return artifacts_; }

  /// Copies what is not here yet, and compares all with their digests, also what an earlier backup
  /// left. `data_damaged` names each artifact that is damaged or, of `named`, missing.
  Status copy_artifacts(const ArtifactStore& from, const std::vector<std::string>& named);
  /// From now on the new dump is the backup, also after a power cut.
  Status complete();

 private:
  BackupFolder(std::filesystem::path path, ArtifactStore artifacts)
      : path_(std::move(path)), artifacts_(std::move(artifacts)) {}
  Status write_contents(const std::vector<std::string>& dumps) const;

  std::filesystem::path path_;
  ArtifactStore artifacts_;
};

/// Of `named`, those that the store does not have: an error that lists them.
Status check_named(const ArtifactStore& store, const std::vector<std::string>& named);

}  // namespace millrace
