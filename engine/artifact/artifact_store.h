// ArtifactStore: files named by the SHA-256 of their content.
//
//   <root>/ab/cdef…   the artifact abcdef…, read-only
//   <root>/tmp/       files being written; the leavings of a crash are garbage
//
// A file is complete and on disk (fsync of file and folders) before `put` returns, so that a name
// never belongs to half an artifact. Any number of processes may use one root at a time; the root
// may be a symbolic link. Thread-safe.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/time.h"
#include "engine/op/context.h"

namespace millrace {

class ArtifactStore final : public Artifacts {
 public:
  /// Creates the folder, for its owner only (0700), where it is missing.
  static Result<ArtifactStore> open(const std::filesystem::path& root);

  /// Takes the file away from where it is; copies it where it lies on another file system.
  Result<StoredArtifact> put_file(const std::filesystem::path& file) override;
  Result<StoredArtifact> put_text(std::string_view text) override;
  Result<StoredArtifact> get(std::string_view digest) const override;

  /// Reads the artifact and compares; `data_damaged` if the content is not what its name says.
  Status verify(std::string_view digest) const;

  /// Copies an artifact of another store into this one, comparing it with its digest on the way and
  /// once more as it lies on the disk. One that is here already is compared, and replaced if it is
  /// damaged. False: it was here already. `data_damaged` if the other store's is.
  Result<bool> copy_from(const StoredArtifact& artifact);
  /// Removes files in tmp/ whose writer is dead. Returns their number.
  Result<std::int64_t> remove_leavings();

  struct Entry {
    StoredArtifact artifact;
    Time stored_at{};  // of the last put of this content
  };
  /// All artifacts, by digest. Files that do not belong in the store are left out.
  Result<std::vector<Entry>> list() const;

  struct Garbage {
    std::vector<std::string> digests;  // removed, or that would be
    std::int64_t bytes = 0;
    std::int64_t staged = 0;  // leavings in tmp/
  };
  /// Removes what `is_live` denies and what was not stored again since `before`. An artifact whose
  /// effect is not committed yet is not live: `before` must leave every attempt time to end. With
  /// `dry_run` only lists.
  Result<Garbage> collect(const std::function<bool(const std::string& digest)>& is_live,
                          Time before, bool dry_run = false);

  const std::filesystem::path& root() const { return root_; }

 private:
  explicit ArtifactStore(std::filesystem::path root)
      : root_(std::move(root)), durable_(std::make_shared<Prefixes>()) {}
  std::filesystem::path path_of(std::string_view digest) const;
  /// Makes the folder of a digest; on return its name survives a power cut.
  Status make_prefix(std::string_view digest);
  Result<StoredArtifact> put_staged(const std::filesystem::path& file);
  /// Names a staged file, whose content is known to be flushed.
  Result<StoredArtifact> publish(const std::filesystem::path& staged, const std::string& digest);

  using Prefixes = std::array<std::atomic<bool>, 256>;

  std::filesystem::path root_;
  std::shared_ptr<Prefixes> durable_;  // folders whose names this process has flushed
};

}  // namespace millrace
