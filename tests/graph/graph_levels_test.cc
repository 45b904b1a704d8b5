#include "engine/graph/graph_levels.h"

#include <gtest/gtest.h>

namespace millrace {
namespace {

using std::chrono::seconds;
using Levels = std::vector<std::vector<std::size_t>>;
using Places = std::vector<std::size_t>;

//   a ──► b ──► d
//   └──► c ────┘     e
TaskGraph diamond() {
  return {.dag = "diamond",
          .tasks = {{.id = "a", .op = ""},
                    {.id = "b", .op = "", .needs = {"a"}},
                    {.id = "c", .op = "", .needs = {"a"}},
                    {.id = "d", .op = "", .needs = {"b", "c"}},
                    {.id = "e", .op = ""}}};
}

std::vector<Duration> of_seconds(std::initializer_list<int> values) {
  std::vector<Duration> out;
  for (const int value : values) out.emplace_back(seconds{value});
  return out;
}

TEST(GraphLevels, ATaskIsOneLevelBelowTheDeepestOfItsNeeds) {
  TaskGraph graph = diamond();
  EXPECT_EQ(levels_of(graph), (Levels{{0, 4}, {1, 2}, {3}}));
  graph.tasks[4].needs = {"d", "a"};
  EXPECT_EQ(levels_of(graph), (Levels{{0}, {1, 2}, {3}, {4}}));
}

TEST(GraphLevels, TasksOfACycleHaveNoLevel) {
  TaskGraph graph = diamond();
  graph.tasks[1].needs = {"d"};
  EXPECT_EQ(levels_of(graph), (Levels{{0, 4}, {2}}));
}

TEST(LongestChain, FollowsTheSlowerBranch) {
  const auto chain = longest_chain(diamond(), of_seconds({1, 2, 5, 1, 3}));
  EXPECT_EQ(chain.tasks, (Places{0, 2, 3}));
  EXPECT_EQ(chain.length, seconds{7});
}

TEST(LongestChain, MayBeOneTaskThatNeedsNothing) {
  const auto chain = longest_chain(diamond(), of_seconds({1, 2, 5, 1, 30}));
  EXPECT_EQ(chain.tasks, (Places{4}));
}

TEST(LongestChain, WithoutDurationsIsTheOneWithMostTasks) {
  EXPECT_EQ(longest_chain(diamond(), of_seconds({0, 0, 0, 0, 0})).tasks, (Places{0, 1, 3}));
}

TEST(LongestChain, OfNoTasksIsEmpty) { EXPECT_TRUE(longest_chain({}, {}).tasks.empty()); }

}  // namespace
}  // namespace millrace
