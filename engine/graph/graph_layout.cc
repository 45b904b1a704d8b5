#include "engine/graph/graph_layout.h"

#include <algorithm>

#include "engine/graph/graph_levels.h"

namespace millrace {
namespace {

constexpr double kGapX = 40, kGapY = 18, kMargin = 8;
constexpr int kSweeps = 4;
/// Longer edges of a huge DAG run behind its tasks.
constexpr std::size_t kMostPlaces = 50'000;

using Layers = std::vector<std::vector<std::size_t>>;

/// Tasks come first, then the places that long edges pass.
struct Layered {
  std::size_t tasks = 0;
  Layers layers;
  std::vector<std::vector<std::size_t>> ways;  // of each edge, from its first task to its last
  std::vector<std::vector<std::size_t>> before, after;

  std::size_t size() const { return before.size(); }
};

/// With the places that the edge passes in layers between its tasks.
std::vector<std::size_t> way_of(Layered& out, const std::vector<std::size_t>& level_of,
                                std::size_t from, std::size_t to) {
  std::vector<std::size_t> way{from};
  const bool passes = out.size() - out.tasks < kMostPlaces;
  for (std::size_t level = level_of[from] + 1; passes && level < level_of[to]; ++level) {
    way.push_back(out.size());
    out.layers[level].push_back(out.size());
    out.before.emplace_back();
    out.after.emplace_back();
  }
  way.push_back(to);
  for (std::size_t i = 1; i < way.size(); ++i) {
    out.before[way[i]].push_back(way[i - 1]);
    out.after[way[i - 1]].push_back(way[i]);
  }
  return way;
}

Layered layered(const TaskGraph& graph) {
  const std::size_t tasks = graph.tasks.size();
  Layered out{.tasks = tasks,
              .layers = levels_of(graph),
              .ways = {},
              .before = std::vector<std::vector<std::size_t>>(tasks),
              .after = std::vector<std::vector<std::size_t>>(tasks)};
  std::vector<std::size_t> level_of(tasks);
  for (std::size_t level = 0; level < out.layers.size(); ++level)
    for (const std::size_t task : out.layers[level]) level_of[task] = level;
  const auto upstream = graph.upstream();
  for (std::size_t task = 0; task < tasks; ++task)
    for (const std::size_t need : upstream[task])
      out.ways.push_back(way_of(out, level_of, need, task));
  return out;
}

/// Places in each layer around its middle.
void number(const Layered& graph, std::vector<double>& place) {
  for (const auto& layer : graph.layers)
    for (std::size_t i = 0; i < layer.size(); ++i)
      place[layer[i]] = static_cast<double>(i) - static_cast<double>(layer.size() - 1) / 2;
}

void sweep(std::vector<std::size_t>& layer, const std::vector<std::vector<std::size_t>>& near,
           std::vector<double>& place) {
  std::vector<std::pair<double, std::size_t>> centres;
  for (const std::size_t node : layer) {
    double sum = 0;
    for (const std::size_t other : near[node]) sum += place[other];
    centres.emplace_back(
        near[node].empty() ? place[node] : sum / static_cast<double>(near[node].size()), node);
  }
  std::ranges::stable_sort(centres, {}, &std::pair<double, std::size_t>::first);
  for (std::size_t i = 0; i < layer.size(); ++i) {
    layer[i] = centres[i].second;
    place[layer[i]] = static_cast<double>(i) - static_cast<double>(layer.size() - 1) / 2;
  }
}

std::vector<double> order(Layered& graph) {
  std::vector<double> place(graph.size());
  number(graph, place);
  for (int round = 0; round < kSweeps; ++round) {
    for (std::size_t i = 1; i < graph.layers.size(); ++i)
      sweep(graph.layers[i], graph.before, place);
    for (std::size_t i = graph.layers.size(); i-- > 1;)
      sweep(graph.layers[i - 1], graph.after, place);
  }
  return place;
}

}  // namespace

GraphLayout lay_out(const TaskGraph& graph, NodeSize node) {
  Layered nodes = layered(graph);
  const std::vector<double> place = order(nodes);
  const double top = place.empty() ? 0 : *std::ranges::min_element(place);
  const double bottom = place.empty() ? 0 : *std::ranges::max_element(place);
  std::vector<GraphPoint> corners(nodes.size());
  for (std::size_t layer = 0; layer < nodes.layers.size(); ++layer)
    for (const std::size_t each : nodes.layers[layer])
      corners[each] = {kMargin + static_cast<double>(layer) * (node.width + kGapX),
                       kMargin + (place[each] - top) * (node.height + kGapY)};
  GraphLayout out;
  out.nodes.assign(corners.begin(),
                   corners.begin() + static_cast<std::ptrdiff_t>(graph.tasks.size()));
  for (const auto& way : nodes.ways) {
    std::vector<GraphPoint> points;
    for (const std::size_t each : way) {
      const double y = corners[each].y + node.height / 2;
      points.push_back({corners[each].x, y});
      points.push_back({corners[each].x + node.width, y});
    }
    out.routes.emplace_back(points.begin() + 1, points.end() - 1);
  }
  const auto layers = static_cast<double>(nodes.layers.size());
  out.width = 2 * kMargin + std::max(0.0, layers * (node.width + kGapX) - kGapX);
  out.height = 2 * kMargin + (bottom - top) * (node.height + kGapY) + node.height;
  return out;
}

}  // namespace millrace
