// Stands before the C library in processes that live on a Machine (machine.h).
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <ctime>

#include "tests/chaos/machine.h"

namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

millrace::chaos::MachineState* g_state = nullptr;
dev_t g_disk = 0;

__attribute__((constructor)) void find_machine() {
  const char* file = std::getenv("MILLRACE_MACHINE");
  const int fd = file == nullptr ? -1 : open(file, O_RDWR | O_CLOEXEC);
  if (fd < 0) return;
  struct stat about {};
  void* mapped = mmap(nullptr, sizeof *g_state, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (fstat(fd, &about) == 0 && mapped != MAP_FAILED) {
    g_disk = about.st_dev;
    g_state = static_cast<millrace::chaos::MachineState*>(mapped);
  }
  close(fd);
}

template <typename Function>
Function the_true(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

std::int64_t clock_ahead() {
  return g_state == nullptr ? 0 : g_state->clock_ahead_ns.load(std::memory_order_relaxed);
}

/// True if writing up to `end` makes a file of the full disk longer. Errno is set then.
bool finds_no_room(int fd, off_t end) {
  if (g_state == nullptr || !g_state->disk_is_full.load(std::memory_order_relaxed)) return false;
  struct stat about {};
  if (fstat(fd, &about) != 0 || !S_ISREG(about.st_mode)) return false;
  if (about.st_dev != g_disk || end <= about.st_size) return false;
  ++g_state->writes_refused;
  errno = ENOSPC;
  return true;
}

off_t length_of(const iovec* parts, int count) {
  off_t length = 0;
  for (int i = 0; i < count; ++i) length += static_cast<off_t>(parts[i].iov_len);
  return length;
}

}  // namespace

extern "C" {

// --- the time of day

int clock_gettime(clockid_t clock, timespec* out) noexcept {
  static const auto next = the_true<int (*)(clockid_t, timespec*)>("clock_gettime");
  const int result = next(clock, out);
  if (result != 0 || (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE)) return result;
  const std::int64_t all = out->tv_sec * kSecond + out->tv_nsec + clock_ahead();
  out->tv_sec = all / kSecond;
  out->tv_nsec = all % kSecond;
  return 0;
}

int gettimeofday(timeval* out, void*) noexcept {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  out->tv_sec = now.tv_sec;
  out->tv_usec = now.tv_nsec / 1000;
  return 0;
}

time_t time(time_t* out) noexcept {
  timespec now{};
  clock_gettime(CLOCK_REALTIME_COARSE, &now);
  if (out != nullptr) *out = now.tv_sec;
  return now.tv_sec;
}

// --- the disk. What PostgreSQL writes data and write-ahead log with; its own messages go on.

ssize_t pwrite64(int fd, const void* from, size_t size, off64_t at) {
  static const auto next = the_true<ssize_t (*)(int, const void*, size_t, off64_t)>("pwrite64");
  return finds_no_room(fd, at + static_cast<off_t>(size)) ? -1 : next(fd, from, size, at);
}
ssize_t pwrite(int fd, const void* from, size_t size, off_t at) {
  return pwrite64(fd, from, size, at);
}

ssize_t pwritev64(int fd, const iovec* parts, int count, off64_t at) {
  static const auto next = the_true<ssize_t (*)(int, const iovec*, int, off64_t)>("pwritev64");
  return finds_no_room(fd, at + length_of(parts, count)) ? -1 : next(fd, parts, count, at);
}
ssize_t pwritev(int fd, const iovec* parts, int count, off_t at) {
  return pwritev64(fd, parts, count, at);
}

int posix_fallocate64(int fd, off64_t at, off64_t size) {
  static const auto next = the_true<int (*)(int, off64_t, off64_t)>("posix_fallocate64");
  return finds_no_room(fd, at + size) ? ENOSPC : next(fd, at, size);
}
int posix_fallocate(int fd, off_t at, off_t size) { return posix_fallocate64(fd, at, size); }

int ftruncate64(int fd, off64_t size) noexcept {
  static const auto next = the_true<int (*)(int, off64_t)>("ftruncate64");
  return finds_no_room(fd, size) ? -1 : next(fd, size);
}
int ftruncate(int fd, off_t size) noexcept { return ftruncate64(fd, size); }

}  // extern "C"
