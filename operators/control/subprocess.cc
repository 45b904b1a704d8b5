#include "operators/control/subprocess.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>

#include "engine/base/process.h"

namespace millrace::operators {
namespace {

std::string_view name_of(std::string_view entry) { return entry.substr(0, entry.find('=')); }

/// The program's own entries (of two with one name the later), and ours where no name of its own
/// meets them. Nothing is copied: it holds as long as `program` and our environment do.
std::vector<const char*> environment_of(const Subprocess& program) {
  std::vector<std::string_view> names;
  names.reserve(program.env.size());
  std::vector<const char*> out;
  for (auto entry = program.env.rbegin(); entry != program.env.rend(); ++entry) {
    if (std::ranges::find(names, name_of(*entry)) != names.end()) continue;
    names.push_back(name_of(*entry));
    if (name_of(*entry).size() < entry->size()) out.push_back(entry->c_str());
  }
  std::ranges::sort(names);
  for (const char* entry : own_environment())
    if (!std::ranges::binary_search(names, name_of(entry))) out.push_back(entry);
  return out;
}

/// The child remains a zombie, so that its number is not used again, until no signal can follow.
int wait_for_end(pid_t pid, OperatorContext& ctx) {
  ctx.on_cancel([pid] { kill(-pid, SIGTERM); });
  siginfo_t ended;
  while (waitid(P_PID, static_cast<id_t>(pid), &ended, WEXITED | WNOWAIT) < 0 && errno == EINTR) {
  }
  ctx.on_cancel(nullptr);
  return reap(pid);
}

}  // namespace

Result<ExitStatus> run_subprocess(const Subprocess& program, OperatorContext& ctx) {
  ProcessSpec spec;
  spec.argv = program.argv;
  spec.environment = environment_of(program);
  spec.folder = program.folder;
  if (program.input >= 0) spec.descriptors = {{STDIN_FILENO, program.input}};
  // What a runner and the libraries in it ignore; a program of the user's should not. A runner
  // finds all other signals at their default.
  spec.default_signals = {SIGINT, SIGPIPE};
  spec.signal_on_parent_death = SIGKILL;
  MR_TRY(const pid_t pid, start_process(spec));
  const int status = wait_for_end(pid, ctx);
  if (WIFSIGNALED(status)) return ExitStatus{0, WTERMSIG(status)};
  return ExitStatus{WEXITSTATUS(status), 0};
}

}  // namespace millrace::operators
