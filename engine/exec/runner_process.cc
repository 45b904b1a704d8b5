#include "engine/exec/runner_process.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "engine/base/duration.h"
#include "engine/base/process.h"
#include "engine/exec/process_tree.h"

namespace millrace::exec {

RunnerProcess::RunnerProcess(SpawnedRunner spawned, std::unique_ptr<BeginPage> page,
                             std::uint64_t number, std::string folder, SteadyTime now)
    : process(std::move(spawned)),
      begins(std::move(page)),
      serial(number),
      work_dir(std::move(folder)),
      last_heard(now) {}

void RunnerProcess::send(std::string frame) {
  if (has_unsent())
    outbox_ += frame;
  else
    outbox_ = std::move(frame), sent_ = 0;
  flush();
}

bool RunnerProcess::flush() {
  while (has_unsent()) {
    const ssize_t size =
        ::send(process.socket.get(), outbox_.data() + sent_, outbox_.size() - sent_, MSG_NOSIGNAL);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno == EAGAIN) return true;
    if (size < 0) break;
    sent_ += static_cast<std::size_t>(size);
  }
  outbox_.clear();
  sent_ = 0;
  return false;
}

Result<RunnerProcess::Received> RunnerProcess::receive(std::size_t limit) {
  Received out;
  std::array<char, 65536> buffer;
  for (std::size_t total = 0; total < limit; total += buffer.size()) {
    const ssize_t size = recv(process.socket.get(), buffer.data(), buffer.size(), 0);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) {
      out.closed = size == 0 || errno != EAGAIN;
      break;
    }
    frames_.feed({buffer.data(), static_cast<std::size_t>(size)});
    if (static_cast<std::size_t>(size) < buffer.size()) break;
  }
  while (true) {
    MR_TRY(auto payload, frames_.next());
    if (!payload) return out;
    out.payloads.push_back(std::move(*payload));
  }
}

RunningAttempt* RunnerProcess::attempt_of(std::size_t output) const {
  if (running && running->output == output) return running.get();
  return next && next->output == output ? next.get() : nullptr;
}

void RunnerProcess::read_output(std::size_t output, std::size_t limit) {
  RunningAttempt* attempt = attempt_of(output);
  std::array<char, 65536> buffer;
  for (std::size_t total = 0; total < limit;) {
    const ssize_t size = read(process.outputs[output].get(), buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    outputs[output].ended = size == 0;
    if (size <= 0) return;
    total += static_cast<std::size_t>(size);
    if (attempt != nullptr) attempt->log.append({buffer.data(), static_cast<std::size_t>(size)});
    if (static_cast<std::size_t>(size) < buffer.size()) return;
  }
}

std::vector<pid_t> RunnerProcess::kill() {
  if (std::exchange(state, State::leaving) == State::leaving) return {};
  return kill_tree(process.pid);
}

std::string bytes_text(std::int64_t bytes) {
  constexpr std::int64_t kKiB = 1024, kMiB = kKiB * 1024, kGiB = kMiB * 1024;
  if (bytes >= kGiB && bytes % kGiB == 0) return std::to_string(bytes / kGiB) + " GiB";
  if (bytes >= kMiB && bytes % kMiB == 0) return std::to_string(bytes / kMiB) + " MiB";
  return std::to_string(bytes) + " bytes";
}

namespace {

Error timeout_error(const StartAttempt& start) {
  return make_error(ErrorCode::timeout, "ran longer than its timeout of " +
                                            format_duration(start.timeout) + " and was ended");
}

}  // namespace

Result<Outcome> outcome_of_end(const RunningAttempt& attempt, Result<Outcome> outcome) {
  if (attempt.reason == EndReason::cancelled) return make_error(ErrorCode::cancelled, "cancelled");
  if (attempt.reason == EndReason::timeout) return timeout_error(attempt.attempt.start);
  return outcome;
}

Error out_of_memory(std::int64_t limit_bytes, const std::string& what) {
  Error error = make_error(ErrorCode::resource_exhausted,
                           "out of memory: the limit of the task is " + bytes_text(limit_bytes) +
                               (what.empty() ? "" : ", and " + what));
  error.out_of_memory = true;
  return error;
}

Error with_last_line(Error error, std::string_view line, std::int64_t memory_limit_bytes) {
  if (!error.message.ends_with(kOutputIsInTheLog)) return error;
  error.message.resize(error.message.size() - kOutputIsInTheLog.size());
  if (line.empty()) {
    error.message += "; it printed nothing";
    return error;
  }
  error.message.append(": ").append(line);
  // How the common languages say it.
  constexpr std::string_view kSigns[] = {"MemoryError", "bad_alloc", "OutOfMemory", "ut of memory",
                                         "annot allocate"};
  const bool memory = memory_limit_bytes > 0 && std::ranges::any_of(kSigns, [&](auto sign) {
                        return line.find(sign) != std::string_view::npos;
                      });
  if (!memory) return error;
  Error refined = out_of_memory(memory_limit_bytes, error.message);
  refined.exit_code = error.exit_code;
  refined.signal = error.signal;
  refined.permanent = error.permanent;
  return refined;
}

Error error_of_death(const RunningAttempt& running, int status, Duration silence_limit) {
  const StartAttempt& start = running.attempt.start;
  switch (running.reason) {
    case EndReason::timeout:
      return timeout_error(start);
    case EndReason::cancelled:
      return make_error(ErrorCode::cancelled, "cancelled");
    case EndReason::silent:
      return unavailable("the runner gave no sign of life for " + format_duration(silence_limit) +
                         " and was killed");
    case EndReason::protocol:
      return internal_error("the runner sent what is no message of the protocol and was killed");
    case EndReason::none:
      break;
  }
  if (running.out_of_memory) return out_of_memory(start.memory_limit_bytes);
  Error died = unavailable("runner died: " + describe_exit(status));
  if (WIFSIGNALED(status)) died.signal = WTERMSIG(status);
  if (WIFEXITED(status)) died.exit_code = WEXITSTATUS(status);
  return died;
}

bool is_lost(const RunningAttempt& attempt, int status) {
  if (attempt.reason != EndReason::none || attempt.out_of_memory || !WIFSIGNALED(status))
    return false;
  return WTERMSIG(status) == SIGKILL || WTERMSIG(status) == SIGTERM;
}

}  // namespace millrace::exec
