// Processes as the pool and the runners see them: start one, kill all that came from it, tell why
// it ended. Free functions; thread-safe.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/exec/unique_fd.h"

namespace millrace::exec {

/// The descriptor on which a runner talks to its engine.
inline constexpr int kRunnerSocketFd = 3;
/// Its two outputs. Attempts take them in turn, so that what one printed last is told from what the
/// next prints first.
inline constexpr std::array<int, 2> kRunnerOutputFds = {4, 5};

/// A runner that has just been started, with our ends of what connects us. It leads a process group
/// of its own; whoever owns this must reap `pid`.
struct SpawnedRunner {
  pid_t pid = -1;
  UniqueFd process;  // pidfd: readable as soon as the process has ended
  UniqueFd socket;   // non-blocking
  // What it and its children write to stdout and stderr, in one order; non-blocking.
  std::array<UniqueFd, kRunnerOutputFds.size()> outputs;
};

/// Starts argv[0] with stdin from /dev/null, the socket on kRunnerSocketFd, its outputs on
/// kRunnerOutputFds and the first of them on stdout and stderr, no other descriptor of ours,
/// default signals, our environment without `hidden_env`, and `nice` added to our niceness.
/// `unavailable` if it cannot.
Result<SpawnedRunner> spawn_runner(const std::vector<std::string>& argv,
                                   const std::vector<std::string>& hidden_env, int nice);

/// A descriptor that becomes readable when the process has ended; none if there is no such process.
UniqueFd watch_process(pid_t pid);

/// SIGKILL for the process group that `leader` leads and for every descendant, also those that left
/// the group. REQUIRES: `leader` has not been reaped (its number could be another's by now).
void kill_tree(pid_t leader);
/// SIGKILL for every descendant of `root`, not for itself.
void kill_descendants(pid_t root);

/// "signal 9 (Killed)", "exit code 3": of a status that waitpid gave.
std::string describe_exit(int status);

/// Bytes of memory that `statm` (an open /proc/<pid>/statm) tells of; 0 if unreadable.
struct MemoryUse {
  std::int64_t resident = 0;
  std::int64_t data = 0;  // private and writable: what RLIMIT_DATA counts
};
MemoryUse memory_use(int statm);

}  // namespace millrace::exec
