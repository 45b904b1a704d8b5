#include "engine/graph/graph_layout.h"

#include <gtest/gtest.h>

#include <cmath>

namespace millrace {
namespace {

constexpr NodeSize kNode{100, 40};

/// Tasks "0", "1", …, of which each needs some of the earlier ones.
TaskGraph graph_of(std::initializer_list<std::vector<int>> needs) {
  TaskGraph graph{.dag = "g", .tasks = {}};
  for (const auto& of_one : needs) {
    GraphTask task{.id = std::to_string(graph.tasks.size()), .op = ""};
    for (const int need : of_one) task.needs.push_back(std::to_string(need));
    graph.tasks.push_back(std::move(task));
  }
  return graph;
}

bool overlap(GraphPoint a, GraphPoint b) {
  return std::abs(a.x - b.x) < kNode.width && std::abs(a.y - b.y) < kNode.height;
}

TEST(GraphLayout, NoTaskCoversAnotherAndAllAreInThePicture) {
  const TaskGraph graph = graph_of({{}, {}, {0}, {0, 1}, {1}, {2, 3, 4}, {0, 5}, {}});
  const GraphLayout layout = lay_out(graph, kNode);
  for (std::size_t i = 0; i < layout.nodes.size(); ++i) {
    const GraphPoint node = layout.nodes[i];
    EXPECT_TRUE(node.x >= 0 && node.y >= 0 && node.x + kNode.width <= layout.width &&
                node.y + kNode.height <= layout.height);
    for (std::size_t other = 0; other < i; ++other)
      EXPECT_FALSE(overlap(node, layout.nodes[other])) << i << " and " << other;
  }
}

TEST(GraphLayout, EdgesGoFromLeftToRight) {
  const GraphLayout layout = lay_out(graph_of({{}, {0}, {0, 1}}), kNode);
  ASSERT_EQ(layout.routes.size(), 3U);
  for (const auto& points : layout.routes)
    for (std::size_t i = 1; i < points.size(); ++i) EXPECT_LT(points[i - 1].x, points[i].x);
}

TEST(GraphLayout, AnEdgeOverSeveralLevelsRunsBetweenTheTasks) {
  const GraphLayout layout = lay_out(graph_of({{}, {0}, {0, 1}}), kNode);
  const auto& points = layout.routes[1];  // from 0 to 2, past 1
  ASSERT_EQ(points.size(), 4U);
  EXPECT_EQ(points[1].x, layout.nodes[1].x);
  EXPECT_GE(std::abs(points[1].y - kNode.height / 2 - layout.nodes[1].y), kNode.height);
}

TEST(GraphLayout, UncrossesTwoPairs) {
  // 0 ─► 3 and 1 ─► 2: in the order of the file their edges would cross.
  const GraphLayout layout = lay_out(graph_of({{}, {}, {1}, {0}}), kNode);
  EXPECT_LT(layout.nodes[3].y, layout.nodes[2].y);
}

TEST(GraphLayout, ManyLongEdgesEnd) {
  TaskGraph graph{.dag = "g", .tasks = {}};
  for (int i = 0; i < 2000; ++i) {
    GraphTask task{.id = std::to_string(i), .op = ""};
    if (i > 0) task.needs = {std::to_string(i - 1)};
    if (i > 1) task.needs.push_back("0");
    graph.tasks.push_back(std::move(task));
  }
  EXPECT_EQ(lay_out(graph, kNode).nodes.size(), 2000U);
}

}  // namespace
}  // namespace millrace
