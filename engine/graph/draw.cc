#include "engine/graph/draw.h"

namespace millrace {

std::string draw(const TaskGraph& graph, GraphFormat format) {
  using Draw = std::string (*)(const TaskGraph&);
  constexpr std::array<Draw, 4> kDraw = {draw_text, draw_mermaid, draw_dot, draw_svg};
  return kDraw[static_cast<std::size_t>(format)](graph);
}

}  // namespace millrace
