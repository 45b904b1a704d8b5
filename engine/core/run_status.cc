// What a run amounts to: its leaves decide, as in Airflow. A failure with tasks downstream is
// theirs to take up; one that all of them were skipped after was handled by none and counts as
// well, so that `if: success()` hides no failure.
#include <algorithm>

#include "engine/core/run.h"

namespace millrace {
namespace {

bool is_broken(const Run& run, int task) {
  const bool forgiven = run.dag->task(task).spec.continue_on_error;
  const auto& instances = run.tasks[static_cast<std::size_t>(task)].instances;
  return std::ranges::any_of(instances, [&](const auto& instance) {
    return (instance.state == TaskState::failed && !forgiven) ||
           instance.state == TaskState::upstream_failed || instance.state == TaskState::cancelled;
  });
}

bool was_left_out(const Run& run, int task) {
  const auto& instances = run.tasks[static_cast<std::size_t>(task)].instances;
  return std::ranges::all_of(
      instances, [](const auto& instance) { return instance.state == TaskState::skipped; });
}

}  // namespace

RunStatus derive_status(const Run& run) {
  if (run.open_tasks > 0) return RunStatus::running;
  if (run.cancelling) return RunStatus::cancelled;
  // A teardown handles no failure: it runs after a success as well.
  const auto handles_none = [&](int task) {
    return run.dag->task(task).tears_down() || was_left_out(run, task);
  };
  for (int task = 0; task < static_cast<int>(run.tasks.size()); ++task) {
    const auto& dag_task = run.dag->task(task);
    const bool counts = !dag_task.tears_down() || dag_task.spec.teardown.fail_run;
    if (counts && std::ranges::all_of(dag_task.downstream, handles_none) && is_broken(run, task))
      return RunStatus::failed;
  }
  return RunStatus::success;
}

}  // namespace millrace
