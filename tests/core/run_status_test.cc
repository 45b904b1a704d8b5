// What a run amounts to by its leaves, and what a failure that is forgiven means downstream.
#include <gtest/gtest.h>

#include "engine/core/planner.h"

namespace millrace {
namespace {

TaskSpec task(std::string id, std::vector<std::string> needs = {}, std::string condition = "") {
  TaskSpec spec;
  spec.id = std::move(id);
  spec.op = "fake";
  spec.needs = std::move(needs);
  spec.condition = std::move(condition);
  return spec;
}
TaskSpec forgiven(TaskSpec spec) {
  spec.continue_on_error = true;
  return spec;
}
TaskSpec with_rule(TaskSpec spec, TriggerRule rule) {
  spec.trigger_rule = rule;
  return spec;
}

/// Plays one run to its end: tasks whose id begins with `bad` fail, all others succeed.
class RunStatusTest : public ::testing::Test {
 protected:
  RunStatus play(std::vector<TaskSpec> tasks) {
    DagSpec spec;
    spec.id = "dag";
    spec.tasks = std::move(tasks);
    auto made = Dag::make(std::move(spec));
    EXPECT_TRUE(made.ok()) << made.error().to_string();
    dag_ = std::make_shared<const Dag>(*std::move(made));
    planner_.emplace(PlannerOptions{}, 1, Rng(1));
    EXPECT_TRUE(planner_->register_dag({dag_, "dag.yaml", ".", {}}, now_).ok());
    TriggerRun input;
    input.dag = "dag";
    input.run = run_;
    EXPECT_TRUE(planner_->trigger_run(input, {}, now_).ok());
    for (auto actions = planner_->take_actions(); !actions.empty();
         actions = planner_->take_actions())
      for (const auto& action : actions) end(std::get<StartAttempt>(action));
    return planner_->find_run(run_)->status;
  }
  TaskState state(std::string_view id) {
    return planner_->find_run(run_)->instance({dag_->index_of(id), -1}).state;
  }

 private:
  void end(const StartAttempt& start) {
    Result<Outcome> outcome = Outcome{Done{}};
    if (start.info.task_id.starts_with("bad")) outcome = invalid_argument("a failure");
    planner_->complete({start.key, std::move(outcome), false, now_}, now_);
  }

  const Time now_ = *parse_rfc3339("2001-02-01T00:00:00Z");
  const Uuid run_{1, 1};
  std::shared_ptr<const Dag> dag_;
  std::optional<Planner> planner_;
};

// Airflow, dagrun.py: the leaves decide; a leaf that failed or could not start fails the run.
TEST_F(RunStatusTest, AFailedLeafFailsTheRun) {
  EXPECT_EQ(play({task("good"), task("bad", {"good"})}), RunStatus::failed);
  EXPECT_EQ(play({task("bad"), task("next", {"bad"})}), RunStatus::failed);
  EXPECT_EQ(state("next"), TaskState::upstream_failed);
}

TEST_F(RunStatusTest, AFailureThatABranchHandledDoesNotFailTheRun) {
  EXPECT_EQ(play({task("bad"), task("undo", {"bad"}, "failure()")}), RunStatus::success);
  EXPECT_EQ(state("bad"), TaskState::failed);
  EXPECT_EQ(state("undo"), TaskState::success);
  EXPECT_EQ(play({task("bad"), with_rule(task("undo", {"bad"}), TriggerRule::one_failed)}),
            RunStatus::success);
}

TEST_F(RunStatusTest, AFailureOfTheHandlerFailsTheRun) {
  EXPECT_EQ(play({task("bad"), task("bad_undo", {"bad"}, "failure()")}), RunStatus::failed);
}

TEST_F(RunStatusTest, ATaskThatCouldNotStartFailsTheRunAlthoughAnotherHandledTheFailure) {
  EXPECT_EQ(play({task("bad"), task("next", {"bad"}), task("undo", {"bad"}, "failure()")}),
            RunStatus::failed);
  EXPECT_EQ(state("undo"), TaskState::success);
}

TEST_F(RunStatusTest, ASkippedBranchNextToAHandlerDoesNotFailTheRun) {
  EXPECT_EQ(
      play({task("bad"), task("next", {"bad"}, "success()"), task("undo", {"bad"}, "failure()")}),
      RunStatus::success);
  EXPECT_EQ(state("next"), TaskState::skipped);
}

TEST_F(RunStatusTest, AHandlerFurtherDownHandlesTheFailureOfAChain) {
  EXPECT_EQ(play({task("bad"), task("next", {"bad"}), task("undo", {"next"}, "failure()")}),
            RunStatus::success);
  EXPECT_EQ(state("next"), TaskState::upstream_failed);
}

// GitHub Actions: a job with a failed step has failed, whatever `if: success()` leaves out after
// it.
TEST_F(RunStatusTest, SkippedTasksDownstreamHideNoFailure) {
  EXPECT_EQ(play({task("bad"), task("publish", {"bad"}, "success()")}), RunStatus::failed);
  EXPECT_EQ(state("publish"), TaskState::skipped);
}

TEST_F(RunStatusTest, SkippedTasksAloneDoNotFailTheRun) {
  EXPECT_EQ(play({task("good"), task("undo", {"good"}, "failure()")}), RunStatus::success);
}

// GitHub Actions, continue-on-error: the outcome is a failure, the conclusion a success.
TEST_F(RunStatusTest, AForgivenFailureCountsAsSuccessForTheRun) {
  EXPECT_EQ(play({forgiven(task("bad"))}), RunStatus::success);
  EXPECT_EQ(state("bad"), TaskState::failed);
}

TEST_F(RunStatusTest, AForgivenFailureCountsAsSuccessDownstream) {
  EXPECT_EQ(play({forgiven(task("bad")), task("next", {"bad"}), task("asks", {"bad"}, "failure()"),
                  task("reads", {"bad"}, "success() && tasks.bad.state == 'failed'")}),
            RunStatus::success);
  EXPECT_EQ(state("next"), TaskState::success);
  EXPECT_EQ(state("asks"), TaskState::skipped);
  EXPECT_EQ(state("reads"), TaskState::success);
}

TEST_F(RunStatusTest, ATaskThatCouldNotStartIsNotForgiven) {
  EXPECT_EQ(play({task("bad"), forgiven(task("next", {"bad"}))}), RunStatus::failed);
}

TEST_F(RunStatusTest, AForgivenInstanceOfAMappedTaskLetsTheOthersCount) {
  TaskSpec each = forgiven(task("bad_each"));
  each.foreach = Json::array({1, 2});
  EXPECT_EQ(play({each, task("next", {"bad_each"})}), RunStatus::success);
  EXPECT_EQ(state("next"), TaskState::success);
}

TEST(ContinueOnError, IsInTheCanonicalFormOnlyWhereItIsSet) {
  DagSpec spec;
  spec.id = "dag";
  spec.tasks = {task("plain"), forgiven(task("optional"))};
  const Json json = Dag::to_json(spec);
  EXPECT_FALSE(json["tasks"].at(0).contains("continue_on_error"));
  const auto back = Dag::spec_from_json(json);
  ASSERT_TRUE(back.ok());
  EXPECT_FALSE(back->tasks[0].continue_on_error);
  EXPECT_TRUE(back->tasks[1].continue_on_error);
}

}  // namespace
}  // namespace millrace
