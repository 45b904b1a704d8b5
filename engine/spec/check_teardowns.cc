// Tasks that use a setup and may be under way when its teardown runs.
#include <algorithm>
#include <unordered_map>

#include "engine/spec/read_dag.h"

namespace millrace::spec {
namespace {

using Lists = std::vector<std::vector<std::size_t>>;

struct Graph {
  Lists upstream, downstream;
};

Graph graph_of(const LocatedDag& dag) {
  std::unordered_map<std::string_view, std::size_t> index;
  for (const auto& task : dag.spec.tasks) index.emplace(task.id, index.size());
  Graph graph{Lists(dag.tasks.size()), Lists(dag.tasks.size())};
  for (std::size_t i = 0; i < dag.spec.tasks.size(); ++i)
    for (const auto& need : dag.spec.tasks[i].needs)
      if (const auto found = index.find(need); found != index.end()) {
        graph.upstream[i].push_back(found->second);
        graph.downstream[found->second].push_back(i);
      }
  return graph;
}

std::vector<bool> reach(std::size_t from, const Lists& edges) {
  std::vector<bool> seen(edges.size(), false);
  std::vector<std::size_t> open = {from};
  seen[from] = true;
  while (!open.empty()) {
    const std::size_t task = open.back();
    open.pop_back();
    for (const std::size_t next : edges[task]) {
      if (seen[next]) continue;
      seen[next] = true;
      open.push_back(next);
    }
  }
  return seen;
}

/// One of its setups is `id`.
bool is_setup_of(const TaskSpec& task, const std::string& id) {
  return std::ranges::find(task.teardown.setups, id) != task.teardown.setups.end();
}

}  // namespace

void check_teardowns(const LocatedDag& dag, const Loading& loading) {
  const auto& tasks = dag.spec.tasks;
  Graph graph;
  for (std::size_t i = 0; i < tasks.size() && !loading.report.full(); ++i) {
    if (!tasks[i].teardown.is_set()) continue;
    if (graph.upstream.empty()) graph = graph_of(dag);
    const auto before = reach(i, graph.upstream), after = reach(i, graph.downstream);
    for (const std::size_t up : graph.upstream[i]) {
      if (!is_setup_of(tasks[i], tasks[up].id)) continue;
      for (const std::size_t user : graph.downstream[up])
        if (!before[user] && !after[user] && !is_setup_of(tasks[user], tasks[up].id))
          loading.report.warning(
              dag.tasks[user].at, "teardown-order",
              "task " + quote(tasks[user].id) + " needs " + quote(tasks[up].id) +
                  ", and may be running when " + quote(tasks[i].id) + " tears that down",
              "add " + quote(tasks[user].id) + " to the `needs` of " + quote(tasks[i].id));
    }
  }
}

}  // namespace millrace::spec
