#include "engine/op/context.h"

#include "engine/base/digest.h"
#include "engine/base/file.h"

namespace millrace {

Error damaged(const StoredArtifact& artifact, std::string_view actual) {
  return data_damaged("artifact " + artifact.digest + " is damaged: the content of '" +
                      artifact.path.string() + "' has digest " + std::string(actual) +
                      "; bring the file back from a backup, or run again what made it");
}

Result<std::string> Artifacts::read(std::string_view digest, std::size_t max_bytes) const {
  MR_TRY(const StoredArtifact stored, get(digest));
  MR_TRY(std::string text, read_file(stored.path, max_bytes));
  const std::string actual = sha256_hex(text);
  if (actual != stored.digest) return damaged(stored, actual);
  return text;
}

Result<StoredArtifact> CheckedArtifacts::put_file(const std::filesystem::path& file) {
  return store_.put_file(file);
}

Result<StoredArtifact> CheckedArtifacts::put_text(std::string_view text) {
  return store_.put_text(text);
}

Result<StoredArtifact> CheckedArtifacts::get(std::string_view digest) const {
  MR_TRY(StoredArtifact stored, store_.get(digest));
  {
    const MutexLock lock(mutex_);
    if (checked_.contains(stored.digest)) return stored;
  }
  MR_TRY(const std::string actual, sha256_file(stored.path));
  if (actual != stored.digest) return damaged(stored, actual);
  const MutexLock lock(mutex_);
  checked_.insert(stored.digest);
  return stored;
}

Result<std::string> CheckedArtifacts::read(std::string_view digest, std::size_t max_bytes) const {
  return store_.read(digest, max_bytes);
}

}  // namespace millrace
