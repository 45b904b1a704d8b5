#include "engine/cluster/state_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "engine/base/file.h"
#include "engine/base/log.h"

namespace millrace {
namespace {

constexpr std::array<std::string_view, 4> kPurposes = {"engine", "model server", "reader",
                                                       "restore"};
constexpr std::chrono::milliseconds kPause{20};
/// A reader starts PostgreSQL, reads and stops it: seconds, on a busy machine many.
constexpr std::chrono::seconds kReaderPatience{60};
constexpr std::chrono::seconds kWaitingShown{2};
/// `is_held` and a holder that has not written its name yet.
constexpr std::chrono::milliseconds kShortPatience{300};

std::string_view name_of(StateLock::Purpose purpose) {
  return kPurposes[static_cast<std::size_t>(purpose)];
}

struct Holder {
  std::string pid, purpose;
  bool operator==(const Holder&) const = default;
};

Holder holder_of(int fd) {
  char text[64] = {};
  const ssize_t n = ::pread(fd, text, sizeof text - 1, 0);
  std::istringstream lines(std::string(text, n > 0 ? static_cast<std::size_t>(n) : 0));
  Holder holder;
  std::getline(lines, holder.pid);
  std::getline(lines, holder.purpose);
  return holder;
}

Error in_use(const std::filesystem::path& folder, const Holder& holder) {
  const std::string process = holder.pid.empty() ? "another process" : "process " + holder.pid;
  const std::string what = holder.purpose.empty() ? "engine" : holder.purpose;
  return conflict("the state folder '" + folder.string() + "' is in use by " + process +
                  (holder.purpose.empty() ? "" : " (" + holder.purpose + ")") + "; stop that " +
                  what + ", or name another folder");
}

}  // namespace

Result<StateLock> StateLock::acquire(const std::filesystem::path& state_folder, Purpose purpose) {
  (void)make_durable_folders(state_folder);  // where that fails, so does what follows
  const std::string path = (state_folder / "lock").string();
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0)
    return unavailable("cannot open '" + path + "': " + std::strerror(errno) +
                       "; the state folder must be a folder that this user may write to");
  StateLock lock(fd);
  Holder holder;
  auto since = std::chrono::steady_clock::now();  // of this holder
  bool shown = false;
  while (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK)
      return unavailable("cannot lock '" + path + "': " + std::strerror(errno));
    const auto now = std::chrono::steady_clock::now();
    if (Holder present = holder_of(fd); present != holder) {
      holder = std::move(present);
      since = now;
      shown = false;
    }
    const std::chrono::milliseconds patience =
        holder.purpose == name_of(Purpose::reader) ? kReaderPatience : kShortPatience;
    if (now - since > patience) return in_use(state_folder, holder);
    if (now - since > kWaitingShown && !shown) {
      log::info("waiting for another process that reads the state folder", {{"pid", holder.pid}});
      shown = true;
    }
    std::this_thread::sleep_for(kPause);
  }
  const std::string text = std::to_string(::getpid()) + "\n" + std::string(name_of(purpose)) + "\n";
  if (::pwrite(fd, text.data(), text.size(), 0) < 0 ||
      ::ftruncate(fd, static_cast<off_t>(text.size())) != 0)
    return unavailable("cannot write '" + path + "': " + std::strerror(errno));
  return lock;
}

bool StateLock::is_held(const std::filesystem::path& state_folder) {
  const int fd = ::open((state_folder / "lock").c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const StateLock look(fd);  // closing lets go
  return ::flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

StateLock::StateLock(StateLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

StateLock& StateLock::operator=(StateLock&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

StateLock::~StateLock() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace millrace
