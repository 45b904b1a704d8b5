// Who gets which attempt: an idle runner first, then a new one; and when all are busy, each may be
// given one ahead, which it gives back if the one before it takes long.
#include <utility>

#include "engine/base/fault_point.h"
#include "engine/exec/runner_loop.h"

namespace millrace::exec {

void RunnerLoop::dispatch() {
  if (stopping_) return;
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
    if (runner->next && runner->next->attempt.start.priority < priority) recall_next(*runner);
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
  send(runner, std::move(frame));
  pass(FaultPoint::attempt_sent);
  if (runner.running)
    runner.next = std::move(given);
  else
    begin(runner, std::move(given));
}

void RunnerLoop::begin(RunnerProcess& runner, std::unique_ptr<RunningAttempt> attempt) {
  attempt->given = parts_.clock.steady();
  runner.running = std::move(attempt);
  runner.state = RunnerProcess::State::busy;
}

/// The runner has said that the attempt before it is done: it goes on with the next by itself.
void RunnerLoop::begin_next(RunnerProcess& runner) {
  runner.next_recalled = false;
  begin(runner, std::move(runner.next));
  if (runner.running->reason == EndReason::cancelled) end_with_grace(runner, EndReason::cancelled);
}

void RunnerLoop::recall_next(RunnerProcess& runner) {
  if (std::exchange(runner.next_recalled, true)) return;
  send(runner, encode(RecallMessage{runner.next->id}));
}

void RunnerLoop::on_returned(RunnerProcess& runner, std::int64_t id) {
  if (runner.next && runner.next->id == id) take_back_next(runner);
}

/// It has not begun, and this runner will not begin it.
void RunnerLoop::take_back_next(RunnerProcess& runner) {
  runner.next_recalled = false;
  if (!runner.next) return;
  const auto next = std::move(runner.next);
  if (next->reason == EndReason::cancelled)
    report(next->attempt, make_error(ErrorCode::cancelled, "cancelled"));
  else
    queue(std::move(next->attempt));
}

}  // namespace millrace::exec
