// What /proc and the environment tell of processes.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace millrace::chaos {

/// The processes whose parent is `parent`.
std::vector<pid_t> children_of(pid_t parent);
/// Seconds since a process began, to a hundredth; 0 if there is none.
double age_of(pid_t pid);
/// False for a zombie as well: it waits for whoever adopted it, and does nothing any more.
bool is_alive(pid_t pid);
/// The name of its program, at most 15 characters; "" if there is none.
std::string program_of(pid_t pid);
/// Whether a process was started with "NAME=value" in its environment.
bool was_started_with(pid_t pid, const std::string& entry);

/// Our own environment, where "NAME=value" entries of `changes` replace those of their name.
std::vector<std::string> environment_with(const std::vector<std::string>& changes);
/// For exec and spawn: ends with a null. Valid as long as `texts` are.
std::vector<char*> pointers_to(std::vector<std::string>& texts);

}  // namespace millrace::chaos
