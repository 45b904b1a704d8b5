// fsync and fdatasync that note what they have made durable (lossy_disk.h). Linked into a test, or
// preloaded into a program.
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>

namespace millrace {

/// Of a file or folder for as long as it lives: an inode number is used again.
std::string key_of(int folder, const char* name, bool& is_folder) {
  struct statx info {};
  const int flags = AT_SYMLINK_NOFOLLOW | (*name == '\0' ? AT_EMPTY_PATH : 0);
  if (::statx(folder, name, flags, STATX_TYPE | STATX_INO | STATX_BTIME, &info) != 0) return "";
  is_folder = S_ISDIR(info.stx_mode);
  if (!is_folder && !S_ISREG(info.stx_mode)) return "";
  return std::to_string(info.stx_ino) + "-" + std::to_string(info.stx_btime.tv_sec) + "-" +
         std::to_string(info.stx_btime.tv_nsec);
}

}  // namespace millrace

namespace {

void put(int to, const char* bytes, std::size_t size) {
  while (size > 0) {
    const ssize_t n = ::write(to, bytes, size);
    if (n <= 0) return;
    bytes += n;
    size -= static_cast<std::size_t>(n);
  }
}

void note_file(int fd, int to) {
  static thread_local char block[1 << 16];
  off_t at = 0;
  for (ssize_t n = 0; (n = ::pread(fd, block, sizeof block, at)) > 0; at += n)
    put(to, block, static_cast<std::size_t>(n));
}

/// A line for each name: what it is, its key, the name.
void note_folder(int fd, int to) {
  const int again = ::openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* folder = again < 0 ? nullptr : ::fdopendir(again);
  if (folder == nullptr) return;
  while (const dirent* entry = ::readdir(folder)) {
    const std::string name = entry->d_name;
    bool is_folder = false;
    const std::string key = millrace::key_of(fd, entry->d_name, is_folder);
    if (name == "." || name == ".." || key.empty()) continue;
    const std::string line = std::string(is_folder ? "d " : "f ") + key + " " + name + "\n";
    put(to, line.data(), line.size());
  }
  ::closedir(folder);
}

void note(int fd) {
  const char* notes = std::getenv("MILLRACE_LOSSY_DISK");
  if (notes == nullptr || *notes == '\0') return;
  char path[4096] = {};
  if (::readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), path, sizeof path - 1) < 0)
    return;
  if (std::strstr(path, "/pg/") != nullptr || std::strstr(path, notes) != nullptr) return;
  bool is_folder = false;
  const std::string key = millrace::key_of(fd, "", is_folder);
  if (key.empty()) return;
  const std::string target = std::string(notes) + "/" + key;
  const std::string part = target + ".part" + std::to_string(::syscall(SYS_gettid));
  int from = fd;
  if (!is_folder) from = ::open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);  // it may be write-only
  const int to = ::open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (from >= 0 && to >= 0) {
    is_folder ? note_folder(from, to) : note_file(from, to);
    ::rename(part.c_str(), target.c_str());
  }
  if (to >= 0) ::close(to);
  if (from >= 0 && from != fd) ::close(from);
}

int flush(long call, int fd) {
  const int result = static_cast<int>(::syscall(call, fd));
  const int reason = errno;
  if (result == 0) note(fd);
  errno = reason;
  return result;
}

}  // namespace

extern "C" {
int fsync(int fd) { return flush(SYS_fsync, fd); }
int fdatasync(int fd) { return flush(SYS_fdatasync, fd); }
}
