// Starting a runner, with all that connects it to its engine. Free function; thread-safe.
#pragma once

#include <sys/types.h>

#include <array>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/base/unique_fd.h"

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
/// of its own; the owner must reap `pid`.
struct SpawnedRunner {
  pid_t pid = -1;
  UniqueFd process;  // pidfd: readable as soon as the process has ended
  UniqueFd socket;   // non-blocking
  // What it and its children write to stdout and stderr, in one order; non-blocking.
  std::array<UniqueFd, kRunnerOutputFds.size()> outputs;
};

struct RunnerSpec {
  std::vector<std::string> argv;
  std::vector<std::string> hidden_env;   // names of variables that it does not see
  std::string mark;                      // "NAME=value", added to its environment; "": nothing is
  std::vector<std::string> environment;  // "NAME=value", added; replace what it would inherit
  int nice = 0;                          // added to our niceness
  int lease = -1;                        // for kRunnerLeaseFd; -1: none
  int begins = -1;                       // for kRunnerBeginFd; -1: none
};

/// Starts argv[0] with stdin from /dev/null, the socket on kRunnerSocketFd, its outputs on
/// kRunnerOutputFds and the first of them on stdout and stderr, no other descriptor of ours and
/// default signals. `unavailable` if it cannot.
Result<SpawnedRunner> spawn_runner(const RunnerSpec& spec);

}  // namespace millrace::exec
