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
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
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

/// Holds as long as `spec` and our environment do.
std::vector<char*> environment_of(const RunnerSpec& spec) {
  std::vector<char*> out;
  const std::string_view mark = std::string_view(spec.mark).substr(0, spec.mark.find('=') + 1);
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry)
    if (!is_hidden(*entry, spec.hidden_env) &&
        (mark.empty() || !std::string_view(*entry).starts_with(mark)))
      out.push_back(*entry);
  if (!mark.empty()) out.push_back(const_cast<char*>(spec.mark.c_str()));
  out.push_back(nullptr);
  return out;
}

// No source is overwritten by a target, because spawn_runner moves the sources above the targets.
int describe(SpawnDescription& spawn, int socket, int output, int second_output, int lease,
             int begins) {
  sigset_t all, none;
  sigfillset(&all);
  sigemptyset(&none);
  const short flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK;
  auto* actions = &spawn.actions;
  const auto add_page = [actions](int page, int target) {
    return page < 0 ? posix_spawn_file_actions_addclose(actions, target)
                    : posix_spawn_file_actions_adddup2(actions, page, target);
  };
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
        add_page(lease, kRunnerLeaseFd), add_page(begins, kRunnerBeginFd),
        posix_spawn_file_actions_addclosefrom_np(actions, kRunnerBeginFd + 1)})
    if (result != 0) return result;
  return 0;
}

UniqueFd above_targets(UniqueFd fd) {
  if (fd.get() > kRunnerBeginFd) return fd;
  return UniqueFd(fcntl(fd.get(), F_DUPFD_CLOEXEC, kRunnerBeginFd + 1));
}

/// Another descriptor of what stays ours; none of -1.
UniqueFd copy_above_targets(int fd) {
  return UniqueFd(fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, kRunnerBeginFd + 1));
}

void set_nonblocking(int fd) { fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK); }

struct ProcessStat {
  pid_t parent = -1;  // -1: it is gone
  char state = 'X';
  bool is_alive() const { return parent >= 0 && state != 'Z' && state != 'X'; }
};

/// From /proc/<pid>/stat. The name in brackets may hold anything, so the fields are counted from
/// the last bracket.
ProcessStat stat_of(pid_t pid) {
  const std::string path = "/proc/" + std::to_string(pid) + "/stat";
  const UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::array<char, 512> text{};
  const ssize_t size = file ? read(file.get(), text.data(), text.size() - 1) : -1;
  const std::string_view line(text.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  const std::size_t bracket = line.rfind(") ");
  ProcessStat out;
  if (bracket == std::string_view::npos || bracket + 4 >= line.size()) return out;
  out.state = line[bracket + 2];
  std::from_chars(line.data() + bracket + 4, line.data() + line.size(), out.parent);
  return out;
}

}  // namespace

std::vector<pid_t> all_processes() {
  std::vector<pid_t> out;
  DIR* folder = opendir("/proc");
  if (folder == nullptr) return out;
  while (const dirent* entry = readdir(folder)) {
    const std::string_view name(entry->d_name);
    pid_t pid = 0;
    if (std::from_chars(name.data(), name.data() + name.size(), pid).ec == std::errc{})
      out.push_back(pid);
  }
  closedir(folder);
  return out;
}

std::vector<pid_t> children_of(pid_t parent) {
  std::vector<pid_t> out;
  for (const pid_t pid : all_processes())
    if (stat_of(pid).parent == parent) out.push_back(pid);
  return out;
}

std::vector<pid_t> listed_children_of(pid_t parent) {
  std::vector<pid_t> out;
  const std::string tasks = "/proc/" + std::to_string(parent) + "/task";
  std::error_code ignored;  // it is gone: there are none
  for (const auto& task : std::filesystem::directory_iterator(tasks, ignored)) {
    std::ifstream list(task.path() / "children");
    if (!list && parent == getpid()) return children_of(parent);
    for (pid_t child = 0; list >> child;) out.push_back(child);
  }
  return out;
}

std::vector<pid_t> listed_descendants_of(pid_t root) {
  std::vector<pid_t> out = listed_children_of(root);
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto more = listed_children_of(out[i]);
    out.insert(out.end(), more.begin(), more.end());
  }
  return out;
}

std::vector<pid_t> descendants_of(pid_t root) {
  std::multimap<pid_t, pid_t> children;
  for (const pid_t pid : all_processes())
    if (const ProcessStat stat = stat_of(pid); stat.is_alive()) children.emplace(stat.parent, pid);
  std::vector<pid_t> out{root};
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto [begin, end] = children.equal_range(out[i]);
    for (auto child = begin; child != end; ++child) out.push_back(child->second);
  }
  out.erase(out.begin());
  return out;
}

bool is_alive(pid_t pid) { return stat_of(pid).is_alive(); }

Result<SpawnedRunner> spawn_runner(const RunnerSpec& spec) {
  const auto& argv = spec.argv;
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

  const UniqueFd their_lease = copy_above_targets(spec.lease),
                 their_begins = copy_above_targets(spec.begins);
  SpawnDescription spawn;
  if (const int error = describe(spawn, their_socket.get(), their_outputs[0].get(),
                                 their_outputs[1].get(), their_lease.get(), their_begins.get());
      error != 0)
    return system_failure("cannot describe a runner", error);
  std::vector<char*> arguments;
  for (const auto& argument : argv) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  auto environment = environment_of(spec);
  if (const int error = posix_spawnp(&runner.pid, arguments[0], &spawn.actions, &spawn.attributes,
                                     arguments.data(), environment.data());
      error != 0)
    return system_failure("cannot start the runner '" + argv[0] + "'", error);
  // The kernel takes 19 for more. A runner that is not nice is no reason to have none.
  setpriority(PRIO_PROCESS, static_cast<id_t>(runner.pid),
              getpriority(PRIO_PROCESS, 0) + spec.nice);
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

std::vector<pid_t> kill_tree(pid_t leader) {
  // It starts nothing any more, and still adopts the orphans of those that are killed: once it is
  // dead, another process adopts them.
  kill(leader, SIGSTOP);
  std::vector<pid_t> killed;
  if (is_alive(leader)) killed = kill_descendants(leader);  // a zombie has none
  kill(-leader, SIGKILL);
  kill(leader, SIGKILL);
  return killed;
}

std::vector<pid_t> kill_descendants(pid_t root) {
  std::set<pid_t> killed;
  const auto kill_new = [&killed](const std::vector<pid_t>& found) {
    bool any = false;
    // Parents first: a shell whose child is killed would go on with its next line.
    for (const pid_t pid : found) {
      if (!killed.insert(pid).second) continue;
      kill(pid, SIGKILL);
      any = true;
    }
    return any;
  };
  // The quick look stops most of them soon, the thorough one says that there are no others.
  do {
    kill_new(listed_descendants_of(root));
  } while (kill_new(descendants_of(root)));
  return {killed.begin(), killed.end()};
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
