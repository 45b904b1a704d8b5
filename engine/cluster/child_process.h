// PostgreSQL's programs as child processes, with an environment that does not depend on ours.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/cluster/postgres_programs.h"

namespace millrace::pg {

struct ChildSpec {
  std::vector<std::string> command;      // the program's path first
  std::optional<SystemUser> user;        // to drop to
  std::filesystem::path output;          // stdout and stderr are appended to it; stdin is /dev/null
  std::filesystem::path folder;          // to run in
  std::vector<std::string> variables{};  // "NAME=value", besides the environment below
  int signal_on_parent_death = 0;  // sent to it when the thread that called `spawn` ends; 0: none
};

/// In a session of its own, so that Ctrl-C in our terminal does not reach it. All signals and open
/// files are as in a fresh process. The environment is ours but for PG* variables, and with
/// LC_ALL=C.
Result<pid_t> spawn(const ChildSpec& spec);

/// Spawns, waits, and turns an exit other than 0 into an error with the last lines of its output.
Status run_to_end(const ChildSpec& spec, const std::string& what);

/// Whether `user` can enter the folder and write in it, tried in a process of that user.
bool can_write(const SystemUser& user, const std::filesystem::path& folder);

}  // namespace millrace::pg
