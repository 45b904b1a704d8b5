#include <algorithm>
#include <unordered_map>

#include "engine/spec/read_dag.h"

namespace millrace::spec {
namespace {

constexpr std::size_t kMaxCycles = 5;
constexpr std::size_t kMaxPathShown = 20;

/// One entry of `needs`, resolved.
struct Edge {
  std::size_t to;  // the task needed
  Position at;
};
using Edges = std::vector<std::vector<Edge>>;

Edges resolve(const LocatedDag& dag, Report& report) {
  std::unordered_map<std::string_view, std::size_t> index;
  std::vector<std::string> ids;
  for (const auto& task : dag.spec.tasks) {
    index.emplace(task.id, ids.size());
    ids.push_back(task.id);
  }
  Edges edges(dag.tasks.size());
  for (std::size_t i = 0; i < dag.tasks.size(); ++i) {
    for (const auto& need : dag.tasks[i].needs) {
      const auto found = index.find(need.text);
      if (found == index.end()) {
        const std::string hint = report.full() ? "" : report.suggest(need.text, ids);
        report.error(need.at, "unknown-task",
                     "task " + quote(ids[i]) + " needs the unknown task " + quote(need.text), hint);
      } else {
        edges[i].push_back({found->second, need.at});
      }
    }
  }
  return edges;
}

/// Depth-first search along `needs`, without recursion: a chain may be as long as the file.
class CycleSearch {
 public:
  CycleSearch(const LocatedDag& dag, const Edges& edges, Report& report)
      : dag_(dag), edges_(edges), report_(report), state_(edges.size(), State::unseen) {}

  void run() {
    for (std::size_t start = 0; start < edges_.size() && found_ < kMaxCycles; ++start)
      if (state_[start] == State::unseen) search(start);
  }

 private:
  enum class State : unsigned char { unseen, on_path, done };

  void search(std::size_t start) {
    std::vector<std::pair<std::size_t, std::size_t>> path;  // task, next edge of it
    const auto enter = [&](std::size_t task) {
      state_[task] = State::on_path;
      path.emplace_back(task, 0);
    };
    enter(start);
    while (!path.empty() && found_ < kMaxCycles) {
      const auto [task, next] = path.back();
      if (next == edges_[task].size()) {
        state_[task] = State::done;
        path.pop_back();
        continue;
      }
      ++path.back().second;
      const Edge& edge = edges_[task][next];
      if (state_[edge.to] == State::unseen) {
        enter(edge.to);
      } else if (state_[edge.to] == State::on_path) {
        std::vector<std::size_t> cycle;
        auto at = std::ranges::find(path, edge.to, &std::pair<std::size_t, std::size_t>::first);
        for (; at != path.end(); ++at) cycle.push_back(at->first);
        tell(cycle, edge.at);
      }
    }
  }

  /// `cycle` runs against the arrows of the data: each task needs the next, the last needs the
  /// first.
  void tell(std::vector<std::size_t> cycle, const Position& at) {
    ++found_;
    std::ranges::reverse(cycle);
    // Begin with the task that stands first in the file, so that the path does not hang on the
    // search.
    std::rotate(cycle.begin(), std::ranges::min_element(cycle), cycle.end());
    std::string path;
    for (std::size_t i = 0; i < cycle.size() && i < kMaxPathShown; ++i)
      path += dag_.spec.tasks[cycle[i]].id + " -> ";
    if (cycle.size() > kMaxPathShown)
      path += "... (" + std::to_string(cycle.size() - kMaxPathShown) + " more) -> ";
    path += dag_.spec.tasks[cycle[0]].id;
    if (cycle.size() == 1)
      report_.error(at, "cycle", "task " + quote(dag_.spec.tasks[cycle[0]].id) + " needs itself");
    else
      report_.error(at, "cycle", "the tasks run in a circle: " + path,
                    "take one of these `needs` away");
  }

  const LocatedDag& dag_;
  const Edges& edges_;
  Report& report_;
  std::vector<State> state_;
  std::size_t found_ = 0;
};

}  // namespace

void check_graph(const LocatedDag& dag, const Loading& loading) {
  const Edges edges = resolve(dag, loading.report);
  CycleSearch(dag, edges, loading.report).run();
}

}  // namespace millrace::spec
