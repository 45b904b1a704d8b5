#include "engine/exec/process.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string_view>
#include <utility>

namespace millrace::exec {
namespace {

/// Frees what posix_spawn's two description objects hold.
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

Error system_failure(std::string_view what, int number) {
  return unavailable(std::string(what) + ": " + std::strerror(number));
}

bool is_hidden(std::string_view entry, const std::vector<std::string>& hidden) {
  return std::ranges::any_of(hidden, [&](const std::string& name) {
    return entry.size() > name.size() && entry.starts_with(name) && entry[name.size()] == '=';
  });
}

std::vector<char*> visible_environment(const std::vector<std::string>& hidden) {
  std::vector<char*> out;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry)
    if (!is_hidden(*entry, hidden)) out.push_back(*entry);
  out.push_back(nullptr);
  return out;
}

// No source is overwritten by a target, because spawn_runner moves the sources above the targets.
int describe(SpawnDescription& spawn, int socket, int output, int second_output) {
  sigset_t all, none;
  sigfillset(&all);
  sigemptyset(&none);
  const short flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK;
  auto* actions = &spawn.actions;
  for (const int result :
       {posix_spawnattr_setflags(&spawn.attributes, flags),
        posix_spawnattr_setpgroup(&spawn.attributes, 0),
        posix_spawnattr_setsigdefault(&spawn.attributes, &all),
        posix_spawnattr_setsigmask(&spawn.attributes, &none),
        posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0),
        posix_spawn_file_actions_adddup2(actions, output, STDOUT_FILENO),
        posix_spawn_file_actions_adddup2(actions, output, STDERR_FILENO),
        posix_spawn_file_actions_adddup2(actions, socket, kRunnerSocketFd),
        posix_spawn_file_actions_adddup2(actions, output, kRunnerOutputFds[0]),
        posix_spawn_file_actions_adddup2(actions, second_output, kRunnerOutputFds[1]),
        posix_spawn_file_actions_addclosefrom_np(actions, kRunnerOutputFds[1] + 1)})
    if (result != 0) return result;
  return 0;
}

UniqueFd above_targets(UniqueFd fd) {
  if (fd.get() > kRunnerOutputFds[1]) return fd;
  return UniqueFd(fcntl(fd.get(), F_DUPFD_CLOEXEC, kRunnerOutputFds[1] + 1));
}

void set_nonblocking(int fd) { fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK); }

/// Parent of a process, from /proc/<pid>/stat; -1 if it is gone. The name in brackets may hold
/// anything, so the fields are counted from the last bracket.
pid_t parent_of(std::string_view pid) {
  const std::string path = "/proc/" + std::string(pid) + "/stat";
  const UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::array<char, 512> text{};
  const ssize_t size = file ? read(file.get(), text.data(), text.size() - 1) : -1;
  const std::string_view line(text.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  const std::size_t bracket = line.rfind(") ");
  int parent = -1;
  if (bracket != std::string_view::npos && bracket + 4 < line.size())
    std::from_chars(line.data() + bracket + 4, line.data() + line.size(), parent);
  return parent;
}

std::multimap<pid_t, pid_t> children_by_parent() {
  std::multimap<pid_t, pid_t> out;
  DIR* folder = opendir("/proc");
  if (folder == nullptr) return out;
  while (const dirent* entry = readdir(folder)) {
    const std::string_view name(entry->d_name);
    int pid = 0;
    if (std::from_chars(name.data(), name.data() + name.size(), pid).ec != std::errc{}) continue;
    if (const pid_t parent = parent_of(name); parent > 0) out.emplace(parent, pid);
  }
  closedir(folder);
  return out;
}

std::vector<pid_t> descendants_of(pid_t root) {
  const auto children = children_by_parent();
  std::vector<pid_t> out{root};
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto [begin, end] = children.equal_range(out[i]);
    for (auto child = begin; child != end; ++child) out.push_back(child->second);
  }
  out.erase(out.begin());
  return out;
}

}  // namespace

Result<SpawnedRunner> spawn_runner(const std::vector<std::string>& argv,
                                   const std::vector<std::string>& hidden_env, int nice) {
  if (argv.empty()) return invalid_argument("the runner's command line is empty");
  int sockets[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0)
    return system_failure("cannot make a socket for a runner", errno);
  SpawnedRunner runner;
  runner.socket = UniqueFd(sockets[0]);
  const UniqueFd their_socket = above_targets(UniqueFd(sockets[1]));
  set_nonblocking(runner.socket.get());
  std::array<UniqueFd, kRunnerOutputFds.size()> their_outputs;
  for (std::size_t i = 0; i < their_outputs.size(); ++i) {
    int pipes[2];
    if (pipe2(pipes, O_CLOEXEC) != 0)
      return system_failure("cannot make a pipe for a runner", errno);
    runner.outputs[i] = UniqueFd(pipes[0]);
    their_outputs[i] = above_targets(UniqueFd(pipes[1]));
    set_nonblocking(runner.outputs[i].get());
  }

  SpawnDescription spawn;
  if (const int error =
          describe(spawn, their_socket.get(), their_outputs[0].get(), their_outputs[1].get());
      error != 0)
    return system_failure("cannot describe a runner", error);
  std::vector<char*> arguments;
  for (const auto& argument : argv) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  auto environment = visible_environment(hidden_env);
  if (const int error = posix_spawnp(&runner.pid, arguments[0], &spawn.actions, &spawn.attributes,
                                     arguments.data(), environment.data());
      error != 0)
    return system_failure("cannot start the runner '" + argv[0] + "'", error);
  // The kernel takes 19 for more. A runner that is not nice is no reason to have none.
  setpriority(PRIO_PROCESS, static_cast<id_t>(runner.pid), getpriority(PRIO_PROCESS, 0) + nice);
  runner.process = watch_process(runner.pid);
  if (!runner.process) {
    const int error = errno;
    kill_tree(runner.pid);
    waitpid(runner.pid, nullptr, 0);
    return system_failure("cannot watch a runner", error);
  }
  return runner;
}

// By its number: the header of glibc 2.36 cannot be used from C++.
UniqueFd watch_process(pid_t pid) {
  return UniqueFd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
}

void kill_tree(pid_t leader) {
  // Children first found, then killed: once the leader is dead they belong to somebody else.
  const auto family = descendants_of(leader);
  kill(-leader, SIGKILL);
  kill(leader, SIGKILL);
  for (const pid_t pid : family) kill(pid, SIGKILL);
}

void kill_descendants(pid_t root) {
  for (const pid_t pid : descendants_of(root)) kill(pid, SIGKILL);
}

std::string describe_exit(int status) {
  if (!WIFSIGNALED(status)) return "exit code " + std::to_string(WEXITSTATUS(status));
  const int number = WTERMSIG(status);
  const char* text = sigdescr_np(number);
  return "signal " + std::to_string(number) + " (" + (text != nullptr ? text : "unknown") + ")";
}

MemoryUse memory_use(int statm) {
  std::array<char, 128> text{};
  if (statm < 0 || pread(statm, text.data(), text.size() - 1, 0) <= 0) return {};
  long size = 0, resident = 0, shared = 0, code = 0, unused = 0, data = 0;
  if (std::sscanf(text.data(), "%ld %ld %ld %ld %ld %ld", &size, &resident, &shared, &code, &unused,
                  &data) != 6)
    return {};
  const std::int64_t page = sysconf(_SC_PAGESIZE);
  return {resident * page, data * page};
}

}  // namespace millrace::exec
