#include "engine/exec/spawn_runner.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "engine/base/process.h"
#include "engine/exec/process_tree.h"

namespace millrace::exec {
namespace {

Error system_failure(std::string_view what, int number) {
  return unavailable(std::string(what) + ": " + std::strerror(number));
}

bool is_hidden(std::string_view entry, const std::vector<std::string>& hidden) {
  return std::ranges::any_of(hidden, [&](const std::string& name) {
    return entry.size() > name.size() && entry.starts_with(name) && entry[name.size()] == '=';
  });
}

/// Holds as long as `spec` and our environment do.
std::vector<const char*> environment_of(const RunnerSpec& spec) {
  std::vector<const char*> out = own_environment();
  const std::string_view mark = std::string_view(spec.mark).substr(0, spec.mark.find('=') + 1);
  std::erase_if(out, [&](std::string_view entry) {
    return is_hidden(entry, spec.hidden_env) || (!mark.empty() && entry.starts_with(mark));
  });
  if (!mark.empty()) out.push_back(spec.mark.c_str());
  for (const std::string& added : spec.environment) {
    const std::string_view name = std::string_view(added).substr(0, added.find('=') + 1);
    std::erase_if(out, [&](std::string_view entry) { return entry.starts_with(name); });
    out.push_back(added.c_str());
  }
  return out;
}

void set_nonblocking(int fd) { fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK); }

}  // namespace

Result<SpawnedRunner> spawn_runner(const RunnerSpec& spec) {
  if (spec.argv.empty()) return invalid_argument("the runner's command line is empty");
  int sockets[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0)
    return system_failure("cannot make a socket for a runner", errno);
  SpawnedRunner runner;
  runner.socket = UniqueFd(sockets[0]);
  const UniqueFd their_socket(sockets[1]);
  set_nonblocking(runner.socket.get());
  std::array<UniqueFd, kRunnerOutputFds.size()> their_outputs;
  for (std::size_t i = 0; i < their_outputs.size(); ++i) {
    int pipes[2];
    if (pipe2(pipes, O_CLOEXEC) != 0)
      return system_failure("cannot make a pipe for a runner", errno);
    runner.outputs[i] = UniqueFd(pipes[0]);
    their_outputs[i] = UniqueFd(pipes[1]);
    set_nonblocking(runner.outputs[i].get());
  }
  const UniqueFd input(open("/dev/null", O_RDONLY | O_CLOEXEC));
  ProcessSpec process;
  process.purpose = "start the runner";
  process.argv = spec.argv;
  process.environment = environment_of(spec);
  process.descriptors = {{STDIN_FILENO, input.get()},
                         {STDOUT_FILENO, their_outputs[0].get()},
                         {STDERR_FILENO, their_outputs[0].get()},
                         {kRunnerSocketFd, their_socket.get()},
                         {kRunnerOutputFds[0], their_outputs[0].get()},
                         {kRunnerOutputFds[1], their_outputs[1].get()},
                         {kRunnerLeaseFd, spec.lease},
                         {kRunnerBeginFd, spec.begins}};
  const auto started = start_process(process);
  if (!started) return unavailable(started.error().message);
  runner.pid = *started;
  // The kernel takes 19 for more. A runner that is not nice is no reason to have none.
  setpriority(PRIO_PROCESS, static_cast<id_t>(runner.pid),
              getpriority(PRIO_PROCESS, 0) + spec.nice);
  runner.process = watch_process(runner.pid);
  if (!runner.process) {
    const int error = errno;
    kill_tree(runner.pid);
    reap(runner.pid);
    return system_failure("cannot watch a runner", error);
  }
  return runner;
}

}  // namespace millrace::exec
