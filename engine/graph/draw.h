// A DAG as text that other programs draw, as a picture, or as text for a terminal. Pure.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "engine/graph/task_graph.h"

namespace millrace {

enum class GraphFormat { text, mermaid, dot, svg };
constexpr std::array<std::string_view, 4> names_of(GraphFormat) {
  return {"text", "mermaid", "dot", "svg"};
}
constexpr std::string_view title_of(GraphFormat) { return "GraphFormat"; }

/// Ends with a new line. The same graph gives the same bytes. Names and conditions are escaped.
std::string draw(const TaskGraph& graph, GraphFormat format);

std::string draw_text(const TaskGraph& graph);
std::string draw_mermaid(const TaskGraph& graph);
std::string draw_dot(const TaskGraph& graph);
std::string draw_svg(const TaskGraph& graph);

/// `text` with each character that `entity_of` names replaced; "" means that it stays.
template <typename EntityOf>
std::string replace_characters(std::string_view text, const EntityOf& entity_of) {
  std::string out;
  for (const char c : text) {
    const std::string_view entity = entity_of(c);
    if (entity.empty())
      out += c;
    else
      out += entity;
  }
  return out;
}

}  // namespace millrace
