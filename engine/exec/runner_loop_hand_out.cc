// Who gets which attempt: an idle runner first, then a new one; and when all are busy, each may be
// given one ahead, which is taken back if the one before it takes long.
#include <algorithm>
#include <utility>

#include "engine/base/fault_point.h"
#include "engine/exec/runner_loop.h"

namespace millrace::exec {

void RunnerLoop::dispatch() {
  if (service_.stopping()) return;
  give_to_idle();
  if (queue_.empty()) return;
  spawn_some();
  if (queue_.empty()) return;
  recall_less_urgent();
  give_ahead();
}

void RunnerLoop::queue(QueuedAttempt attempt) {
  if (held_)
    report(attempt, unavailable("not begun: its engine is about to stop"), true);
  else
    queue_.insert(std::move(attempt));
}

QueuedAttempt RunnerLoop::take_first() { return std::move(queue_.extract(queue_.begin()).value()); }

void RunnerLoop::give_to_idle() {
  for (auto& [serial, runner] : runners_)
    while (runner->state == RunnerProcess::State::idle && !runner->exited) {
      if (queue_.empty()) return;
      give(*runner, take_first());
    }
}

/// What a runner was given ahead, and has not begun, does not go before what is more urgent.
void RunnerLoop::recall_less_urgent() {
  const int priority = queue_.begin()->start.priority;
  for (auto& [serial, runner] : runners_)
    if (runner->next && runner->next->attempt.start.priority < priority) take_back_next(*runner);
}

/// Only what no other runner could begin sooner: when there is a runner for every slot, and none of
/// them has yet to start.
void RunnerLoop::give_ahead() {
  if (runners_.size() < config_.slots) return;
  for (const auto& [serial, runner] : runners_)
    if (runner->state == RunnerProcess::State::starting) return;
  const SteadyTime now = parts_.clock.steady();
  for (auto& [serial, runner] : runners_) {
    if (queue_.empty()) return;
    const bool fits = runner->state == RunnerProcess::State::busy && !runner->next &&
                      !runner->exited && !runner->retires_when_idle &&
                      now < runner->running->given + kLongestWaitAhead;
    if (fits) give(*runner, take_first());
  }
}

void RunnerLoop::give(RunnerProcess& runner, QueuedAttempt attempt) {
  const std::size_t output = runner.running ? 1 - runner.running->output : 0;
  auto given = std::make_unique<RunningAttempt>(std::move(attempt), next_attempt_id_++, output,
                                                config_.log_limit_bytes);
  const StartAttempt& start = given->attempt.start;
  auto frame = encode(StartMessage{given->id, start.op, start.with, start.info, runner.work_dir,
                                   start.memory_limit_bytes, static_cast<int>(output)});
  if (!frame) return finish(std::move(given), frame.error());
  runner.begins->give(output, given->id);
  send(runner, std::move(frame));
  pass(FaultPoint::attempt_sent);
  if (runner.running)
    runner.next = std::move(given);
  else
    begin(runner, std::move(given));
}

void RunnerLoop::begin(RunnerProcess& runner, std::unique_ptr<RunningAttempt> attempt) {
  attempt->given = parts_.clock.steady();
  const Duration timeout = attempt->attempt.start.timeout;
  attempt->look_at =
      attempt->given + (timeout > Duration::zero() ? std::min(timeout, kFirstLook) : kFirstLook);
  runner.running = std::move(attempt);
  runner.state = RunnerProcess::State::busy;
}

/// The runner has said that the attempt before it is done: it goes on with the next by itself.
void RunnerLoop::begin_next(RunnerProcess& runner) {
  begin(runner, std::move(runner.next));
  if (runner.running->reason == EndReason::cancelled) end_with_grace(runner, EndReason::cancelled);
}

/// False: it has begun. The runner is then free for the next one, as far as we know.
bool RunnerLoop::take_back_running(RunnerProcess& runner) {
  if (runner.running->began || !runner.take_back(*runner.running)) return false;
  queue_again(std::move(runner.running));
  if (runner.state == RunnerProcess::State::busy) runner.state = RunnerProcess::State::idle;
  if (runner.next) begin_next(runner);
  return true;
}

/// Unless it has begun: then the end of the one before it is on its way to us.
void RunnerLoop::take_back_next(RunnerProcess& runner) {
  if (runner.next && runner.take_back(*runner.next)) queue_again(std::move(runner.next));
}

/// It has not begun, and the runner that had it will not begin it.
void RunnerLoop::queue_again(std::unique_ptr<RunningAttempt> attempt) {
  if (attempt->reason == EndReason::cancelled)
    report(attempt->attempt, make_error(ErrorCode::cancelled, "cancelled"));
  else
    queue(std::move(attempt->attempt));
}

}  // namespace millrace::exec
