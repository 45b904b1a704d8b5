#include "engine/graph/task_graph.h"

#include <algorithm>
#include <map>

#include "engine/base/record_json.h"
#include "engine/base/utf8.h"
#include "engine/graph/graph_levels.h"

namespace millrace {
namespace {

constexpr std::size_t kMostCharacters = 40;

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == text.npos) return "";
  return text.substr(first, text.find_last_not_of(kSpace) + 1 - first);
}

/// One line of at most 40 characters; what is cut is shown as "…".
std::string short_line(std::string_view prefix, std::string_view expression) {
  const std::string line = std::string(prefix) + std::string(trimmed(expression));
  std::string_view text = line;
  std::string out;
  std::size_t characters = 0;
  while (!text.empty()) {
    if (++characters > kMostCharacters) return out + "…";
    const std::size_t length = utf8_length(text);
    const bool shown = length > 0 && static_cast<unsigned char>(text[0]) >= ' ';
    out += shown ? std::string(text.substr(0, length)) : " ";
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out;
}

}  // namespace

bool GraphTask::branches() const {
  return !condition.empty() || (!trigger_rule.empty() && trigger_rule != "all_success");
}

std::vector<std::string> GraphTask::marks() const {
  std::vector<std::string> out;
  if (mapped) out.emplace_back("foreach");
  if (!condition.empty()) out.push_back(short_line("if: ", condition));
  if (!trigger_rule.empty() && trigger_rule != "all_success") out.push_back(trigger_rule);
  if (!repeat_until.empty()) out.push_back(short_line("repeat until ", repeat_until));
  return out;
}

std::vector<std::vector<std::size_t>> TaskGraph::upstream() const {
  std::map<std::string_view, std::size_t> place;
  for (std::size_t i = 0; i < tasks.size(); ++i) place[tasks[i].id] = i;
  std::vector<std::vector<std::size_t>> out(tasks.size());
  for (std::size_t i = 0; i < tasks.size(); ++i)
    for (const auto& need : tasks[i].needs)
      if (const auto found = place.find(need); found != place.end())
        out[i].push_back(found->second);
  return out;
}

TaskGraph task_graph_of(const Dag& dag) {
  TaskGraph graph{.dag = dag.key().text(), .tasks = {}};
  for (const auto& task : dag.tasks()) {
    const TaskSpec& spec = task.spec;
    graph.tasks.push_back({.id = spec.id,
                           .op = spec.op,
                           .needs = spec.needs,
                           .mapped = task.mapped(),
                           .condition = spec.condition,
                           .trigger_rule = std::string(
                               to_string(spec.trigger_rule.value_or(TriggerRule::all_success))),
                           .repeat_until = spec.repeat.until,
                           .repeat_max = spec.repeat.max});
  }
  return graph;
}

Result<TaskGraph> read_task_graph(const Json& detail) {
  TaskGraph graph;
  const Json& dag = detail["dag"];
  graph.dag = DagKey(dag["namespace"].as_string(kDefaultNamespace), dag["dag"].as_string()).text();
  MR_TRY(graph.tasks, read_record<std::vector<GraphTask>>(detail["tasks"]));
  std::size_t in_levels = 0;
  for (const auto& level : levels_of(graph)) in_levels += level.size();
  if (in_levels != graph.tasks.size())
    return invalid_argument("the tasks of '" + graph.dag + "' have a cycle");
  return graph;
}

}  // namespace millrace
