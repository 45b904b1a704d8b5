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
  for (int task = 0; task < static_cast<int>(run.tasks.size()); ++task) {
    const bool is_last = std::ranges::all_of(run.dag->task(task).downstream,
                                             [&](int d) { return was_left_out(run, d); });
    if (is_last && is_broken(run, task)) return RunStatus::failed;
  }
  return RunStatus::success;
}

}  // namespace millrace
