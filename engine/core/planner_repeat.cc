// Iterations: a task with `repeat` runs again after each success, until its condition holds.
#include "engine/core/planner.h"

namespace millrace {
namespace {

Result<bool> until_holds(const Expression& until, const Json& root) {
  MR_TRY(const Json value, until.evaluate({&root}));
  return truthy(value);
}

Error no_iteration_left(const RepeatPolicy& repeat) {
  return permanent(
      make_error(ErrorCode::resource_exhausted,
                 "'" + repeat.until + "' did not hold after " + std::to_string(repeat.max) +
                     (repeat.max == 1 ? " iteration" : " iterations") + ", the max of its repeat"));
}

}  // namespace

/// An attempt succeeded: the task ends, or runs again.
void Planner::end_iteration(Run& run, const AttemptKey& key, const Done& done, Json outputs,
                            Time now) {
  const RepeatPolicy& repeat = run.dag->task(key.ref.task).spec.repeat;
  const bool is_last = run.instance(key.ref).iterations + 1 >= repeat.max;
  root_of(run, key.ref);
  mapped_root_.root.set("outputs", outputs.is_null() ? Json::object() : outputs);
  const Result<bool> holds = until_holds(*run.dag->task(key.ref.task).until, mapped_root_.root);
  const auto& effects = done.effects;
  if (!holds) {
    Error error = permanent(holds.error());
    error.message = "'" + repeat.until + "' cannot be evaluated: " + error.message;
    emit(run, now, TaskFailed{key.ref, key.attempt, error, std::move(outputs), effects});
    end_instance(run, key.ref);
  } else if (*holds || (is_last && repeat.on_max == OnMax::succeed)) {
    emit(run, now, TaskSucceeded{key.ref, key.attempt, std::move(outputs), effects});
    end_instance(run, key.ref);
  } else if (is_last) {
    emit(run, now,
         TaskFailed{key.ref, key.attempt, no_iteration_left(repeat), std::move(outputs), effects});
    end_instance(run, key.ref);
  } else {
    const Time next_at = now + repeat.delay;
    emit(run, now, TaskRepeated{key.ref, key.attempt, next_at, std::move(outputs), effects});
    if (repeat.delay > Duration{})
      timers_.add({next_at, run.id, key.ref, key.attempt, TimerKind::wake, next_at});
    else
      make_ready(run, key.ref, now);
  }
}

}  // namespace millrace
