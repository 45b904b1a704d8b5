// A picture that needs no other file. A mapped task is a stack of boxes, a task that may be skipped
// a hexagon, any other a box.
#include <algorithm>
#include <cstdio>

#include "engine/base/utf8.h"
#include "engine/graph/draw.h"
#include "engine/graph/graph_layout.h"

namespace millrace {
namespace {

constexpr double kCharacter = 6.7;  // width of one in a monospaced font of 11 px
constexpr double kLine = 15, kPadding = 14, kMostWidth = 210, kStack = 4, kPoint = 10;

std::string xml_text(std::string_view text) {
  return replace_characters(text, [](char c) -> std::string_view {
    switch (c) {
      case '&':
        return "&amp;";
      case '<':
        return "&lt;";
      case '>':
        return "&gt;";
      case '"':
        return "&quot;";
      default:
        return "";
    }
  });
}

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f", value);
  return text;
}

std::string at(double x, double y) { return number(x) + " " + number(y); }

std::size_t characters_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

std::vector<std::string> lines_of(const GraphTask& task) {
  std::vector<std::string> lines{task.id, task.op};
  for (auto& mark : task.marks()) lines.push_back(std::move(mark));
  return lines;
}

/// At most as many characters as fit.
std::string cut(std::string_view text, double width) {
  const auto most = static_cast<std::size_t>(width / kCharacter);
  if (characters_of(text) <= most) return std::string(text);
  std::string out;
  for (std::size_t i = 0; i + 1 < most; ++i) {
    const std::size_t length = std::max<std::size_t>(utf8_length(text), 1);
    out += text.substr(0, length);
    text.remove_prefix(length);
  }
  return out + "…";
}

NodeSize size_of_nodes(const TaskGraph& graph) {
  std::size_t longest = 0, most = 2;
  for (const auto& task : graph.tasks) {
    const auto lines = lines_of(task);
    most = std::max(most, lines.size());
    for (const auto& line : lines) longest = std::max(longest, characters_of(line));
  }
  return {std::min(kMostWidth, static_cast<double>(longest) * kCharacter + 2 * kPadding),
          static_cast<double>(most) * kLine + kPadding};
}

std::string box(GraphPoint corner, NodeSize size) {
  return "<rect x=\"" + number(corner.x) + "\" y=\"" + number(corner.y) + "\" width=\"" +
         number(size.width) + "\" height=\"" + number(size.height) + "\" rx=\"6\"/>";
}

std::string hexagon(GraphPoint corner, NodeSize size) {
  const double left = corner.x, right = corner.x + size.width, top = corner.y;
  const double middle = top + size.height / 2, bottom = top + size.height;
  return "<path d=\"M" + at(left, middle) + "L" + at(left + kPoint, top) + "L" +
         at(right - kPoint, top) + "L" + at(right, middle) + "L" + at(right - kPoint, bottom) +
         "L" + at(left + kPoint, bottom) + "Z\"/>";
}

std::string node(const GraphTask& task, GraphPoint corner, NodeSize size) {
  const auto lines = lines_of(task);
  std::string out = "<g class=\"task\"><title>";  // a browser shows it as the tooltip
  for (std::size_t i = 0; i < lines.size(); ++i)
    out += (i == 0 ? "" : "&#10;") + xml_text(lines[i]);
  out += "</title>";
  const auto shape = task.branches() ? hexagon : box;
  if (task.mapped) out += shape({corner.x + kStack, corner.y - kStack}, size);
  out += shape(corner, size);
  double y = corner.y + size.height / 2 - kLine * static_cast<double>(lines.size()) / 2 + 11;
  for (std::size_t i = 0; i < lines.size(); ++i, y += kLine)
    out += "<text x=\"" + number(corner.x + size.width / 2) + "\" y=\"" + number(y) + "\"" +
           (i == 0 ? " class=\"id\"" : "") + ">" +
           xml_text(cut(lines[i], size.width - 2 * kPadding + kCharacter)) + "</text>";
  return out + "</g>\n";
}

/// A smooth line through all points: level where it meets them.
std::string edge(const std::vector<GraphPoint>& points) {
  std::string path = "M" + at(points[0].x, points[0].y);
  for (std::size_t i = 1; i < points.size(); ++i) {
    const GraphPoint a = points[i - 1], b = points[i];
    const double middle = (a.x + b.x) / 2;
    path += a.y == b.y ? "L" + at(b.x, b.y)
                       : "C" + at(middle, a.y) + " " + at(middle, b.y) + " " + at(b.x, b.y);
  }
  return "<path class=\"edge\" d=\"" + path + "\" marker-end=\"url(#arrow)\"/>\n";
}

constexpr std::string_view kStyle =
    "<style>.task rect,.task path{fill:#f6f8fa;stroke:#57606a}.edge{fill:none;stroke:#8c959f}"
    "text{font:11px monospace;text-anchor:middle;fill:#57606a}.id{font-weight:bold;fill:#1f2328}"
    "</style>\n<defs><marker id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" "
    "markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\"><path d=\"M0 0L8 4L0 8Z\" "
    "fill=\"#8c959f\"/></marker></defs>\n";

}  // namespace

std::string draw_svg(const TaskGraph& graph) {
  const NodeSize size = size_of_nodes(graph);
  const GraphLayout layout = lay_out(graph, size);
  const std::string width = number(layout.width + kStack), height = number(layout.height);
  std::string out = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" + width + "\" height=\"" +
                    height + "\" viewBox=\"0 0 " + width + " " + height + "\">\n<title>" +
                    xml_text(graph.dag) + "</title>\n" + std::string(kStyle) +
                    "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n";
  for (const auto& route : layout.routes) out += edge(route);
  for (std::size_t i = 0; i < graph.tasks.size(); ++i)
    out += node(graph.tasks[i], layout.nodes[i], size);
  return out + "</svg>\n";
}

}  // namespace millrace
