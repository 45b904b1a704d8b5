#include "engine/api/dag_grid.h"

#include <algorithm>
#include <array>
#include <functional>
#include <utility>

namespace millrace::api {
namespace {

constexpr std::array kByUrgency = {
    TaskState::failed,    TaskState::held,     TaskState::running, TaskState::up_for_retry,
    TaskState::queued,    TaskState::deferred, TaskState::pending, TaskState::upstream_failed,
    TaskState::cancelled, TaskState::success,  TaskState::skipped,
};
static_assert(kByUrgency.size() == kTaskStateCount, "each state has a place");

}  // namespace

TaskState more_urgent(TaskState a, TaskState b) {
  return *std::ranges::find_if(kByUrgency,
                               [=](TaskState state) { return state == a || state == b; });
}

std::vector<TaskCountRow> counts_of(const Run& run) {
  std::vector<TaskCountRow> counts;
  for (std::size_t task = 0; task < run.tasks.size(); ++task) {
    std::map<TaskState, TaskCountRow> by_state;
    for (const TaskInstance& instance : run.tasks[task].instances) {
      TaskCountRow& count = by_state[instance.state];
      ++count.instances;
      count.most_attempts = std::max(count.most_attempts, instance.attempt);
    }
    for (auto& [state, count] : by_state) {
      count.run = run.id;
      count.task = run.dag->task(static_cast<int>(task)).spec.id;
      count.state = state;
      counts.push_back(std::move(count));
    }
  }
  return counts;
}

DagGridView make_grid(std::vector<std::string> tasks, std::vector<RunRow> runs,
                      std::span<const TaskCountRow> counts) {
  DagGridView grid;
  std::map<std::string, std::size_t, std::less<>> places;
  for (auto& task : tasks)
    if (places.try_emplace(task, grid.tasks.size()).second) grid.tasks.push_back(std::move(task));
  for (const auto& count : counts)
    if (places.try_emplace(count.task, grid.tasks.size()).second) grid.tasks.push_back(count.task);

  std::map<Uuid, std::size_t> columns;
  for (auto& run : runs) {
    columns.emplace(run.run, grid.runs.size());
    grid.runs.push_back({std::move(run), std::vector<int>(grid.tasks.size(), -1), {}});
  }
  for (const auto& count : counts) {
    const auto column = columns.find(count.run);
    if (column == columns.end()) continue;
    GridRunView& run = grid.runs[column->second];
    const std::size_t place = places.at(count.task);
    int& cell = run.cells[place];
    cell = static_cast<int>(cell < 0 ? count.state
                                     : more_urgent(static_cast<TaskState>(cell), count.state));
    const int marked = static_cast<int>(place);
    if (count.most_attempts > 1 && std::ranges::find(run.retried, marked) == run.retried.end())
      run.retried.push_back(marked);
  }
  for (auto& run : grid.runs) std::ranges::sort(run.retried);
  return grid;
}

}  // namespace millrace::api
