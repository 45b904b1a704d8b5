#include "engine/artifact/artifact_store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "engine/base/digest.h"
#include "engine/base/fault_point.h"

namespace millrace {
namespace {

namespace fs = std::filesystem;

/// A file descriptor that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  bool ok() const { return fd_ >= 0; }

 private:
  int fd_;
};

Error failed(std::string_view what, const fs::path& path) {
  const int reason = errno;
  std::string message = std::string(what) + " '" + path.string() + "': " + std::strerror(reason);
  if (reason == ENOSPC || reason == EDQUOT)
    return make_error(ErrorCode::resource_exhausted, std::move(message));
  if (reason == EACCES || reason == EPERM)
    return make_error(ErrorCode::permission_denied, std::move(message));
  return unavailable(std::move(message));
}

Status make_folder(const fs::path& path) {
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return failed("cannot create", path);
  return {};
}

Status flush(const fs::path& path, int flags) {
  const Descriptor file(::open(path.c_str(), flags | O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file.ok()) return failed("cannot open", path);
  if (::fsync(file.get()) != 0) return failed("cannot flush", path);
  return {};
}

Status write_all(int fd, std::string_view text, const fs::path& path) {
  while (!text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return failed("cannot write", path);
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

/// A file of its own in tmp/, removed unless it was published.
struct Staged {
  fs::path path;
  Descriptor file;

  explicit Staged(std::string name) : path(), file(::mkostemp(name.data(), O_CLOEXEC)) {
    if (file.ok()) path = name;
  }
  ~Staged() {
    if (!path.empty()) ::unlink(path.c_str());
  }
  Staged(const Staged&) = delete;
  Staged& operator=(const Staged&) = delete;
};

Status copy_into(int to, const fs::path& from, const fs::path& target) {
  const Descriptor source(::open(from.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!source.ok()) return failed("cannot open", from);
  std::vector<char> block(std::size_t{1} << 20);
  while (true) {
    const ssize_t n = ::read(source.get(), block.data(), block.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return failed("cannot read", from);
    if (n == 0) return {};
    MR_CHECK(write_all(to, {block.data(), static_cast<std::size_t>(n)}, target));
  }
}

Time time_of(const struct stat& info) {
  return from_micros(std::int64_t{info.st_mtim.tv_sec} * 1'000'000 + info.st_mtim.tv_nsec / 1000);
}

/// Puts hold it shared while they name a file, the collector alone while it removes one: else a
/// file could go in the moment in which it is put again.
Result<int> lock(const fs::path& root, int mode) {
  const fs::path path = root / "tmp" / ".lock";
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return failed("cannot open", path);
  while (::flock(fd, mode) != 0) {
    if (errno == EINTR) continue;
    const Error error = failed("cannot lock", path);
    ::close(fd);
    return error;
  }
  return fd;
}

bool is_hex(std::string_view text) {
  return std::ranges::all_of(
      text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

}  // namespace

Result<ArtifactStore> ArtifactStore::open(const fs::path& root) {
  std::error_code problem;
  const fs::path absolute = fs::absolute(root, problem);
  if (problem) return unavailable("cannot resolve '" + root.string() + "'");
  if (absolute.has_parent_path()) fs::create_directories(absolute.parent_path(), problem);
  MR_CHECK(make_folder(absolute));
  MR_CHECK(make_folder(absolute / "tmp"));
  if (!fs::is_directory(absolute / "tmp", problem))
    return unavailable("'" + absolute.string() + "' is no folder");
  return ArtifactStore(absolute);
}

fs::path ArtifactStore::path_of(std::string_view digest) const {
  return root_ / digest.substr(0, 2) / digest.substr(2);
}

Result<StoredArtifact> ArtifactStore::publish(const fs::path& staged, const std::string& digest) {
  const fs::path target = path_of(digest);
  const bool new_folder = ::mkdir(target.parent_path().c_str(), 0700) == 0;
  if (!new_folder && errno != EEXIST) return failed("cannot create", target.parent_path());
  {
    MR_TRY(const int fd, lock(root_, LOCK_SH));
    const Descriptor held(fd);
    // Over an equal one: that heals a damaged file, and its age counts from now.
    if (::rename(staged.c_str(), target.c_str()) != 0) return failed("cannot name", target);
  }
  MR_CHECK(flush(target.parent_path(), O_DIRECTORY));
  if (new_folder) MR_CHECK(flush(root_, O_DIRECTORY));
  pass(FaultPoint::artifact_named);
  return get(digest);
}

Result<StoredArtifact> ArtifactStore::put_file(const fs::path& file) {
  struct stat info {};
  if (::lstat(file.c_str(), &info) != 0)
    return not_found("there is no file '" + file.string() + "' to store");
  if (!S_ISREG(info.st_mode)) return invalid_argument("'" + file.string() + "' is no regular file");
  struct stat own {};
  if (::stat((root_ / "tmp").c_str(), &own) != 0) return failed("cannot read", root_ / "tmp");

  fs::path source = file;
  Staged staged((root_ / "tmp" / "put-XXXXXX").string());
  if (!staged.file.ok()) return failed("cannot create a file in", root_ / "tmp");
  if (info.st_dev != own.st_dev) {
    MR_CHECK(copy_into(staged.file.get(), file, staged.path));
    source = staged.path;
  }
  if (::chmod(source.c_str(), 0400) != 0) return failed("cannot protect", source);
  // Age counts from the put, not from when the file was written.
  ::utimensat(AT_FDCWD, source.c_str(), nullptr, AT_SYMLINK_NOFOLLOW);
  MR_CHECK(flush(source, 0));
  MR_TRY(const std::string digest, sha256_file(source));
  MR_TRY(StoredArtifact stored, publish(source, digest));
  if (source == staged.path) {
    staged.path.clear();
    ::unlink(file.c_str());
  }
  return stored;
}

Result<StoredArtifact> ArtifactStore::put_text(std::string_view text) {
  Staged staged((root_ / "tmp" / "put-XXXXXX").string());
  if (!staged.file.ok()) return failed("cannot create a file in", root_ / "tmp");
  MR_CHECK(write_all(staged.file.get(), text, staged.path));
  if (::fchmod(staged.file.get(), 0400) != 0) return failed("cannot protect", staged.path);
  if (::fsync(staged.file.get()) != 0) return failed("cannot flush", staged.path);
  MR_TRY(StoredArtifact stored, publish(staged.path, sha256_hex(text)));
  staged.path.clear();
  return stored;
}

Result<StoredArtifact> ArtifactStore::get(std::string_view digest) const {
  if (!is_sha256_hex(digest))
    return invalid_argument("'" + std::string(digest.substr(0, 80)) +
                            "' is no artifact digest (64 lower-case hex digits)");
  StoredArtifact found;
  found.digest = digest;
  found.path = path_of(digest);
  struct stat info {};
  if (::lstat(found.path.c_str(), &info) != 0 || !S_ISREG(info.st_mode))
    return not_found("there is no artifact " + found.digest);
  found.bytes = info.st_size;
  return found;
}

Status ArtifactStore::verify(std::string_view digest) const {
  MR_TRY(const StoredArtifact stored, get(digest));
  MR_TRY(const std::string actual, sha256_file(stored.path));
  if (actual == digest) return {};
  return make_error(ErrorCode::data_invalid,
                    "artifact " + stored.digest + " is damaged: its content has digest " + actual);
}

Result<std::vector<ArtifactStore::Entry>> ArtifactStore::list() const {
  std::vector<Entry> entries;
  std::error_code problem;
  for (const auto& folder : fs::directory_iterator(root_, problem)) {
    const std::string prefix = folder.path().filename().string();
    if (prefix.size() != 2 || !is_hex(prefix) || !folder.is_directory(problem)) continue;
    for (const auto& file : fs::directory_iterator(folder.path(), problem)) {
      const std::string digest = prefix + file.path().filename().string();
      struct stat info {};
      if (!is_sha256_hex(digest) || ::lstat(file.path().c_str(), &info) != 0 ||
          !S_ISREG(info.st_mode))
        continue;
      entries.push_back({{digest, file.path(), info.st_size}, time_of(info)});
    }
  }
  if (problem) return unavailable("cannot list '" + root_.string() + "': " + problem.message());
  std::ranges::sort(entries, {}, [](const Entry& e) { return e.artifact.digest; });
  return entries;
}

Result<ArtifactStore::Garbage> ArtifactStore::collect(
    const std::function<bool(const std::string&)>& is_live, Time before, bool dry_run) {
  Garbage garbage;
  const auto remove_old = [&](const fs::path& path) -> Result<bool> {
    MR_TRY(const int fd, lock(root_, LOCK_EX));
    const Descriptor held(fd);
    struct stat info {};
    if (::lstat(path.c_str(), &info) != 0 || time_of(info) >= before) return false;
    return dry_run || ::unlink(path.c_str()) == 0;
  };
  MR_TRY(const std::vector<Entry> entries, list());
  for (const auto& [artifact, stored_at] : entries) {
    if (stored_at >= before || is_live(artifact.digest)) continue;
    MR_TRY(const bool removed, remove_old(artifact.path));
    if (!removed) continue;
    garbage.digests.push_back(artifact.digest);
    garbage.bytes += artifact.bytes;
  }
  std::error_code problem;
  for (const auto& file : fs::directory_iterator(root_ / "tmp", problem)) {
    if (file.path().filename() == ".lock" || !file.is_regular_file(problem)) continue;
    MR_TRY(const bool removed, remove_old(file.path()));
    garbage.staged += removed ? 1 : 0;
  }
  if (problem) return unavailable("cannot list '" + (root_ / "tmp").string() + "'");
  return garbage;
}

}  // namespace millrace
