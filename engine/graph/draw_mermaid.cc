// Mermaid flowcharts: https://mermaid.js.org/syntax/flowchart.html. A mapped task has the shape of
// a subroutine, a task that may be skipped a hexagon, any other a rectangle.
#include "engine/graph/draw.h"

namespace millrace {
namespace {

/// In quotes; entities are #NAME; or #NUMBER;.
std::string mermaid_text(std::string_view text) {
  return replace_characters(text, [](char c) -> std::string_view {
    switch (c) {
      case '"':
        return "#quot;";
      case '#':
        return "#35;";
      case '&':
        return "#amp;";
      case '<':
        return "#lt;";
      case '>':
        return "#gt;";
      case '`':  // "`…`" would be Markdown
        return "#96;";
      case '\\':  // \n would be a line break
        return "#92;";
      default:
        return "";
    }
  });
}

struct Shape {
  std::string_view open, close;
};

Shape mermaid_shape(const GraphTask& task) {
  if (task.branches()) return {"{{", "}}"};
  if (task.mapped) return {"[[", "]]"};
  return {"[", "]"};
}

}  // namespace

std::string draw_mermaid(const TaskGraph& graph) {
  std::string out = "---\ntitle: " + Json(graph.dag).dump() + "\n---\nflowchart LR\n";
  // Nodes are numbered, since `end` and other ids of tasks are words of Mermaid.
  for (std::size_t i = 0; i < graph.tasks.size(); ++i) {
    const GraphTask& task = graph.tasks[i];
    std::string label = mermaid_text(task.id) + "<br>" + mermaid_text(task.op);
    for (const auto& mark : task.marks()) label += "<br>" + mermaid_text(mark);
    const Shape shape = mermaid_shape(task);
    out += "  t" + std::to_string(i) + std::string(shape.open) + "\"" + label + "\"" +
           std::string(shape.close) + "\n";
  }
  const auto upstream = graph.upstream();
  for (std::size_t i = 0; i < upstream.size(); ++i)
    for (const std::size_t need : upstream[i])
      out += "  t" + std::to_string(need) + " --> t" + std::to_string(i) + "\n";
  return out;
}

}  // namespace millrace
