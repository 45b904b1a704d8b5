#include "engine/cluster/child_process.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "engine/base/file.h"

namespace millrace::pg {
namespace {

std::vector<std::string> clean_environment() {
  std::vector<std::string> out;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    if (!text.starts_with("PG") && !text.starts_with("LC_") && !text.starts_with("LANG"))
      out.emplace_back(text);
  }
  out.emplace_back("LC_ALL=C");
  return out;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (auto& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

// From here to exec only calls that are safe between fork and exec in a process with threads.

bool become(const SystemUser& user) {
  return ::setgroups(0, nullptr) == 0 && ::setgid(user.gid) == 0 && ::setuid(user.uid) == 0;
}

void reset_signals() {
  struct sigaction standard {};
  standard.sa_handler = SIG_DFL;
  for (int number = 1; number < NSIG; ++number) ::sigaction(number, &standard, nullptr);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

[[noreturn]] void run_child(const ChildSpec& spec, char* const* command, char* const* environment,
                            int input, int output, pid_t parent) {
  reset_signals();
  ::setsid();
  bool ready = ::dup2(input, 0) == 0 && ::dup2(output, 1) == 1 && ::dup2(output, 2) == 2;
  ::close_range(3, ~0U, 0);
  ready = ready && (!spec.user || become(*spec.user));
  ready = ready && (spec.folder.empty() || ::chdir(spec.folder.c_str()) == 0);
  // After the change of user, which would clear it.
  if (spec.signal_on_parent_death != 0) {
    ::prctl(PR_SET_PDEATHSIG, spec.signal_on_parent_death);
    if (::getppid() != parent) ::_exit(125);  // it died before we asked
  }
  if (ready) ::execve(command[0], command, environment);
  const char* reason = std::strerror(errno);
  [[maybe_unused]] ssize_t n = ::write(2, "cannot start: ", 14);
  n = ::write(2, reason, std::strlen(reason));
  n = ::write(2, "\n", 1);
  ::_exit(126);
}

std::string last_lines(const std::filesystem::path& file) {
  auto text = read_file(file, 64u << 20).value_or("");
  constexpr std::size_t kMost = 2000;
  if (text.size() > kMost) text = text.substr(text.find('\n', text.size() - kMost) + 1);
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

}  // namespace

Result<pid_t> spawn(const ChildSpec& spec) {
  auto command_texts = spec.command;
  auto environment_texts = clean_environment();
  environment_texts.insert(environment_texts.end(), spec.variables.begin(), spec.variables.end());
  const auto command = pointers(command_texts);
  const auto environment = pointers(environment_texts);
  const int input = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  const int output =
      ::open(spec.output.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (output < 0) {
    const int error = errno;
    ::close(input);
    return unavailable("cannot open '" + spec.output.string() + "': " + std::strerror(error));
  }
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid == 0) run_child(spec, command.data(), environment.data(), input, output, parent);
  const int error = errno;
  ::close(input);
  ::close(output);
  if (pid < 0) return unavailable(std::string("cannot fork: ") + std::strerror(error));
  return pid;
}

Status run_to_end(const ChildSpec& spec, const std::string& what) {
  MR_TRY(const pid_t pid, spawn(spec));
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  return unavailable(what + " failed: " + last_lines(spec.output));
}

bool wait_for_exit(pid_t pid, std::chrono::milliseconds timeout) {
  const int fd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  if (fd < 0) return errno == ESRCH;
  pollfd waiting{fd, POLLIN, 0};
  const int ready = ::poll(&waiting, 1, static_cast<int>(timeout.count()));
  ::close(fd);
  return ready == 1;
}

bool can_write(const SystemUser& user, const std::filesystem::path& folder) {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(become(user) && ::access(folder.c_str(), R_OK | W_OK | X_OK) == 0 ? 0 : 1);
  if (pid < 0) return false;
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace millrace::pg
