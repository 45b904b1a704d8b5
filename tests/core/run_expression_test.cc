// What expressions see of a run.
#include <gtest/gtest.h>

#include "engine/core/run.h"

namespace millrace {
namespace {

/// A run of a mapped task `m` whose instances are in these states, and of a task that needs it.
std::string state_of(const std::vector<TaskState>& states) {
  DagSpec spec;
  spec.id = "d";
  spec.tasks.resize(2);
  spec.tasks[0].id = "m";
  spec.tasks[0].foreach = Json::array({1, 2, 3});
  spec.tasks[1].id = "after";
  spec.tasks[1].needs = {"m"};
  for (auto& task : spec.tasks) task.op = "noop";
  Run run;
  run.dag = std::make_shared<const Dag>(*Dag::make(std::move(spec)));
  run.tasks.resize(2);
  run.tasks[0].expanded = true;
  run.tasks[0].instances.clear();
  for (const TaskState state : states) run.tasks[0].instances.emplace_back().state = state;
  return expression_root(run, {0}, {1, -1})["tasks"]["m"]["state"].as_string();
}

TEST(RunExpression, TheStateOfAMappedTaskIsTheWorst) {
  using enum TaskState;
  EXPECT_EQ(state_of({failed, skipped}), "failed");
  EXPECT_EQ(state_of({skipped, failed}), "failed");
  EXPECT_EQ(state_of({failed, upstream_failed, success}), "failed");
  EXPECT_EQ(state_of({upstream_failed, skipped}), "upstream_failed");
  EXPECT_EQ(state_of({cancelled, skipped, success}), "cancelled");
  EXPECT_EQ(state_of({failed, cancelled}), "failed");
  EXPECT_EQ(state_of({success, skipped, success}), "skipped");
  EXPECT_EQ(state_of({skipped, running, success}), "running");
  EXPECT_EQ(state_of({success, success}), "success");
  EXPECT_EQ(state_of({}), "skipped");
}

}  // namespace
}  // namespace millrace
