#include "engine/graph/graph_levels.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace millrace {
namespace {

/// Places, upstream before downstream, each with its level. Without the tasks of a cycle.
std::vector<std::pair<std::size_t, std::size_t>> ordered(const TaskGraph& graph) {
  const auto upstream = graph.upstream();
  std::vector<std::vector<std::size_t>> downstream(graph.tasks.size());
  std::vector<std::size_t> missing(graph.tasks.size());
  std::vector<std::pair<std::size_t, std::size_t>> out;
  for (std::size_t task = 0; task < graph.tasks.size(); ++task) {
    for (const std::size_t need : upstream[task]) downstream[need].push_back(task);
    missing[task] = upstream[task].size();
    if (missing[task] == 0) out.emplace_back(task, 0);
  }
  for (std::size_t i = 0; i < out.size(); ++i)
    for (const std::size_t task : downstream[out[i].first])
      // The last of its needs that comes is one of the highest level.
      if (--missing[task] == 0) out.emplace_back(task, out[i].second + 1);
  return out;
}

}  // namespace

std::vector<std::vector<std::size_t>> levels_of(const TaskGraph& graph) {
  std::vector<std::vector<std::size_t>> levels;
  for (const auto& [task, level] : ordered(graph)) {
    if (level >= levels.size()) levels.resize(level + 1);
    levels[level].push_back(task);
  }
  for (auto& level : levels) std::ranges::sort(level);
  return levels;
}

LongestChain longest_chain(const TaskGraph& graph, const std::vector<Duration>& durations) {
  struct End {
    Duration length{};
    std::size_t count = 0;
    std::optional<std::size_t> before;
  };
  const auto upstream = graph.upstream();
  const auto longer = [](const End& a, const End& b) {
    return std::pair(a.length, a.count) > std::pair(b.length, b.count);
  };
  std::vector<End> ends(graph.tasks.size());
  std::optional<std::size_t> last;
  for (const auto& level : levels_of(graph))
    for (const std::size_t task : level) {
      End& end = ends[task];
      for (const std::size_t need : upstream[task])
        if (const End via{ends[need].length, ends[need].count, need}; longer(via, end)) end = via;
      end.length += durations[task];
      ++end.count;
      if (!last || longer(end, ends[*last])) last = task;
    }
  LongestChain chain;
  if (last) chain.length = ends[*last].length;
  for (; last; last = ends[*last].before) chain.tasks.push_back(*last);
  std::ranges::reverse(chain.tasks);
  return chain;
}

}  // namespace millrace
