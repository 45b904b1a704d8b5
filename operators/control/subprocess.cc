#include "operators/control/subprocess.h"

#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>

namespace millrace::operators {
namespace {

constexpr int kLookMs = 100;  // how often a running program's task looks for a cancellation

struct SpawnDescription {
  posix_spawn_file_actions_t actions{};
  posix_spawnattr_t attributes{};
  SpawnDescription() {
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
  }
  ~SpawnDescription() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }
  SpawnDescription(const SpawnDescription&) = delete;
  SpawnDescription& operator=(const SpawnDescription&) = delete;
};

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (const auto& text : texts) out.push_back(const_cast<char*>(text.c_str()));
  out.push_back(nullptr);
  return out;
}

bool is_named(std::string_view entry, std::string_view name) {
  return entry.size() > name.size() && entry.starts_with(name) && entry[name.size()] == '=';
}

/// "NAME=value" of the program's own variables; of two with one name the later.
std::vector<std::string> own_entries(const Subprocess& program) {
  std::vector<std::string> out;
  for (auto each = program.env.begin(); each != program.env.end(); ++each)
    if (std::none_of(each + 1, program.env.end(),
                     [&](const auto& later) { return later.first == each->first; }))
      out.push_back(each->first + "=" + each->second);
  return out;
}

/// The program's own entries, and ours where no name of its own meets them. Nothing is copied: it
/// holds as long as `own` and our environment do.
std::vector<char*> environment_of(const Subprocess& program, const std::vector<std::string>& own) {
  std::vector<char*> out = pointers(own);
  out.pop_back();
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry)
    if (std::ranges::none_of(program.env,
                             [&](const auto& each) { return is_named(*entry, each.first); }))
      out.push_back(*entry);
  out.push_back(nullptr);
  return out;
}

int describe(SpawnDescription& spawn, const Subprocess& program) {
  // The runner ignores SIGINT; a program of the user's should not.
  sigset_t all, none;
  sigfillset(&all);
  sigemptyset(&none);
  posix_spawnattr_setsigdefault(&spawn.attributes, &all);
  posix_spawnattr_setsigmask(&spawn.attributes, &none);
  posix_spawnattr_setflags(&spawn.attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  if (!program.folder.empty())
    if (const int error =
            posix_spawn_file_actions_addchdir_np(&spawn.actions, program.folder.c_str());
        error != 0)
      return error;
  return posix_spawn_file_actions_addclosefrom_np(&spawn.actions, STDERR_FILENO + 1);
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

/// Waits for the program's end; asks it to end, once, when the task is cancelled.
void wait_for_end(pid_t pid, const std::function<bool()>& cancelled) {
  // By its number: the header of glibc 2.36 cannot be used from C++.
  const int watch = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  bool asked = false;
  pollfd ended{watch, POLLIN, 0};
  while (watch >= 0 && poll(&ended, 1, kLookMs) <= 0) {
    if (asked || !cancelled()) continue;
    kill(pid, SIGTERM);
    asked = true;
  }
  if (watch >= 0) close(watch);
}

}  // namespace

Result<ExitStatus> run_subprocess(const Subprocess& program,
                                  const std::function<bool()>& cancelled) {
  if (program.argv.empty() || program.argv.front().empty())
    return invalid_argument("there is no program to run");
  SpawnDescription spawn;
  if (const int error = describe(spawn, program); error != 0) return spawn_error(program, error);
  const auto own = own_entries(program);
  const auto environment = environment_of(program, own);
  const auto arguments = pointers(program.argv);
  pid_t pid = 0;
  if (const int error = posix_spawnp(&pid, arguments[0], &spawn.actions, &spawn.attributes,
                                     arguments.data(), environment.data());
      error != 0)
    return spawn_error(program, error);
  wait_for_end(pid, cancelled);
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFSIGNALED(status)) return ExitStatus{0, WTERMSIG(status)};
  return ExitStatus{WEXITSTATUS(status), 0};
}

}  // namespace millrace::operators
