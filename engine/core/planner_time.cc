// Timers and schedules.
#include <algorithm>

#include "engine/base/duration.h"
#include "engine/core/planner.h"

namespace millrace {

std::optional<Time> Planner::next_wakeup() const {
  if (backfills_.stirred()) return Time{};
  const auto timer = timers_.next(), firing = schedules_.next();
  return timer && firing ? std::min(timer, firing) : timer ? timer : firing;
}

void Planner::tick(Time now) {
  while (const auto timer = timers_.take_due(now)) run_timer(*timer, now);
  run_schedules(now);
  if (backfills_.stirred()) advance_backfills(now);
  fill_slots(now);
}

void Planner::run_timer(const Timer& timer, Time now) {
  Run* const found = runs_.find(timer.run);
  if (found == nullptr || !found->has(timer.ref)) return;
  Run& run = *found;
  const TaskInstance& instance = run.instance(timer.ref);
  if (instance.attempt != timer.attempt) return;  // of an attempt that is over
  const bool is_deadline = timer.kind == TimerKind::deadline;
  if (timer.recorded != (is_deadline ? instance.attempt_started : instance.wake))
    return;  // of an earlier leg of the same attempt
  switch (timer.kind) {
    case TimerKind::retry:
      if (instance.state == TaskState::up_for_retry) make_ready(run, timer.ref, now);
      break;
    case TimerKind::wake:
      if (instance.state == TaskState::deferred) make_ready(run, timer.ref, now);
      break;
    case TimerKind::deadline: {
      if (instance.state != TaskState::running) break;
      const Duration timeout = run.dag->task(timer.ref.task).spec.timeout;
      const AttemptKey key = key_of(run, timer.ref);
      actions_.push_back(CancelAttempt{key, true});
      on_error(run, key,
               make_error(ErrorCode::timeout,
                          "ran longer than its timeout of " + format_duration(timeout)),
               now);
      break;
    }
  }
  settle(run, now);
}

/// Of a retry or a deferral that an earlier planner recorded. If the clock was set back meanwhile,
/// the instant is far; what was recorded is how long to wait.
Timer Planner::restored_timer(const Run& run, TaskRef ref, TimerKind kind, Time now) const {
  const TaskInstance& instance = run.instance(ref);
  const Time at = std::min(instance.wake, now + (instance.wake - instance.since));
  return {at, run.id, ref, instance.attempt, kind, instance.wake};
}

std::optional<Time> Planner::next_firing(const DagState& state, Time now) const {
  if (!state.dag->timetable() || state.paused || !state.retired.empty()) return std::nullopt;
  const DagSpec& spec = state.dag->spec();
  if (spec.overlap == Overlap::allow && state.runs.is_full(spec.max_active_runs))
    return std::nullopt;
  return millrace::next_firing(*state.dag->timetable(), spec, state.schedule, now);
}

void Planner::reschedule(const DagKey& dag, Time now) {
  const auto found = dags_.find(dag);
  const bool may_fire = options_.only_dag.empty() && schedules_.knows_dates() &&
                        found != dags_.end() && found->second.dag != nullptr;
  const auto firing = may_fire ? next_firing(found->second, now) : std::nullopt;
  schedules_.plan(dag, firing ? std::optional(begin_of_date(*found->second.dag, *firing)) : firing);
}

void Planner::run_schedules(Time now) {
  while (const auto id = schedules_.due(now)) {
    DagState& state = dags_.find(*id)->second;
    // Time may have passed since it was planned, more than one date: the machine slept.
    const auto firing = next_firing(state, now);
    auto params = state.dag->resolve_params({});
    if (!firing || !params) {  // required params have no default: such a DAG cannot run by schedule
      schedules_.plan(*id, std::nullopt);
      continue;
    }
    if (begin_of_date(*state.dag, *firing) <= now) fire(state, *firing, *std::move(params), now);
    reschedule(*id, now);
  }
}

namespace {

/// More dates than these do not wait.
constexpr std::size_t kMostBuffered = 1000;

/// Why the date gets no run; "": it gets one, perhaps later.
std::string reason_to_skip(Overlap overlap, const RunQueue& runs) {
  const std::size_t waiting = runs.held_scheduled().size();
  const bool busy = waiting > 0 || !runs.scheduled().empty();
  if (overlap == Overlap::skip && busy) return "an earlier run is open (overlap: skip)";
  if (overlap == Overlap::buffer_one && waiting > 0)
    return "a run waits for its turn already (overlap: buffer_one)";
  if (overlap == Overlap::buffer_all && waiting >= kMostBuffered)
    return std::to_string(waiting) + " runs wait for their turn already (overlap: buffer_all)";
  return "";
}

}  // namespace

/// Begins the run of a date, or does with it what `overlap` says while another one is open.
void Planner::fire(DagState& state, Time date, Json params, Time now) {
  const Overlap overlap = state.dag->spec().overlap;
  if (const std::string reason = reason_to_skip(overlap, state.runs); !reason.empty()) {
    move_schedule(
        state, {state.dag->key(), date, state.schedule.all_until, {"schedule", reason}, date}, now);
    return;
  }
  if (overlap == Overlap::cancel_other) cancel_others(state, date, now);
  create_run({.id = ids_.next(now, rng_),
              .type = RunType::scheduled,
              .logical_date = date,
              .params = std::move(params),
              .origin = {"schedule", ""}},
             state, now);
}

/// Those that wait come first: none of them begins when one that is under way ends. One that is
/// being cancelled already keeps its grace.
void Planner::cancel_others(DagState& state, Time date, Time now) {
  std::vector<Uuid> others = state.runs.held_scheduled();
  others.insert(others.end(), state.runs.scheduled().begin(), state.runs.scheduled().end());
  for (const Uuid& id : others)
    if (Run* const run = runs_.find_open(id); run != nullptr && !run->cancelling)
      cancel(*run, {"schedule", "the run of " + format_rfc3339(date) + " takes its place"}, false,
             now);
}

}  // namespace millrace
