// The language of Graphviz: https://graphviz.org/doc/info/lang.html. A mapped task is a stack of
// boxes, a task that may be skipped a hexagon, any other a box.
#include "engine/graph/draw.h"

namespace millrace {
namespace {

std::string quoted(std::string_view text) {
  return "\"" +
         replace_characters(text,
                            [](char c) -> std::string_view {
                              if (c == '"') return "\\\"";
                              if (c == '\\') return "\\\\";
                              return "";
                            }) +
         "\"";
}

/// Lines in the middle. An escape of a label is written after the text of a line is escaped.
std::string dot_label(const GraphTask& task) {
  std::string out = quoted(task.id);
  const auto add = [&](std::string_view line) {
    const std::string next = quoted(line);
    out = out.substr(0, out.size() - 1) + "\\n" + next.substr(1);
  };
  add(task.op);
  for (const auto& mark : task.marks()) add(mark);
  return out;
}

std::string_view dot_shape(const GraphTask& task) {
  if (task.branches()) return "hexagon";
  return task.mapped ? "box3d" : "box";
}

}  // namespace

std::string draw_dot(const TaskGraph& graph) {
  std::string out = "digraph " + quoted(graph.dag) +
                    " {\n  rankdir=LR;\n  node [fontname=\"sans-serif\", fontsize=11];\n";
  for (const auto& task : graph.tasks)
    out += "  " + quoted(task.id) + " [shape=" + std::string(dot_shape(task)) +
           ", label=" + dot_label(task) + "];\n";
  for (const auto& task : graph.tasks)
    for (const auto& need : task.needs)
      out += "  " + quoted(need) + " -> " + quoted(task.id) + ";\n";
  return out + "}\n";
}

}  // namespace millrace
