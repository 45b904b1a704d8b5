#include "operators/control/subprocess.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>

#include "engine/base/process.h"
#include "engine/base/unique_fd.h"
#include "engine/core/outcome.h"

namespace millrace::operators {
namespace {

std::string_view name_of(std::string_view entry) { return entry.substr(0, entry.find('=')); }

constexpr int kPauseMs = 20;
constexpr int kPauseAfterSaveMs = 5000;  // each save is a record in the journal

/// Returns when the process has ended, or cannot be watched.
void report_changes(pid_t pid, int changes, const std::function<bool()>& on_change) {
  if (changes < 0) return;
  const UniqueFd process = watch_process(pid);
  if (!process) return;
  std::array<pollfd, 2> both{{{process.get(), POLLIN, 0}, {changes, POLLIN, 0}}};
  while (true) {
    if (const int ready = poll(both.data(), both.size(), -1); ready < 0) {
      if (errno == EINTR) continue;
      return;
    }
    if (both[0].revents != 0) return;
    const int pause = on_change() ? kPauseAfterSaveMs : kPauseMs;
    if (poll(both.data(), 1, pause) > 0) return;
  }
}

/// The child remains a zombie, so that its number is not used again, until no signal can follow.
int wait_for_end(pid_t pid, const Subprocess& program, OperatorContext& ctx) {
  ctx.on_cancel([pid] { kill(-pid, SIGTERM); });
  report_changes(pid, program.changes, program.on_change);
  siginfo_t ended;
  while (waitid(P_PID, static_cast<id_t>(pid), &ended, WEXITED | WNOWAIT) < 0 && errno == EINTR) {
  }
  ctx.on_cancel(nullptr);
  return reap(pid);
}

}  // namespace

std::vector<const char*> environment_with(const std::vector<std::string>& entries) {
  std::vector<std::string_view> names;
  names.reserve(entries.size());
  std::vector<const char*> out;
  for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) {
    if (std::ranges::find(names, name_of(*entry)) != names.end()) continue;
    names.push_back(name_of(*entry));
    if (name_of(*entry).size() < entry->size()) out.push_back(entry->c_str());
  }
  std::ranges::sort(names);
  for (const char* entry : own_environment())
    if (!std::ranges::binary_search(names, name_of(entry))) out.push_back(entry);
  return out;
}

ExitStatus exit_status_of(int status) {
  if (WIFSIGNALED(status)) return {0, WTERMSIG(status)};
  return {WEXITSTATUS(status), 0};
}

Error error_of_end(const std::string& what, ExitStatus status) {
  std::string how;
  if (status.signal != 0) {
    const char* text = sigdescr_np(status.signal);
    how = "' was ended by signal " + std::to_string(status.signal) +
          (text != nullptr ? " (" + std::string(text) + ")" : "");
  } else {
    how = "' ended with exit code " + std::to_string(status.code);
  }
  Error error = make_error(ErrorCode::program_failed, what + how + std::string(kOutputIsInTheLog));
  if (status.signal != 0)
    error.signal = status.signal;
  else
    error.exit_code = status.code;
  return error;
}

Result<ExitStatus> run_subprocess(const Subprocess& program, OperatorContext& ctx) {
  ProcessSpec spec;
  spec.argv = program.argv;
  spec.environment = environment_with(program.env);
  spec.folder = program.folder;
  if (program.input >= 0) spec.descriptors = {{STDIN_FILENO, program.input}};
  // What a runner and the libraries in it ignore; a program of the user's should not. A runner
  // finds all other signals at their default.
  spec.default_signals = {SIGINT, SIGPIPE};
  spec.signal_on_parent_death = SIGKILL;
  MR_TRY(const pid_t pid, start_process(spec));
  return exit_status_of(wait_for_end(pid, program, ctx));
}

}  // namespace millrace::operators
