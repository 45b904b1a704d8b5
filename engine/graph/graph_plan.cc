#include "engine/graph/graph_plan.h"

#include <algorithm>

#include "engine/graph/graph_levels.h"

namespace millrace {
namespace {

std::optional<Duration> median_of(std::vector<Duration> durations) {
  if (durations.empty()) return std::nullopt;
  std::ranges::sort(durations);
  const std::size_t middle = durations.size() / 2;
  if (durations.size() % 2 == 1) return durations[middle];
  return (durations[middle - 1] + durations[middle]) / 2;
}

struct Times {
  std::vector<Duration> start, slack;
};

/// The critical path method: earliest starts from the front, latest ends from the back.
Times times_of(const TaskGraph& graph, const std::vector<std::vector<std::size_t>>& levels,
               const std::vector<Duration>& durations) {
  const auto upstream = graph.upstream();
  Times out{std::vector<Duration>(durations.size()), std::vector<Duration>(durations.size())};
  Duration end{};
  for (const auto& level : levels)
    for (const std::size_t task : level) {
      for (const std::size_t need : upstream[task])
        out.start[task] = std::max(out.start[task], out.start[need] + durations[need]);
      end = std::max(end, out.start[task] + durations[task]);
    }
  std::vector<Duration> latest_end(durations.size(), end);
  for (auto level = levels.rbegin(); level != levels.rend(); ++level)
    for (const std::size_t task : *level) {
      const Duration latest_start = latest_end[task] - durations[task];
      for (const std::size_t need : upstream[task])
        latest_end[need] = std::min(latest_end[need], latest_start);
      out.slack[task] = latest_start - out.start[task];
    }
  return out;
}

}  // namespace

GraphPlan plan_graph(const TaskGraph& graph, const std::vector<std::vector<Duration>>& past) {
  std::vector<std::optional<Duration>> medians(graph.tasks.size());
  for (std::size_t task = 0; task < past.size(); ++task) medians[task] = median_of(past[task]);
  std::vector<Duration> durations;
  for (const auto& median : medians) durations.push_back(median.value_or(Duration{}));

  const auto levels = levels_of(graph);
  const LongestChain chain = longest_chain(graph, durations);
  const Times times = times_of(graph, levels, durations);
  const bool known =
      std::ranges::any_of(medians, [](const auto& each) { return each.has_value(); });
  GraphPlan plan{.dag = graph.dag,
                 .levels = static_cast<int>(levels.size()),
                 .widest = 0,
                 .tasks = {},
                 .longest_chain = {},
                 .length = known ? std::optional(chain.length) : std::nullopt};
  for (const std::size_t task : chain.tasks) plan.longest_chain.push_back(graph.tasks[task].id);
  for (std::size_t level = 0; level < levels.size(); ++level) {
    plan.widest = std::max(plan.widest, static_cast<int>(levels[level].size()));
    for (const std::size_t task : levels[level]) {
      PlannedTask planned{.task = graph.tasks[task].id,
                          .op = graph.tasks[task].op,
                          .level = static_cast<int>(level) + 1,
                          .longest = std::ranges::count(chain.tasks, task) > 0,
                          .median = medians[task],
                          .start = {},
                          .slack = {}};
      if (known) {
        planned.start = times.start[task];
        planned.slack = times.slack[task];
      }
      plan.tasks.push_back(std::move(planned));
    }
  }
  return plan;
}

}  // namespace millrace
