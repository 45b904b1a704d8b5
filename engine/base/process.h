// Starting a process, and waiting for its end: the one place of the engine that does. Free
// functions; thread-safe.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/base/unique_fd.h"

namespace millrace {

struct ProcessUser {
  uid_t uid = 0;
  gid_t gid = 0;
};

/// A descriptor of the new process.
struct GivenFd {
  int target = -1;  // its number there
  int source = -1;  // ours; -1: the new process has none of that number
};

struct ProcessSpec {
  std::string_view purpose = "run";      // in errors: "cannot run 'argv[0]'"
  std::vector<std::string> argv;         // argv[0] is looked up in PATH unless it holds a slash
  std::vector<const char*> environment;  // "NAME=value", borrowed; no terminating nullptr
  std::string folder;                    // to run in; "": ours
  /// Besides these it has our stdin, stdout and stderr, and nothing else.
  std::vector<GivenFd> descriptors;
  /// A process group of its own, or even a session: then no terminal sends it signals.
  enum class Group { own_group, own_session } group = Group::own_group;
  /// Set to their default action; empty: all signals. None is blocked in any case.
  std::vector<int> default_signals;
  std::optional<ProcessUser> user;  // to run as, without further groups; ours if none
  int signal_on_parent_death = 0;   // sent when the thread that started it ends; 0: none
};

/// Returns when the program has begun; the caller must reap it. `not_found` if there is no such
/// program or folder, `permission_denied` if we may not, `unavailable` while the system has no room
/// for it.
Result<pid_t> start_process(const ProcessSpec& spec);

/// The environment of this process, for ProcessSpec. Valid until the environment changes.
std::vector<const char*> own_environment();

/// The status of a child as waitpid gives it, when it has ended; the child is gone then.
int reap(pid_t child);

/// What the program writes to stdout until it ends with 0; `unavailable` if it does not, or writes
/// more than `most_bytes`. Its stdin and stderr are /dev/null.
Result<std::string> output_of(const std::vector<std::string>& argv, std::size_t most_bytes);

/// A descriptor that becomes readable when the process has ended; none if there is no such process.
UniqueFd watch_process(pid_t pid);
/// Waits until a process, a child of ours or not, has ended. False: it still runs after `most`.
bool wait_for_exit(pid_t pid, std::chrono::milliseconds most);

/// "signal 9 (Killed)", "exit code 3": of a status that waitpid gave.
std::string describe_exit(int status);

}  // namespace millrace
