#include "engine/base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

namespace millrace {
namespace {

Error failed(const char* what, const std::filesystem::path& path) {
  const int reason = errno;
  return unavailable(std::string(what) + " '" + path.string() + "': " + std::strerror(reason));
}

Status write_all(int fd, std::string_view text, const std::filesystem::path& path) {
  while (!text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return failed("cannot write", path);
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

Status flush(const std::filesystem::path& path, int flags) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | flags);
  if (fd < 0) return failed("cannot open", path);
  Status flushed;
  if (::fsync(fd) != 0) flushed = failed("cannot flush", path);
  ::close(fd);
  return flushed;
}

std::filesystem::path folder_of(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

Status write_and_close(int fd, std::string_view text, const std::filesystem::path& path,
                       bool durable) {
  Status written = write_all(fd, text, path);
  if (written && durable && ::fsync(fd) != 0) written = failed("cannot flush", path);
  if (::close(fd) != 0 && written) written = failed("cannot write", path);
  return written;
}

}  // namespace

Result<std::string> read_file(const std::filesystem::path& path, std::size_t max_bytes) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return not_found("cannot read '" + path.string() + "': " + std::strerror(errno));
  std::string text;
  char block[1 << 14];
  while (in.read(block, sizeof block) || in.gcount() > 0) {
    text.append(block, static_cast<std::size_t>(in.gcount()));
    if (text.size() > max_bytes)
      return make_error(ErrorCode::resource_exhausted, "'" + path.string() + "' is larger than " +
                                                           std::to_string(max_bytes) + " bytes");
  }
  if (in.bad()) return unavailable("reading '" + path.string() + "' failed");
  return text;
}

Status write_file_atomic(const std::filesystem::path& path, std::string_view text) {
  const std::string temporary = path.string() + ".tmp" + std::to_string(::getpid());
  const int fd = ::open(temporary.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
  if (fd < 0) return failed("cannot create", temporary);
  Status written = write_and_close(fd, text, temporary, true);
  if (written && ::rename(temporary.c_str(), path.c_str()) != 0)
    written = failed("cannot rename", temporary);
  if (!written) {
    ::unlink(temporary.c_str());
    return written;
  }
  return flush_folder(folder_of(path));
}

Status write_file(const std::filesystem::path& path, std::string_view text) {
  const int fd = ::open(path.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
  if (fd < 0) return failed("cannot create", path);
  return write_and_close(fd, text, path, false);
}

Status flush_folder(const std::filesystem::path& folder) { return flush(folder, O_DIRECTORY); }

Status flush_file(const std::filesystem::path& file) { return flush(file, 0); }

Status make_durable_folders(const std::filesystem::path& folder) {
  std::error_code error;
  const auto absolute = std::filesystem::absolute(folder, error);
  std::filesystem::path made;
  for (const auto& part : absolute) {
    const std::filesystem::path parent = made;
    made /= part;
    if (part.empty() || ::mkdir(made.c_str(), 0777) == 0) {
      if (!part.empty()) MR_CHECK(flush_folder(parent));
      continue;
    }
    if (errno == EEXIST || errno == EROFS || errno == EACCES || errno == EISDIR) {
      if (std::filesystem::is_directory(made, error)) continue;
      errno = ENOTDIR;
    }
    return failed("cannot make the folder", made);
  }
  // It may have been made by a process that died before it could flush the name. A folder above
  // that only others may read is theirs to keep.
  (void)flush_folder(folder_of(made));
  return {};
}

}  // namespace millrace
