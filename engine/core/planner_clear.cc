// Which tasks of a run begin again when a person retries it.
#include <algorithm>

#include "engine/core/planner.h"

namespace millrace {
namespace {

struct Chosen {
  std::vector<bool> tasks;
  std::vector<bool> whole;  // with the instances that succeeded
};

std::size_t slot(int task) { return static_cast<std::size_t>(task); }

bool needs_retry(const TaskProgress& task) {
  return std::ranges::any_of(task.instances, [](const auto& instance) {
    return is_end(instance.state) && instance.state != TaskState::success &&
           instance.state != TaskState::skipped;
  });
}

void choose_downstream(const Run& run, Chosen& chosen) {
  for (const int task : run.dag->topological_order())
    for (const int up : run.dag->task(task).upstream)
      if (chosen.tasks[slot(up)]) chosen.tasks[slot(task)] = chosen.whole[slot(task)] = true;
}

/// It has had an attempt since it was created or cleared.
bool has_begun(const TaskProgress& task) {
  return std::ranges::any_of(task.instances, [&](const auto& instance) {
    return is_end(instance.state) && instance.attempt > task.attempt_floor;
  });
}

/// A task between a setup and its teardown needs what the teardown has removed: the setup begins
/// again as well. False: there is no further one.
bool choose_setups(const Run& run, Chosen& chosen) {
  bool any = false;
  for (std::size_t i = 0; i < run.tasks.size(); ++i) {
    const auto& task = run.dag->tasks()[i];
    const bool is_below_chosen = std::ranges::any_of(
        task.upstream, [&](int up) { return static_cast<bool>(chosen.tasks[slot(up)]); });
    if (!task.tears_down() || !is_below_chosen || !has_begun(run.tasks[i])) continue;
    for (const int setup : task.setups) {
      any |= !chosen.tasks[slot(setup)];
      chosen.tasks[slot(setup)] = chosen.whole[slot(setup)] = true;
    }
  }
  return any;
}

/// `roots` and all that is downstream of them; no roots: whatever did not succeed.
Chosen choose_tasks(const Run& run, const std::vector<int>& roots) {
  const std::vector<bool> none(run.tasks.size(), false);
  Chosen chosen{none, none};
  for (const int root : roots) chosen.tasks[slot(root)] = chosen.whole[slot(root)] = true;
  if (roots.empty())
    for (std::size_t i = 0; i < run.tasks.size(); ++i) chosen.tasks[i] = needs_retry(run.tasks[i]);
  choose_downstream(run, chosen);
  while (choose_setups(run, chosen)) choose_downstream(run, chosen);
  return chosen;
}

}  // namespace

/// Pending tasks stay as they are; one that has begun and not ended is a conflict: its upstream
/// must not move under it.
Result<std::vector<TaskRef>> Planner::tasks_to_clear(const Run& run,
                                                     const std::vector<int>& roots) const {
  const Chosen chosen = choose_tasks(run, roots);
  std::vector<TaskRef> refs;
  for (std::size_t i = 0; i < run.tasks.size(); ++i) {
    const auto& task = run.tasks[i];
    if (!chosen.tasks[i]) continue;
    if (task.open > 0) {
      const bool begun = std::ranges::any_of(task.instances, [](const auto& instance) {
        return instance.state != TaskState::pending;
      });
      if (begun)
        return conflict("task '" + run.dag->tasks()[i].spec.id +
                        "' is still under way; cancel it or wait for its end");
      continue;
    }
    if (!task.expanded || chosen.whole[i]) {
      refs.push_back({static_cast<int>(i), -1});
      continue;
    }
    for (std::size_t m = 0; m < task.instances.size(); ++m)
      if (task.instances[m].state != TaskState::success)
        refs.push_back({static_cast<int>(i), static_cast<int>(m)});
  }
  return refs;
}

}  // namespace millrace
