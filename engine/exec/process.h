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
/// Where it finds the page that says how long it may work (lease_page.h).
inline constexpr int kRunnerLeaseFd = 6;
/// Where it finds the page in which it notes what it begins (begin_page.h).
inline constexpr int kRunnerBeginFd = 7;

/// A runner that has just been started, with our ends of what connects us. It leads a process group
/// of its own; whoever owns this must reap `pid`.
struct SpawnedRunner {
  pid_t pid = -1;
  UniqueFd process;  // pidfd: readable as soon as the process has ended
  UniqueFd socket;   // non-blocking
  // What it and its children write to stdout and stderr, in one order; non-blocking.
  std::array<UniqueFd, kRunnerOutputFds.size()> outputs;
};

struct RunnerSpec {
  std::vector<std::string> argv;
  std::vector<std::string> hidden_env;  // names of variables that it does not see
  std::string mark;                     // "NAME=value", added to its environment; "": nothing is
  int nice = 0;                         // added to our niceness
  int lease = -1;                       // for kRunnerLeaseFd; -1: none
  int begins = -1;                      // for kRunnerBeginFd; -1: none
};

/// Starts argv[0] with stdin from /dev/null, the socket on kRunnerSocketFd, its outputs on
/// kRunnerOutputFds and the first of them on stdout and stderr, no other descriptor of ours and
/// default signals. `unavailable` if it cannot.
Result<SpawnedRunner> spawn_runner(const RunnerSpec& spec);

/// A descriptor that becomes readable when the process has ended; none if there is no such process.
UniqueFd watch_process(pid_t pid);

/// SIGKILL for the process group that `leader` leads and for every descendant, also those that left
/// the group or are born meanwhile; returns these. It is stopped first, so that it does nothing
/// more when its children die. REQUIRES: `leader` has not been reaped (its number could be
/// another's by now).
std::vector<pid_t> kill_tree(pid_t leader);
/// SIGKILL for every descendant of `root`, not for itself, until no new one appears. One that has
/// got it can start nothing any more. Returns them.
std::vector<pid_t> kill_descendants(pid_t root);

std::vector<pid_t> all_processes();
/// Those that are alive.
std::vector<pid_t> descendants_of(pid_t root);
std::vector<pid_t> children_of(pid_t parent);
/// As the kernel lists them for each thread: quicker than to look at every process there is, but a
/// child may be missing while another one ends. A kernel without such lists has us look at all.
std::vector<pid_t> listed_children_of(pid_t parent);
/// Those, and theirs.
std::vector<pid_t> listed_descendants_of(pid_t root);
/// False for a zombie.
bool is_alive(pid_t pid);

/// "signal 9 (Killed)", "exit code 3": of a status that waitpid gave.
std::string describe_exit(int status);

/// Bytes of memory that `statm` (an open /proc/<pid>/statm) tells of; 0 if unreadable.
struct MemoryUse {
  std::int64_t resident = 0;
  std::int64_t data = 0;  // private and writable: what RLIMIT_DATA counts
};
MemoryUse memory_use(int statm);

}  // namespace millrace::exec
