// ArtifactStore: files named by the SHA-256 of their content.
//
//   <root>/ab/cdef…   the artifact abcdef…, read-only
//   <root>/tmp/       files being written; the leavings of a crash are garbage
//
// A file is complete and on disk (fsync of file and folders) before it gets its name, so that a
// name never stands for half an artifact. Any number of processes may use one root at a time.
// Thread-safe.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
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

  /// Reads the artifact and compares; data_invalid if the content is not what its name says.
  Status verify(std::string_view digest) const;

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
  /// Removes what `is_live` denies and nobody has put since `before`. An artifact whose effect is
  /// not committed yet is not live: `before` must leave every attempt time to end. With `dry_run`
  /// only lists.
  Result<Garbage> collect(const std::function<bool(const std::string& digest)>& is_live,
                          Time before, bool dry_run = false);

  const std::filesystem::path& root() const { return root_; }

 private:
  explicit ArtifactStore(std::filesystem::path root) : root_(std::move(root)) {}
  std::filesystem::path path_of(std::string_view digest) const;
  /// Names a staged file, whose content is known to be flushed.
  Result<StoredArtifact> publish(const std::filesystem::path& staged, const std::string& digest);

  std::filesystem::path root_;
};

}  // namespace millrace
