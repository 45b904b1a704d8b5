#include "operators/control/subprocess.h"

#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace millrace::operators {
namespace {

/// What a runner and the libraries in it ignore; a program of the user's should not. A runner finds
/// all other signals at their default, and a handler ends with its image.
constexpr int kIgnoredByUs[] = {SIGINT, SIGPIPE};

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> out;
  out.reserve(texts.size() + 1);
  for (const auto& text : texts) out.push_back(const_cast<char*>(text.c_str()));
  out.push_back(nullptr);
  return out;
}

std::string_view name_of(std::string_view entry) { return entry.substr(0, entry.find('=')); }

/// The program's own entries (of two with one name the later), and ours where no name of its own
/// meets them. Nothing is copied: it holds as long as `program` and our environment do.
std::vector<char*> environment_of(const Subprocess& program) {
  std::vector<std::string_view> names;
  names.reserve(program.env.size());
  std::vector<char*> out;
  for (auto entry = program.env.rbegin(); entry != program.env.rend(); ++entry) {
    if (std::ranges::find(names, name_of(*entry)) != names.end()) continue;
    names.push_back(name_of(*entry));
    if (name_of(*entry).size() < entry->size()) out.push_back(const_cast<char*>(entry->c_str()));
  }
  std::ranges::sort(names);
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry)
    if (!std::ranges::binary_search(names, name_of(*entry))) out.push_back(*entry);
  out.push_back(nullptr);
  return out;
}

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
  const char* folder;  // nullptr: where we are
  int error = 0;       // why it could not
};

/// In a child that has our memory, while we wait: only system calls.
MR_NOT_INSTRUMENTED int become(void* argument) {
  auto& image = *static_cast<Image*>(argument);
  struct sigaction standard {};
  standard.sa_handler = SIG_DFL;
  for (const int number : kIgnoredByUs) sigaction(number, &standard, nullptr);
  setpgid(0, 0);  // a signal for the program reaches what it has started
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (image.folder == nullptr || chdir(image.folder) == 0) {
    // Of our descriptors, which it shares so far, it takes three along; the others are not copied.
    if (close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_UNSHARE) != 0) {
      unshare(CLONE_FILES);  // before Linux 5.9
      closefrom(STDERR_FILENO + 1);
    }
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
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

/// Returns when the program has begun: 0, or the number of the error if it could not. What
/// posix_spawn does, without what it does for others: it sets all 64 signals and maps a stack each
/// time, which is a twentieth of what a small program costs.
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

Error spawn_error(const Subprocess& program, int number) {
  const std::string text = "cannot run '" + program.argv.front() + "'" +
                           (program.folder.empty() ? "" : " in '" + program.folder + "'") + ": " +
                           std::strerror(number);
  switch (number) {
    case ENOENT:
    case ENOTDIR:
      return not_found(text);
    case EAGAIN:
    case ENOMEM:
      return unavailable(text);
    case EACCES:
      return make_error(ErrorCode::permission_denied, text);
    default:
      return invalid_argument(text);
  }
}

/// The child remains a zombie, whose number nobody else can have, until nobody would signal it.
int wait_for_end(pid_t pid, OperatorContext& ctx) {
  ctx.on_cancel([pid] { kill(-pid, SIGTERM); });
  siginfo_t ended;
  while (waitid(P_PID, static_cast<id_t>(pid), &ended, WEXITED | WNOWAIT) < 0 && errno == EINTR) {
  }
  ctx.on_cancel(nullptr);
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

}  // namespace

Result<ExitStatus> run_subprocess(const Subprocess& program, OperatorContext& ctx) {
  if (program.argv.empty() || program.argv.front().empty())
    return invalid_argument("there is no program to run");
  const auto environment = environment_of(program);
  const auto arguments = pointers(program.argv);
  Image image{arguments.data(), environment.data(),
              program.folder.empty() ? nullptr : program.folder.c_str()};
  pid_t pid = 0;
  if (const int error = start(image, arguments.size(), pid); error != 0)
    return spawn_error(program, error);
  const int status = wait_for_end(pid, ctx);
  if (WIFSIGNALED(status)) return ExitStatus{0, WTERMSIG(status)};
  return ExitStatus{WEXITSTATUS(status), 0};
}

}  // namespace millrace::operators
