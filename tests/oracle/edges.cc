#include "tests/oracle/edges.h"

#include "tests/oracle/depends.h"
#include "tests/oracle/teardowns.h"

namespace millrace::oracle {
namespace {

struct Ends {
  int open = 0, success = 0, failed = 0, never_started = 0, skipped = 0;
  int broken() const { return failed + never_started; }
};

void count(Ends& ends, const TaskSpec& task, TaskState state) {
  const bool forgiven = task.continue_on_error && state == TaskState::failed;
  if (!is_end(state)) ++ends.open;
  if (state == TaskState::success || forgiven) ++ends.success;
  if ((state == TaskState::failed && !forgiven) || state == TaskState::cancelled) ++ends.failed;
  if (state == TaskState::upstream_failed) ++ends.never_started;
  if (state == TaskState::skipped) ++ends.skipped;
}

bool holds(TriggerRule rule, const Ends& e) {
  const bool all_ended = e.open == 0;
  switch (rule) {
    case TriggerRule::all_success:
      return all_ended && e.broken() == 0 && e.skipped == 0;
    case TriggerRule::all_failed:
      return all_ended && e.success == 0 && e.skipped == 0;
    case TriggerRule::all_done:
      return all_ended;
    case TriggerRule::all_done_min_one_success:
      return all_ended && e.skipped == 0 && e.success > 0;
    case TriggerRule::one_success:
      return e.success > 0;
    case TriggerRule::one_failed:
      return e.broken() > 0;
    case TriggerRule::one_done:
      return e.success + e.failed > 0;
    case TriggerRule::none_failed:
      return all_ended && e.broken() == 0;
    case TriggerRule::none_failed_min_one_success:
      return all_ended && e.broken() == 0 && e.success > 0;
    case TriggerRule::none_skipped:
      return all_ended && e.skipped == 0;
    case TriggerRule::all_skipped:
      return all_ended && e.success == 0 && e.broken() == 0;
    case TriggerRule::always:
      return true;
  }
  return false;
}

}  // namespace

bool may_start(const Run& run, int task) {
  const auto& dag_task = run.dag->task(task);
  if (dag_task.spec.teardown.is_set()) return may_tear_down(run, task);
  if (!dag_task.spec.depends.empty()) return depends_is_certain(run, dag_task.spec, true);
  if (dag_task.upstream.empty()) return true;
  Ends ends;
  for (const int up : dag_task.upstream)
    for (const auto& instance : run.tasks[static_cast<std::size_t>(up)].instances)
      count(ends, run.dag->task(up).spec, instance.state);
  const bool asks = dag_task.condition && dag_task.condition->uses_status_function();
  const TriggerRule by_default = asks ? TriggerRule::all_done : TriggerRule::all_success;
  return holds(dag_task.spec.trigger_rule.value_or(by_default), ends);
}

}  // namespace millrace::oracle
