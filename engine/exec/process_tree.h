// Processes and what came from them, as the kernel lists them: find them, kill them, see what
// memory they use. Free functions; thread-safe.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

namespace millrace::exec {

/// SIGKILL for the process group that `leader` leads and for every descendant, also those that left
/// the group or are started during the call; returns these. It is stopped first, so that it does
/// nothing more when its children die. REQUIRES: `leader` has not been reaped (its number could be
/// another's by now).
std::vector<pid_t> kill_tree(pid_t leader);
/// SIGKILL for every descendant of `root`, not for itself, until no new one appears. One that has
/// got it can start nothing any more. Returns them.
std::vector<pid_t> kill_descendants(pid_t root);

std::vector<pid_t> all_processes();
std::vector<pid_t> children_of(pid_t parent);
/// As the kernel lists them for each thread: quicker than to look at every process there is, but a
/// child may be missing while another one ends. A kernel without such lists has us look at all.
std::vector<pid_t> listed_children_of(pid_t parent);
/// Children of this process that its first thread has started or adopted: orphans come to that one,
/// and so does what other threads leave. For after each attempt: it opens a single file.
std::vector<pid_t> listed_children_of_first_thread();
/// Those that listed_children_of gives, and theirs; without those children that are in `others`,
/// and theirs.
std::vector<pid_t> listed_descendants_of(pid_t root, const std::vector<pid_t>& others = {});
/// False for a zombie.
bool is_alive(pid_t pid);

/// Bytes of memory that `statm` (an open /proc/<pid>/statm) reports; 0 if unreadable.
struct MemoryUse {
  std::int64_t resident = 0;
  std::int64_t data = 0;  // private and writable: what RLIMIT_DATA counts
};
MemoryUse memory_use(int statm);

}  // namespace millrace::exec
