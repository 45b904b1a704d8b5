#include "operators/control/private_copy.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <string>
#include <string_view>
#include <system_error>

#include "engine/base/unique_fd.h"

namespace millrace::operators {
namespace {

constexpr std::size_t kStepBytes = 64u << 20;  // between two looks whether to stop

Error cannot(std::string_view what, const std::filesystem::path& path, int number) {
  const std::string message = "cannot " + std::string(what) + " '" + path.string() +
                              "': " + std::error_code(number, std::generic_category()).message();
  switch (number) {
    case ENOENT:
    case ENOTDIR:
      return not_found(message);
    case EACCES:
    case EPERM:
      return make_error(ErrorCode::permission_denied, message);
    default:
      return unavailable(message);
  }
}

Error not_regular(const std::filesystem::path& path) {
  return data_invalid("'" + path.string() + "' is not a regular file");
}

/// The next bytes, by the kernel alone; 0 at the end.
ssize_t copy_step(int from, int to) {
  const ssize_t size = ::copy_file_range(from, nullptr, to, nullptr, kStepBytes, 0);
  if (size >= 0 || errno == EINTR || errno == EIO || errno == ENOSPC) return size;
  return ::sendfile(to, from, nullptr, kStepBytes);  // between two file systems
}

}  // namespace

Status copy_privately(const std::filesystem::path& from, const std::filesystem::path& to,
                      OperatorContext& ctx) {
  const UniqueFd source(::open(from.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!source)
    return errno == ELOOP || errno == ENXIO ? not_regular(from) : cannot("read", from, errno);
  struct stat info {};
  if (::fstat(source.get(), &info) != 0) return cannot("read", from, errno);
  if (!S_ISREG(info.st_mode)) return not_regular(from);
  const UniqueFd target(::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR));
  if (!target) return cannot("make", to, errno);
  if (::ioctl(target.get(), FICLONE, source.get()) == 0) return {};
  while (!ctx.cancelled()) {
    const ssize_t size = copy_step(source.get(), target.get());
    if (size == 0) return {};
    if (size < 0 && errno != EINTR) return cannot("copy to", to, errno);
  }
  return make_error(ErrorCode::cancelled, "cancelled");
}

}  // namespace millrace::operators
