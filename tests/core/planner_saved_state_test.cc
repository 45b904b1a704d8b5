// What an attempt leaves to the next one: $MILLRACE_STATE of `command`.
#include <gtest/gtest.h>

#include "engine/core/planner.h"

namespace millrace {
namespace {

class SavedState : public ::testing::Test {
 protected:
  SavedState() {
    DagSpec spec;
    spec.id = "dag";
    TaskSpec task;
    task.id = "job";
    task.op = "fake";
    task.retries.max = 1;
    spec.tasks.push_back(task);
    dag_ = std::make_shared<const Dag>(*Dag::make(std::move(spec)));
    EXPECT_TRUE(planner_->register_dag({dag_, "dag.yaml", ".", {}}, now_).ok());
    TriggerRun input{.dag = "dag"};
    input.run = run_;
    EXPECT_TRUE(planner_->trigger_run(input, {}, now_).ok());
    start_ = next_start();
  }

  StartAttempt next_start() {
    for (auto& action : planner_->take_actions())
      if (auto* start = std::get_if<StartAttempt>(&action)) return *start;
    ADD_FAILURE() << "no attempt starts";
    return {};
  }
  std::string saved() { return planner_->find_run(run_)->instance({0, -1}).saved_state; }
  /// The events of the kind since the last call.
  int recorded() {
    int count = 0;
    for (const auto& event : planner_->take_events())
      count += std::holds_alternative<AttemptStateSaved>(event.body);
    return count;
  }

  Time now_ = *parse_rfc3339("2001-02-01T00:00:00Z");
  const Uuid run_{1, 1};
  std::shared_ptr<const Dag> dag_;
  std::unique_ptr<Planner> planner_ = std::make_unique<Planner>(PlannerOptions{}, 1, Rng(1));
  StartAttempt start_;
};

TEST_F(SavedState, TheAttemptAfterAFailureGetsIt) {
  EXPECT_EQ(start_.info.saved_state, "");
  planner_->saved({start_.key, "job-7"}, now_);
  planner_->complete({start_.key, unavailable("no answer"), false, now_}, now_);
  planner_->tick(now_ + std::chrono::hours{1});
  EXPECT_EQ(next_start().info.saved_state, "job-7");
}

TEST_F(SavedState, TheAttemptAfterALossGetsIt) {
  planner_->began({start_.key, now_}, now_);
  planner_->saved({start_.key, "job-7"}, now_);
  planner_->complete({start_.key, unavailable("killed"), true, now_}, now_);
  EXPECT_EQ(next_start().info.saved_state, "job-7");
}

TEST_F(SavedState, TheNextLeaderKnowsIt) {
  planner_->saved({start_.key, "job-7"}, now_);
  planner_->take_events();
  auto next = std::make_unique<Planner>(PlannerOptions{}, 2, Rng(7));
  DagState state;
  state.dag = dag_;
  next->restore_dag(std::move(state));
  next->restore_run(*planner_->find_run(run_));
  planner_ = std::move(next);
  planner_->recover(now_);
  EXPECT_EQ(next_start().info.saved_state, "job-7");
}

TEST_F(SavedState, OnlyTheCurrentAttemptSaves) {
  AttemptKey other = start_.key;
  other.epoch = 7;
  planner_->saved({other, "late"}, now_);
  other = start_.key;
  other.attempt = 2;
  planner_->saved({other, "early"}, now_);
  EXPECT_EQ(recorded(), 0);
  EXPECT_EQ(saved(), "");
}

TEST_F(SavedState, IsRecordedOnceAndWithinItsLimit) {
  planner_->take_events();
  planner_->saved({start_.key, "job-7"}, now_);
  planner_->saved({start_.key, "job-7"}, now_);
  EXPECT_EQ(recorded(), 1);
  planner_->saved({start_.key, std::string(kMaxSavedStateBytes, 'x')}, now_);
  EXPECT_EQ(recorded(), 1);
  planner_->saved({start_.key, std::string(kMaxSavedStateBytes + 1, 'x')}, now_);
  planner_->saved({start_.key, std::string("a\0b", 3)}, now_);
  EXPECT_EQ(recorded(), 0);
}

}  // namespace
}  // namespace millrace
