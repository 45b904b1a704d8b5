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
#include "engine/base/file.h"

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

/// A full disk may have room again later: transient, whatever its code says of a quota.
Error failed(std::string_view what, const fs::path& path) {
  const int reason = errno;
  std::string message = std::string(what) + " '" + path.string() + "': " + std::strerror(reason);
  if (reason == ENOSPC || reason == EDQUOT) {
    Error full = make_error(ErrorCode::resource_exhausted, std::move(message) + "; make room");
    full.transient_override = true;
    return full;
  }
  if (reason == EACCES || reason == EPERM)
    return make_error(ErrorCode::permission_denied, std::move(message));
  return unavailable(std::move(message));
}

Status make_folder(const fs::path& path) {
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return failed("cannot create", path);
  return {};
}

Status flush_artifact(const fs::path& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
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

/// A file of its own in tmp/, removed unless it was published. It is locked as long as its writer
/// lives, so that others can tell it from what a killed writer has left.
struct Staged {
  fs::path path;
  Descriptor file;

  explicit Staged(const fs::path& root) : path(), file(make((root / "tmp").string(), path)) {}
  ~Staged() {
    if (!path.empty()) ::unlink(path.c_str());
  }
  Staged(const Staged&) = delete;
  Staged& operator=(const Staged&) = delete;

 private:
  static int make(const std::string& folder, fs::path& path) {
    while (true) {
      std::string name = folder + "/put-XXXXXX";
      const int fd = ::mkostemp(name.data(), O_CLOEXEC);
      if (fd < 0) return fd;
      struct stat info {};
      if (::flock(fd, LOCK_EX) == 0 && ::fstat(fd, &info) == 0 && info.st_nlink == 0) {
        ::close(fd);  // it was taken for a leaving before it was locked
        continue;
      }
      path = name;
      return fd;
    }
  }
};

/// The digest of what was copied.
Result<std::string> copy_into(int to, const fs::path& from, const fs::path& target) {
  const Descriptor source(::open(from.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!source.ok()) return failed("cannot open", from);
  std::vector<char> block(std::size_t{1} << 20);
  Sha256 sha;
  while (true) {
    const ssize_t n = ::read(source.get(), block.data(), block.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return failed("cannot read", from);
    if (n == 0) return sha.hex();
    const std::string_view bytes{block.data(), static_cast<std::size_t>(n)};
    sha.update(bytes);
    MR_CHECK(write_all(to, bytes, target));
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
  fs::path absolute = fs::absolute(root, problem);
  if (problem) return unavailable("cannot resolve '" + root.string() + "'");
  if (absolute.has_parent_path()) MR_CHECK(make_durable_folders(absolute.parent_path()));
  MR_CHECK(make_folder(absolute));
  MR_CHECK(flush_folder(absolute.parent_path()));
  fs::path resolved = fs::canonical(absolute, problem);
  if (problem)
    return unavailable("cannot follow the link '" + absolute.string() + "': " + problem.message() +
                       "; make the folder that it names, or mount it");
  MR_CHECK(make_folder(resolved / "tmp"));
  if (!fs::is_directory(resolved / "tmp", problem))
    return unavailable("'" + absolute.string() + "' is no folder");
  return ArtifactStore(std::move(resolved));
}

fs::path ArtifactStore::path_of(std::string_view digest) const {
  return root_ / digest.substr(0, 2) / digest.substr(2);
}

Status ArtifactStore::make_prefix(std::string_view digest) {
  const fs::path folder = path_of(digest).parent_path();
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return failed("cannot create", folder);
  // Also one that was here already: the process that made it may not have flushed it yet.
  auto& durable = (*durable_)[std::stoul(std::string(digest.substr(0, 2)), nullptr, 16)];
  if (durable) return {};
  MR_CHECK(flush_folder(root_));
  durable = true;
  return {};
}

Result<StoredArtifact> ArtifactStore::publish(const fs::path& staged, const std::string& digest) {
  const fs::path target = path_of(digest);
  MR_CHECK(make_prefix(digest));
  {
    MR_TRY(const int fd, lock(root_, LOCK_SH));
    const Descriptor held(fd);
    // Over an equal one: that heals a damaged file, and its age counts from now.
    if (::rename(staged.c_str(), target.c_str()) != 0) return failed("cannot name", target);
  }
  MR_CHECK(flush_folder(target.parent_path()));
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
  if (info.st_dev == own.st_dev) return put_staged(file);

  Staged staged(root_);
  if (!staged.file.ok()) return failed("cannot create a file in", root_ / "tmp");
  MR_CHECK(copy_into(staged.file.get(), file, staged.path));
  MR_TRY(StoredArtifact stored, put_staged(staged.path));
  staged.path.clear();
  ::unlink(file.c_str());
  return stored;
}

/// REQUIRES: the file is on the file system of the root.
Result<StoredArtifact> ArtifactStore::put_staged(const fs::path& file) {
  if (::chmod(file.c_str(), 0400) != 0) return failed("cannot protect", file);
  // Age counts from the put, not from when the file was written.
  ::utimensat(AT_FDCWD, file.c_str(), nullptr, AT_SYMLINK_NOFOLLOW);
  MR_CHECK(flush_artifact(file));
  MR_TRY(const std::string digest, sha256_file(file));
  return publish(file, digest);
}

Result<StoredArtifact> ArtifactStore::put_text(std::string_view text) {
  Staged staged(root_);
  if (!staged.file.ok()) return failed("cannot create a file in", root_ / "tmp");
  MR_CHECK(write_all(staged.file.get(), text, staged.path));
  if (::fchmod(staged.file.get(), 0400) != 0) return failed("cannot protect", staged.path);
  if (::fsync(staged.file.get()) != 0) return failed("cannot flush", staged.path);
  MR_TRY(StoredArtifact stored, publish(staged.path, sha256_hex(text)));
  staged.path.clear();
  return stored;
}

Result<bool> ArtifactStore::copy_from(const StoredArtifact& artifact) {
  if (const Status here = verify(artifact.digest); here)
    return false;
  else if (here.error().code != ErrorCode::not_found &&
           here.error().code != ErrorCode::data_damaged)
    return here.error();
  Staged staged(root_);
  if (!staged.file.ok()) return failed("cannot create a file in", root_ / "tmp");
  MR_TRY(const std::string read, copy_into(staged.file.get(), artifact.path, staged.path));
  if (read != artifact.digest) return damaged(artifact, read);
  if (::fchmod(staged.file.get(), 0400) != 0) return failed("cannot protect", staged.path);
  if (::fsync(staged.file.get()) != 0) return failed("cannot flush", staged.path);
  // From the disk, not from the cache.
  ::posix_fadvise(staged.file.get(), 0, 0, POSIX_FADV_DONTNEED);
  MR_TRY(const std::string written, sha256_file(staged.path));
  if (written != artifact.digest)
    return damaged({artifact.digest, staged.path, artifact.bytes}, written);
  MR_CHECK(publish(staged.path, artifact.digest));
  staged.path.clear();
  return true;
}

Result<std::int64_t> ArtifactStore::remove_leavings() {
  std::int64_t removed = 0;
  std::error_code problem;
  for (const auto& file : fs::directory_iterator(root_ / "tmp", problem)) {
    if (!file.path().filename().string().starts_with("put-")) continue;
    const Descriptor opened(::open(file.path().c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!opened.ok() || ::flock(opened.get(), LOCK_EX | LOCK_NB) != 0) continue;
    removed += ::unlink(file.path().c_str()) == 0;
  }
  if (problem) return unavailable("cannot list '" + (root_ / "tmp").string() + "'");
  return removed;
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
  return damaged(stored, actual);
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
