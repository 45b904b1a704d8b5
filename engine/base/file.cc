#include "engine/base/file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

namespace millrace {

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
  const auto fail = [&](const char* what) -> Error {
    const Error error =
        unavailable(std::string(what) + " '" + temporary + "': " + std::strerror(errno));
    ::unlink(temporary.c_str());
    return error;
  };
  const int fd = ::open(temporary.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
  if (fd < 0) return fail("cannot create");
  while (!text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      ::close(fd);
      return fail("cannot write");
    }
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  if (::fsync(fd) != 0 || ::close(fd) != 0) return fail("cannot flush");
  if (::rename(temporary.c_str(), path.c_str()) != 0) return fail("cannot rename");
  return {};
}

}  // namespace millrace
