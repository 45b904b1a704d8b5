#include "tests/model/journal.h"

namespace millrace::model {
namespace {

bool move(Task& task, Cause cause, const Rules& rules) {
  const auto next = rules.next(task.state, cause);
  if (!next) return false;
  task.state = *next;
  return true;
}

bool is_under_way(TaskState state) { return state != TaskState::pending && !is_end(state); }

/// What the journal may not hold, judged before the fold and by no rule of the engine's.
Invariant judge(const State& state, const Engine& engine, const Decision& d) {
  if (engine.epoch != state.epoch) return Invariant::fenced_engine;
  const Task& task = state.journal.tasks[d.task];
  if (d.act == Act::dispatch || d.act == Act::start || d.act == Act::outcome)
    if (is_end(task.state)) return Invariant::terminal_final;
  if (d.act == Act::start && d.attempt != task.attempt) return Invariant::current_attempt;
  if (d.act == Act::dispatch && d.task == 1 && state.journal.tasks[0].state != TaskState::success)
    return Invariant::edges;
  if (d.act == Act::clear && d.task == 0 && is_under_way(state.journal.tasks[1].state))
    return Invariant::edges;
  if (d.act != Act::outcome || d.cause == Cause::upstream_fail) return Invariant::none;
  if (d.attempt != task.attempt || d.epoch != task.epoch || d.call != task.call)
    return Invariant::current_attempt;
  if ((state.accepted[d.task] >> d.attempt) & 1) return Invariant::one_outcome;
  return Invariant::none;
}

}  // namespace

bool fold(Plan& plan, const Decision& d, const Rules& rules) {
  Task& task = plan.tasks[d.task];
  switch (d.act) {
    case Act::none:
      return true;
    case Act::recover:
      for (Task& each : plan.tasks) {
        each.dispatched = 0;
        if (each.state == TaskState::running && !move(each, Cause::enqueue, rules)) return false;
      }
      return true;
    case Act::cancel:
      for (Task& each : plan.tasks) {
        each.dispatched = 0;
        if (!is_end(each.state) && !move(each, Cause::cancel, rules)) return false;
      }
      return true;
    case Act::clear:  // the task and all that is downstream of it, unless that waits anyway
      for (std::size_t t = d.task; t < kTasks; ++t)
        if (is_end(plan.tasks[t].state)) plan.tasks[t] = {.attempt = plan.tasks[t].attempt};
      return true;
    case Act::resume:
      task.failures = 0;
      return move(task, Cause::enqueue, rules);
    case Act::dispatch:
      if (task.state != TaskState::queued && !move(task, Cause::enqueue, rules)) return false;
      task.attempt = d.attempt;
      task.epoch = d.epoch;
      task.call = d.call;
      task.dispatched = 1;
      return true;
    case Act::give_back:
      task.dispatched = 0;
      return true;
    case Act::start:
      task.dispatched = 0;
      return move(task, Cause::start, rules);
    case Act::outcome:
      task.failures = static_cast<Byte>(task.failures + (d.cause == Cause::fail_retry));
      task.call = static_cast<Byte>(task.call + (d.cause == Cause::defer));
      return move(task, d.cause, rules);
  }
  return false;
}

bool append(State& state, const Engine& engine, const Decision& d, const Rules& rules) {
  if (rules.epoch_fence && engine.epoch != state.epoch) return false;
  state.broken = judge(state, engine, d);
  if (state.broken != Invariant::none) return true;
  if (d.act == Act::outcome && d.cause != Cause::defer && d.cause != Cause::upstream_fail)
    state.accepted[d.task] = static_cast<Byte>(state.accepted[d.task] | (1 << d.attempt));
  if (!fold(state.journal, d, rules)) state.broken = Invariant::by_the_table;
  return true;
}

}  // namespace millrace::model
