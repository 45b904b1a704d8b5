#include <algorithm>

#include "engine/graph/draw.h"
#include "engine/graph/graph_levels.h"

namespace millrace {
namespace {

std::string joined(const std::vector<std::string>& texts) {
  std::string out;
  for (const auto& text : texts) out += (out.empty() ? "" : ", ") + text;
  return out;
}

}  // namespace

/// A line for each task, indented by its level, below all that it needs.
std::string draw_text(const TaskGraph& graph) {
  const auto levels = levels_of(graph);
  std::size_t widest = 0;
  for (std::size_t level = 0; level < levels.size(); ++level)
    for (const std::size_t task : levels[level])
      widest = std::max(widest, 2 * level + graph.tasks[task].id.size());
  std::string out = graph.dag + "\n";
  for (std::size_t level = 0; level < levels.size(); ++level)
    for (const std::size_t place : levels[level]) {
      const GraphTask& task = graph.tasks[place];
      const std::string name = std::string(2 * level, ' ') + task.id;
      out += "  " + name + std::string(widest - name.size(), ' ') + "  " + task.op;
      if (!task.needs.empty()) out += " <- " + joined(task.needs);
      if (const auto marks = task.marks(); !marks.empty()) out += "  [" + joined(marks) + "]";
      out += '\n';
    }
  return out;
}

}  // namespace millrace
