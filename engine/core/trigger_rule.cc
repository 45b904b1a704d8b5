#include "engine/core/trigger_rule.h"

#include <algorithm>

namespace millrace {
namespace {

/// An instance of it has succeeded; a failure that is forgiven counts, as everywhere.
bool has_succeeded(const Run& run, int task) {
  const bool forgiving = run.dag->task(task).spec.continue_on_error;
  return std::ranges::any_of(run.tasks[static_cast<std::size_t>(task)].instances,
                             [&](const TaskInstance& instance) {
                               return instance.state == TaskState::success ||
                                      (forgiving && instance.state == TaskState::failed);
                             });
}

DependsOn worst(const UpstreamCounts& ends) {
  if (ends.failed + ends.cancelled > 0) return DependsOn::failed;
  if (ends.upstream_failed > 0) return DependsOn::upstream_failed;
  return ends.skipped > 0 ? DependsOn::skipped : DependsOn::success;
}

/// Which of the two ends a task has that may not start does not hang on the order in which the
/// others end.
Readiness judge_depends(const Run& run, const Dag::Task& task, const TaskProgress& progress) {
  const auto holds = task.depends->evaluate([&](std::size_t term) {
    const auto& [other, state] = task.depends_on[term];
    return value_of(run.tasks[static_cast<std::size_t>(other)], state);
  });
  if (!holds) return Readiness::wait;
  if (*holds) return Readiness::run;
  const UpstreamCounts& upstream = progress.upstream;
  if (upstream.failed + upstream.cancelled + upstream.upstream_failed > 0)
    return Readiness::upstream_failed;
  return progress.upstream_open == 0 ? Readiness::skip : Readiness::wait;
}

}  // namespace

// Each rule is one line of the table in Airflow's documentation. A rule that can no longer hold is
// decided at once; one that can still change waits.
Readiness judge(TriggerRule rule, const UpstreamCounts& upstream, bool all_done) {
  const int failed = upstream.failed + upstream.cancelled;
  const int broken = failed + upstream.upstream_failed;
  const int skipped = upstream.skipped;
  const int success = upstream.success;
  const auto when_done = [&](Readiness ready) { return all_done ? ready : Readiness::wait; };

  switch (rule) {
    case TriggerRule::all_success:
      if (broken > 0) return Readiness::upstream_failed;
      if (skipped > 0) return Readiness::skip;
      return when_done(Readiness::run);
    case TriggerRule::all_failed:
      if (success > 0 || skipped > 0) return Readiness::skip;
      return when_done(Readiness::run);
    case TriggerRule::all_done:
      return when_done(Readiness::run);
    case TriggerRule::all_done_min_one_success:
      if (skipped > 0) return Readiness::skip;
      return when_done(success > 0 ? Readiness::run : Readiness::upstream_failed);
    case TriggerRule::one_success:
      if (success > 0) return Readiness::run;
      return when_done(broken > 0 ? Readiness::upstream_failed : Readiness::skip);
    case TriggerRule::one_failed:
      if (broken > 0) return Readiness::run;
      return when_done(Readiness::skip);
    case TriggerRule::one_done:
      if (success + failed > 0) return Readiness::run;
      return when_done(Readiness::skip);
    case TriggerRule::none_failed:
      if (broken > 0) return Readiness::upstream_failed;
      return when_done(Readiness::run);
    case TriggerRule::none_failed_min_one_success:
      if (broken > 0) return Readiness::upstream_failed;
      return when_done(success > 0 ? Readiness::run : Readiness::skip);
    case TriggerRule::none_skipped:
      if (skipped > 0) return Readiness::skip;
      return when_done(Readiness::run);
    case TriggerRule::all_skipped:
      if (success > 0 || broken > 0) return Readiness::skip;
      return when_done(Readiness::run);
    case TriggerRule::always:
      return Readiness::run;
  }
  return Readiness::wait;
}

TriggerRule rule_of(const Dag::Task& task) {
  const bool asks_status = task.condition && task.condition->uses_status_function();
  return task.spec.trigger_rule.value_or(asks_status ? TriggerRule::all_done
                                                     : TriggerRule::all_success);
}

std::optional<bool> value_of(const TaskProgress& task, DependsOn state) {
  const bool ended = task.open == 0;
  if (state == DependsOn::ended) return ended ? std::optional(true) : std::nullopt;
  const DependsOn so_far = worst(task.ends);
  const DependsOn best = state == DependsOn::success_or_skipped ? DependsOn::success : state;
  const DependsOn last = state == DependsOn::success_or_skipped ? DependsOn::skipped : state;
  // What is still open can only make it worse.
  if (so_far > last) return false;
  if (ended || so_far == DependsOn::failed) return so_far >= best;
  return std::nullopt;
}

Readiness readiness_of(const Run& run, int task) {
  const auto& dag_task = run.dag->task(task);
  if (dag_task.upstream.empty()) return Readiness::run;
  const auto& progress = run.tasks[static_cast<std::size_t>(task)];
  const bool all_done = progress.upstream_open == 0;
  if (dag_task.depends) return judge_depends(run, dag_task, progress);
  if (!dag_task.tears_down()) return judge(rule_of(dag_task), progress.upstream, all_done);
  if (!all_done) return Readiness::wait;
  const bool is_set_up =
      std::ranges::any_of(dag_task.setups, [&](int setup) { return has_succeeded(run, setup); });
  return is_set_up ? Readiness::run : Readiness::skip;
}

}  // namespace millrace
