#include "operators/control/subprocess.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>

#include "engine/base/process.h"
#include "engine/base/unique_fd.h"
#include "engine/core/outcome.h"

namespace millrace::operators {
namespace {

std::string_view name_of(std::string_view entry) { return entry.substr(0, entry.find('=')); }

constexpr int kPauseMs = 20;
constexpr int kPauseAfterSaveMs = 5000;  // each save is a record in the journal

/// Reports the files of one folder. All watches of a thread use one instance of inotify: the kernel
/// takes milliseconds to close one.
class FolderWatch {
 public:
  explicit FolderWatch(const Subprocess& program) {
    if (!program.on_change) return;
    thread_local const UniqueFd instance(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
    if (!instance) return;
    fd_ = instance.get();
    watch_ =
        inotify_add_watch(fd_, program.watched.c_str(), IN_CLOSE_WRITE | IN_MOVED_TO | IN_ONLYDIR);
  }
  ~FolderWatch() {
    if (!is_set()) return;
    inotify_rm_watch(fd_, watch_);
    drain();
  }
  FolderWatch(const FolderWatch&) = delete;
  FolderWatch& operator=(const FolderWatch&) = delete;

  bool is_set() const { return watch_ >= 0; }
  int fd() const { return fd_; }
  void drain() {
    std::array<char, 4096> buffer;
    while (read(fd_, buffer.data(), buffer.size()) > 0) {
    }
  }

 private:
  int fd_ = -1, watch_ = -1;
};

/// Returns when the process has ended, or cannot be watched.
void report_changes(pid_t pid, FolderWatch& changes, const std::function<bool()>& on_change) {
  if (!changes.is_set()) return;
  const UniqueFd process = watch_process(pid);
  if (!process) return;
  std::array<pollfd, 2> both{{{process.get(), POLLIN, 0}, {changes.fd(), POLLIN, 0}}};
  while (true) {
    if (const int ready = poll(both.data(), both.size(), -1); ready < 0) {
      if (errno == EINTR) continue;
      return;
    }
    if (both[0].revents != 0) return;
    changes.drain();
    const int pause = on_change() ? kPauseAfterSaveMs : kPauseMs;
    if (poll(both.data(), 1, pause) > 0) return;
  }
}

/// The child remains a zombie, so that its number is not used again, until no signal can follow.
int wait_for_end(pid_t pid, const Subprocess& program, FolderWatch& changes, OperatorContext& ctx) {
  ctx.on_cancel([pid] { kill(-pid, SIGTERM); });
  report_changes(pid, changes, program.on_change);
  siginfo_t ended;
  while (waitid(P_PID, static_cast<id_t>(pid), &ended, WEXITED | WNOWAIT) < 0 && errno == EINTR) {
  }
  ctx.on_cancel(nullptr);
  return reap(pid);
}

}  // namespace

std::vector<const char*> environment_with(const std::vector<std::string>& entries) {
  std::vector<std::string_view> names;
  names.reserve(entries.size());
  std::vector<const char*> out;
  for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) {
    if (std::ranges::find(names, name_of(*entry)) != names.end()) continue;
    names.push_back(name_of(*entry));
    if (name_of(*entry).size() < entry->size()) out.push_back(entry->c_str());
  }
  std::ranges::sort(names);
  for (const char* entry : own_environment())
    if (!std::ranges::binary_search(names, name_of(entry))) out.push_back(entry);
  return out;
}

ExitStatus exit_status_of(int status) {
  if (WIFSIGNALED(status)) return {0, WTERMSIG(status)};
  return {WEXITSTATUS(status), 0};
}

Error error_of_end(const std::string& what, ExitStatus status) {
  std::string how;
  if (status.signal != 0) {
    const char* text = sigdescr_np(status.signal);
    how = "' was ended by signal " + std::to_string(status.signal) +
          (text != nullptr ? " (" + std::string(text) + ")" : "");
  } else {
    how = "' ended with exit code " + std::to_string(status.code);
  }
  Error error = make_error(ErrorCode::program_failed, what + how + std::string(kOutputIsInTheLog));
  if (status.signal != 0)
    error.signal = status.signal;
  else
    error.exit_code = status.code;
  return error;
}

Result<ExitStatus> run_subprocess(const Subprocess& program, OperatorContext& ctx) {
  ProcessSpec spec;
  spec.argv = program.argv;
  spec.environment = environment_with(program.env);
  spec.folder = program.folder;
  if (program.input >= 0) spec.descriptors = {{STDIN_FILENO, program.input}};
  // What a runner and the libraries in it ignore; a program of the user's should not. A runner
  // finds all other signals at their default.
  spec.default_signals = {SIGINT, SIGPIPE};
  spec.signal_on_parent_death = SIGKILL;
  FolderWatch changes(program);  // before the program can change anything
  MR_TRY(const pid_t pid, start_process(spec));
  return exit_status_of(wait_for_end(pid, program, changes, ctx));
}

}  // namespace millrace::operators
