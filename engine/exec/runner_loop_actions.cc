// What RunnerLoop does with its runners: start, end and bury them.
#include <poll.h>
#include <sys/wait.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "engine/base/log.h"
#include "engine/exec/runner_loop.h"
#include "engine/exec/work_folder.h"

namespace millrace::exec {
namespace {

using std::chrono::milliseconds;

constexpr int kStartFailuresToGiveUp = 3;
constexpr milliseconds kSpawnPause{100};  // doubles with each failure
constexpr milliseconds kReapLimit{5000};
constexpr int kLookForDeadEveryMs = 2;

}  // namespace

void RunnerLoop::spawn_some() {
  if (spawn_again_at_ && parts_.clock.steady() < *spawn_again_at_) return;
  spawn_again_at_.reset();
  auto starting = static_cast<std::size_t>(std::ranges::count_if(runners_, [](const auto& each) {
    return each.second->state == RunnerProcess::State::starting;
  }));
  for (; starting < queue_.size() && runners_.size() < config_.slots && !spawn_again_at_;
       ++starting)
    spawn_one();
}

void RunnerLoop::spawn_one() {
  auto begins = std::make_unique<BeginPage>();
  if (!begins->usable())
    return note_start_failure(unavailable("there is no memory to share with a runner"));
  auto spawned =
      spawn_runner({config_.argv, config_.hidden_env, Mark(config_.mark).environment_entry(),
                    config_.environment, config_.nice, lease_.fd(), begins->fd()});
  if (!spawned) return note_start_failure(spawned.error());
  const std::uint64_t serial = next_serial_++;
  auto folder = config_.work_dir / ("runner-" + std::to_string(serial));
  auto runner = std::make_unique<RunnerProcess>(*std::move(spawned), std::move(begins), serial,
                                                folder.string(), parts_.clock.steady());
  watch(*runner);
  runners_.emplace(serial, std::move(runner));
}

void RunnerLoop::note_start_failure(const Error& error) {
  log::warning("a runner did not start", {{"error", error.to_string()}});
  spawn_again_at_ = parts_.clock.steady() + kSpawnPause * (1 << std::min(start_failures_, 6));
  if (++start_failures_ < kStartFailuresToGiveUp) return;
  // What waits is given back, so that the engine can show why and try again by its own rules.
  for (auto& waiting : std::exchange(queue_, {})) report(waiting, error);
}

void RunnerLoop::cancel_attempts(const std::vector<Cancel>& cancels) {
  std::map<AttemptKey, bool> wanted;  // → at once
  for (const auto& [key, at_once] : cancels) wanted[key] |= at_once;
  std::erase_if(queue_, [&](const QueuedAttempt& waiting) {
    if (!wanted.contains(waiting.start.key)) return false;
    report(waiting, make_error(ErrorCode::cancelled, "cancelled"));
    return true;
  });
  const auto is_wanted = [&](const std::unique_ptr<RunningAttempt>& attempt) {
    const auto found = attempt == nullptr ? wanted.end() : wanted.find(attempt->attempt.start.key);
    if (found == wanted.end()) return false;
    attempt->at_once |= found->second;
    return true;
  };
  for (auto& [serial, runner] : runners_) {
    if (is_wanted(runner->next)) {
      runner->next->reason = EndReason::cancelled;
      take_back_next(*runner);
    }
    if (!is_wanted(runner->running)) continue;
    const EndReason before = std::exchange(runner->running->reason, EndReason::cancelled);
    if (take_back_running(*runner)) continue;
    runner->running->reason = before;
    end_with_grace(*runner, EndReason::cancelled);
  }
}

void RunnerLoop::hold_attempts() {
  held_ = true;
  for (auto& waiting : std::exchange(queue_, {})) queue(waiting);
  for (auto& [serial, runner] : runners_) {
    take_back_next(*runner);
    if (runner->running) take_back_running(*runner);
  }
}

/// The attempt is asked to end, and killed when its grace is over. The first reason stays.
void RunnerLoop::end_with_grace(RunnerProcess& runner, EndReason reason) {
  RunningAttempt& running = *runner.running;
  if (runner.state != RunnerProcess::State::busy) return;
  if (running.reason == EndReason::none) running.reason = reason;
  const Duration grace = running.attempt.start.grace;
  if (running.at_once || grace <= Duration::zero()) return kill(runner);
  if (running.kill_at) return;
  running.kill_at = parts_.clock.steady() + grace;
  send(runner, encode(CancelMessage{running.id}));
}

void RunnerLoop::kill(RunnerProcess& runner) {
  strays_.add(runner.kill());
  take_back_next(runner);
}

void RunnerLoop::end_early(RunnerProcess& runner, EndReason reason) {
  if (runner.running && runner.running->reason == EndReason::none) runner.running->reason = reason;
  if (reason == EndReason::silent || reason == EndReason::protocol)
    log::warning("a runner was killed",
                 {{"pid", static_cast<long>(runner.process.pid)},
                  {"reason", reason == EndReason::silent ? "no sign of life" : "broken protocol"}});
  kill(runner);
}

void RunnerLoop::retire(RunnerProcess& runner) {
  // It has nothing to finish, and a runner ends itself the hard way when its engine is gone; this
  // is the same without the wait.
  kill(runner);
}

void RunnerLoop::finish(std::unique_ptr<RunningAttempt> attempt, Result<Outcome> outcome,
                        bool lost) {
  const QueuedAttempt& queued = attempt->attempt;
  if (!outcome)
    outcome =
        with_last_line(outcome.error(), attempt->log.last_line(), queued.start.memory_limit_bytes);
  PendingReport result{queued.generation,
                       AttemptResult{queued.start.key, std::move(outcome), lost, attempt->began}};
  if (attempt->log.used())
    send_behind_log(attempt->log.take(parts_.clock.now(), true), std::move(result));
  else
    send_report(std::move(result));
}

void RunnerLoop::report(const QueuedAttempt& attempt, Result<Outcome> outcome, bool lost) {
  send_report({attempt.generation,
               AttemptResult{attempt.start.key, std::move(outcome), lost, std::nullopt}});
}

/// In order: that an attempt began is not known before the end of the one whose place it took.
void RunnerLoop::send_report(PendingReport report) {
  if (logs_.has_reports()) return send_behind_log({}, std::move(report));
  ready_.push_back(std::move(report));
}

/// Also without a last piece: earlier ones may still be on their way to the store.
void RunnerLoop::send_behind_log(std::optional<LogPiece> piece, PendingReport report) {
  if (!ready_.empty()) reporter_.deliver(std::exchange(ready_, {}));
  logs_.push_last(std::move(piece), std::move(report));
}

void RunnerLoop::remove_later(std::string folder) {
  threads_.post([folder = std::move(folder)] { remove_tree(folder); });
}

void RunnerLoop::kill_everything() {
  queue_.clear();
  ready_.clear();
  for (auto& [serial, runner] : runners_) strays_.add(runner->kill());
  const SteadyTime give_up = parts_.clock.steady() + kReapLimit;
  for (auto& [serial, runner] : runners_) {
    const auto left =
        std::chrono::duration_cast<milliseconds>(give_up - parts_.clock.steady()).count();
    pollfd ended{runner->process.process.get(), POLLIN, 0};
    poll(&ended, 1, static_cast<int>(std::max<std::int64_t>(left, 0)));
    waitpid(runner->process.pid, nullptr, WNOHANG);
    remove_later(runner->work_dir);
  }
  const auto pids = runner_pids();  // one that does not end in time is no stray
  while (!strays_.gone(pids) && parts_.clock.steady() < give_up)
    poll(nullptr, 0, kLookForDeadEveryMs);
  runners_.clear();
}

}  // namespace millrace::exec
