// One way to start all processes: what posix_spawn does inside (a child that shares our memory and
// has us wait until it becomes the program), with what posix_spawn cannot do: change the user, ask
// for a signal at the parent's death, and leave alone what needs no change. Starting a small
// program costs a twentieth less than with posix_spawn, which sets all 64 signals and maps a stack
// each time; fork would copy the page tables of a process with gigabytes of memory.
#include "engine/base/process.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <span>

namespace millrace {
namespace {

// Sanitizers take a child for one that has memory and a stack of its own.
#if defined(__clang__)
#define MR_NOT_INSTRUMENTED __attribute__((disable_sanitizer_instrumentation))
#if __has_feature(thread_sanitizer)
extern "C" int __clone(int (*)(void*), void*, int, void*, ...);  // NOLINT: glibc's own
#define clone __clone
#endif
#else
#define MR_NOT_INSTRUMENTED __attribute__((no_sanitize_address))
#endif

/// All that a child needs to become a program; what it points to must outlive it.
struct Image {
  char* const* arguments;
  char* const* environment;
  const char* folder;    // nullptr: where we are
  const GivenFd* files;  // sources are above all targets
  std::size_t file_count;
  int highest_target, highest_source;
  const int* default_signals;
  std::size_t signal_count;
  const ProcessUser* user;
  bool own_session;
  int death_signal;
  pid_t parent;
  int error = 0;  // why it could not
};

/// As the kernel has them: a struct sigaction of zeros is SIG_DFL on every machine.
constexpr std::size_t kSignalSetBytes = (NSIG - 1) / 8;
constexpr std::byte kDefaultAction[64] = {};
constexpr std::byte kNoSignals[kSignalSetBytes] = {};

// From here to `start` the code runs in a child that has our memory, while we wait. Only system
// calls, and by number where the C library or a sanitizer would do more: its setuid, for one,
// changes the user of every thread that it knows, and those are ours.

MR_NOT_INSTRUMENTED bool takes_files(const Image& image) {
  const auto above =
      static_cast<unsigned>(std::max(image.highest_source, image.highest_target) + 1);
  // The table of descriptors, shared so far, becomes the child's own; what lies above those that it
  // needs is not even copied.
  if (syscall(SYS_close_range, above, ~0U, CLOSE_RANGE_UNSHARE) != 0) {
    if (syscall(SYS_unshare, CLONE_FILES) != 0) return false;  // before Linux 5.9
    closefrom(static_cast<int>(above));
  }
  for (std::size_t i = 0; i < image.file_count; ++i) {
    const GivenFd& file = image.files[i];
    if (file.source < 0)
      syscall(SYS_close, file.target);
    else if (syscall(SYS_dup3, file.source, file.target, 0) < 0)
      return false;
  }
  const int first = image.highest_target + 1;
  if (first > image.highest_source || syscall(SYS_close_range, first, image.highest_source, 0) == 0)
    return true;
  for (int fd = first; fd <= image.highest_source; ++fd) syscall(SYS_close, fd);
  return true;
}

MR_NOT_INSTRUMENTED bool becomes_user(const Image& image) {
  if (image.user == nullptr) return true;
  const auto& [uid, gid] = *image.user;
  return syscall(SYS_setgroups, 0, nullptr) == 0 && syscall(SYS_setresgid, gid, gid, gid) == 0 &&
         syscall(SYS_setresuid, uid, uid, uid) == 0;
}

MR_NOT_INSTRUMENTED bool may_begin(const Image& image) {
  for (std::size_t i = 0; i < image.signal_count; ++i)
    syscall(SYS_rt_sigaction, image.default_signals[i], kDefaultAction, nullptr, kSignalSetBytes);
  if (image.own_session)
    syscall(SYS_setsid);
  else
    syscall(SYS_setpgid, 0, 0);  // a signal for the program reaches what it has started
  if (!takes_files(image) || !becomes_user(image)) return false;
  if (image.folder != nullptr && syscall(SYS_chdir, image.folder) != 0) return false;
  // After the change of user, which would clear it.
  if (image.death_signal != 0) {
    syscall(SYS_prctl, PR_SET_PDEATHSIG, image.death_signal, 0, 0, 0);
    if (syscall(SYS_getppid) != image.parent) {  // it died before we asked
      errno = ECHILD;
      return false;
    }
  }
  return true;
}

MR_NOT_INSTRUMENTED int become(void* argument) {
  auto& image = *static_cast<Image*>(argument);
  if (may_begin(image)) {
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, kNoSignals, nullptr, kSignalSetBytes);
    execvpe(image.arguments[0], image.arguments, image.environment);
  }
  image.error = errno;
  return EXIT_FAILURE;
}

/// The upper end of a stack for `become`, kept from one program to the next.
std::byte* stack_for(std::size_t arguments) {
  thread_local std::vector<std::byte> stack;
  // Where a file is no image, execvpe puts the arguments of a shell on the stack.
  const std::size_t needed = (std::size_t{64} << 10) + arguments * sizeof(char*);
  if (stack.size() < needed) stack = std::vector<std::byte>(needed);  // what was in it is void
  auto* const end = stack.data() + stack.size();
  return end - reinterpret_cast<std::uintptr_t>(end) % 16;
}

/// 0, or the number of the error.
int start(Image& image, std::size_t arguments, pid_t& pid) {
  sigset_t all, before;
  sigfillset(&all);
  // No handler of ours may run in the child: it would change our memory.
  pthread_sigmask(SIG_BLOCK, &all, &before);
  pid = clone(become, stack_for(arguments), CLONE_VM | CLONE_FILES | CLONE_VFORK | SIGCHLD, &image);
  const int error = pid < 0 ? errno : image.error;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (pid > 0 && error != 0) waitpid(pid, nullptr, 0);
  return error;
}

Error start_error(const ProcessSpec& spec, int number) {
  std::string text = "cannot " + std::string(spec.purpose) + " '" + spec.argv.front() + "'";
  std::error_code ignored;
  if (!spec.folder.empty() && !std::filesystem::is_directory(spec.folder, ignored))
    return not_found(text + ": there is no folder '" + spec.folder + "'");
  if (!spec.folder.empty()) text += " in '" + spec.folder + "'";
  text += std::string(": ") + std::strerror(number);
  switch (number) {
    case ENOENT:
    case ENOTDIR:
      return not_found(text);
    case EAGAIN:
    case ENOMEM:
    case EMFILE:
    case ENFILE:
      return unavailable(text);
    case EACCES:
    case EPERM:
      return make_error(ErrorCode::permission_denied, text);
    default:
      return invalid_argument(text);
  }
}

/// The descriptors as Image wants them, and the copies that this takes.
struct Files {
  std::vector<GivenFd> given;
  std::vector<UniqueFd> copies;
  int highest_target = STDERR_FILENO, highest_source = -1;

  /// 0, or the number of the error.
  int take(const std::vector<GivenFd>& wanted) {
    for (const GivenFd& file : wanted) highest_target = std::max(highest_target, file.target);
    for (const GivenFd& file : wanted) {
      int source = file.source;
      if (source >= 0 && source <= highest_target) {
        copies.emplace_back(fcntl(source, F_DUPFD_CLOEXEC, highest_target + 1));
        source = copies.back().get();
        if (source < 0) return errno;
      }
      given.push_back({file.target, source});
      highest_source = std::max(highest_source, source);
    }
    for (int gap = STDERR_FILENO + 1; gap < highest_target; ++gap)
      if (std::ranges::find(wanted, gap, &GivenFd::target) == wanted.end())
        given.push_back({gap, -1});
    return 0;
  }
};

constexpr std::array<int, NSIG - 1> kAllSignals = [] {
  std::array<int, NSIG - 1> out{};
  for (int i = 0; i < NSIG - 1; ++i) out[static_cast<std::size_t>(i)] = i + 1;
  return out;
}();

}  // namespace

Result<pid_t> start_process(const ProcessSpec& spec) {
  if (spec.argv.empty() || spec.argv.front().empty())
    return invalid_argument("there is no program to run");
  std::vector<char*> arguments, environment;
  arguments.reserve(spec.argv.size() + 1);
  for (const auto& text : spec.argv) arguments.push_back(const_cast<char*>(text.c_str()));
  arguments.push_back(nullptr);
  environment.reserve(spec.environment.size() + 1);
  for (const char* entry : spec.environment) environment.push_back(const_cast<char*>(entry));
  environment.push_back(nullptr);
  Files files;
  if (const int error = files.take(spec.descriptors); error != 0) return start_error(spec, error);
  const std::span<const int> signals =
      spec.default_signals.empty() ? std::span<const int>(kAllSignals) : spec.default_signals;
  Image image{arguments.data(),
              environment.data(),
              spec.folder.empty() ? nullptr : spec.folder.c_str(),
              files.given.data(),
              files.given.size(),
              files.highest_target,
              files.highest_source,
              signals.data(),
              signals.size(),
              spec.user ? &*spec.user : nullptr,
              spec.group == ProcessSpec::Group::own_session,
              spec.signal_on_parent_death,
              getpid()};
  pid_t pid = 0;
  if (const int error = start(image, arguments.size(), pid); error != 0)
    return start_error(spec, error);
  return pid;
}

std::vector<const char*> own_environment() {
  std::vector<const char*> out;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry)
    out.push_back(*entry);
  return out;
}

int reap(pid_t child) {
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

Result<std::string> output_of(const std::vector<std::string>& argv, std::size_t most_bytes) {
  int pipes[2];
  if (pipe2(pipes, O_CLOEXEC) != 0)
    return unavailable(std::string("cannot make a pipe: ") + std::strerror(errno));
  const UniqueFd reading(pipes[0]);
  UniqueFd writing(pipes[1]);
  const UniqueFd null(open("/dev/null", O_RDWR | O_CLOEXEC));
  ProcessSpec spec;
  spec.argv = argv;
  spec.environment = own_environment();
  spec.descriptors = {
      {STDIN_FILENO, null.get()}, {STDOUT_FILENO, writing.get()}, {STDERR_FILENO, null.get()}};
  spec.signal_on_parent_death = SIGKILL;
  MR_TRY(const pid_t pid, start_process(spec));
  writing.reset();
  std::string out;
  std::array<char, 4096> buffer;
  ssize_t size = 0;
  while (out.size() <= most_bytes &&
         ((size = read(reading.get(), buffer.data(), buffer.size())) > 0 ||
          (size < 0 && errno == EINTR)))
    if (size > 0) out.append(buffer.data(), static_cast<std::size_t>(size));
  const bool too_long = out.size() > most_bytes;
  if (too_long) kill(pid, SIGKILL);
  const int status = reap(pid);
  if (too_long)
    return unavailable("'" + argv.front() + "' writes more than " + std::to_string(most_bytes) +
                       " bytes");
  if (status != 0) return unavailable("'" + argv.front() + "' ended with " + describe_exit(status));
  return out;
}

// By its number: the header of glibc 2.36 cannot be used from C++.
UniqueFd watch_process(pid_t pid) {
  return UniqueFd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
}

bool wait_for_exit(pid_t pid, std::chrono::milliseconds most) {
  const UniqueFd process = watch_process(pid);
  if (!process) return errno == ESRCH;
  pollfd waiting{process.get(), POLLIN, 0};
  return ::poll(&waiting, 1, static_cast<int>(most.count())) == 1;
}

std::string describe_exit(int status) {
  if (!WIFSIGNALED(status)) return "exit code " + std::to_string(WEXITSTATUS(status));
  const int number = WTERMSIG(status);
  const char* text = sigdescr_np(number);
  return "signal " + std::to_string(number) + " (" + (text != nullptr ? text : "unknown") + ")";
}

}  // namespace millrace
