// Expected times are counted by hand.
#include "engine/graph/graph_plan.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace millrace {
namespace {

using std::chrono::seconds;

std::vector<Duration> in_seconds(std::initializer_list<int> values) {
  std::vector<Duration> out;
  for (const int value : values) out.emplace_back(seconds{value});
  return out;
}

//   fetch ──► clean ──► train ──► report
//     └────► check ────────────────┘
TaskGraph pipeline() {
  return {.dag = "pipeline",
          .tasks = {{.id = "report", .op = "noop", .needs = {"train", "check"}},
                    {.id = "fetch", .op = "noop"},
                    {.id = "clean", .op = "noop", .needs = {"fetch"}},
                    {.id = "check", .op = "noop", .needs = {"fetch"}},
                    {.id = "train", .op = "noop", .needs = {"clean"}}}};
}

const PlannedTask& task(const GraphPlan& plan, std::string_view id) {
  return *std::ranges::find(plan.tasks, id, &PlannedTask::task);
}

TEST(GraphPlan, WithoutRunsHasLevelsAndTheChainWithMostTasks) {
  const GraphPlan plan = plan_graph(pipeline());
  EXPECT_EQ(plan.levels, 4);
  EXPECT_EQ(plan.widest, 2);
  EXPECT_EQ(task(plan, "check").level, 2);
  EXPECT_EQ(plan.longest_chain, (std::vector<std::string>{"fetch", "clean", "train", "report"}));
  EXPECT_EQ(plan.length, std::nullopt);
  EXPECT_EQ(task(plan, "fetch").start, std::nullopt);
}

TEST(GraphPlan, TakesTheMedianOfEachTask) {
  const GraphPlan plan =
      plan_graph(pipeline(), {in_seconds({1}), in_seconds({9, 1, 2}), in_seconds({4, 2}), {}, {}});
  EXPECT_EQ(task(plan, "fetch").median, seconds{2});
  EXPECT_EQ(task(plan, "clean").median, seconds{3});
  EXPECT_EQ(task(plan, "check").median, std::nullopt);
}

TEST(GraphPlan, ShowsWhenATaskStartsAndHowMuchLaterItMayEnd) {
  // report 1, fetch 2, clean 3, check 20, train 5: fetch, check, report take 23; train ends at 10.
  const GraphPlan plan = plan_graph(pipeline(), {in_seconds({1}), in_seconds({2}), in_seconds({3}),
                                                 in_seconds({20}), in_seconds({5})});
  EXPECT_EQ(plan.longest_chain, (std::vector<std::string>{"fetch", "check", "report"}));
  EXPECT_EQ(plan.length, seconds{23});
  EXPECT_EQ(task(plan, "report").start, seconds{22});
  EXPECT_EQ(task(plan, "train").start, seconds{5});
  EXPECT_EQ(task(plan, "train").slack, seconds{12});
  EXPECT_EQ(task(plan, "check").slack, seconds{0});
  EXPECT_TRUE(task(plan, "check").longest);
  EXPECT_FALSE(task(plan, "train").longest);
}

}  // namespace
}  // namespace millrace
