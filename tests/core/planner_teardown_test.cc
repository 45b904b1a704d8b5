// Teardowns: tasks that clean up after their setups, whatever happened in between.
#include <gtest/gtest.h>

#include <algorithm>

#include "engine/core/planner.h"

namespace millrace {
namespace {

TaskSpec fake(std::string id, std::vector<std::string> needs = {}) {
  TaskSpec spec;
  spec.id = std::move(id);
  spec.op = "fake";
  spec.needs = std::move(needs);
  return spec;
}
TaskSpec teardown(std::string id, std::vector<std::string> setups,
                  std::vector<std::string> work = {}) {
  TaskSpec spec = fake(std::move(id), setups);
  spec.needs.insert(spec.needs.end(), work.begin(), work.end());
  spec.teardown.setups = std::move(setups);
  return spec;
}
TaskSpec ruled(TaskSpec spec, TriggerRule rule) {
  spec.trigger_rule = rule;
  return spec;
}
TaskSpec failing_run(TaskSpec spec) {
  spec.teardown.fail_run = true;
  return spec;
}

/// One run. Its tasks end when the test says so.
class Teardowns : public ::testing::Test {
 protected:
  void begin(std::vector<TaskSpec> tasks) {
    DagSpec spec;
    spec.id = "dag";
    spec.tasks = std::move(tasks);
    auto made = Dag::make(std::move(spec));
    ASSERT_TRUE(made.ok()) << made.error().to_string();
    dag_ = std::make_shared<const Dag>(*std::move(made));
    planner_.emplace(PlannerOptions{}, 1, Rng(1));
    ASSERT_TRUE(planner_->register_dag({dag_, "x.yaml", ".", {}}, now_).ok());
    TriggerRun input;
    input.dag = "dag";
    input.run = run_;
    started_.clear();
    ASSERT_TRUE(planner_->trigger_run(input, {}, now_).ok());
    take();
  }
  /// create → work → drop, where drop is the teardown of create.
  void begin_three() { begin({fake("create"), fake("work", {"create"}), drop()}); }
  static TaskSpec drop() { return teardown("drop", {"create"}, {"work"}); }

  void end(std::string_view id, Result<Outcome> outcome) {
    const auto started = std::ranges::find_if(
        started_, [&](const StartAttempt& one) { return one.info.task_id == id; });
    ASSERT_NE(started, started_.end()) << id << " has not started";
    const AttemptKey key = started->key;
    started_.erase(started);
    planner_->complete({key, std::move(outcome), false, now_}, now_);
    take();
  }
  void succeed(std::string_view id) { end(id, Outcome{Done{}}); }
  void fail(std::string_view id) { end(id, invalid_argument("a failure")); }
  void cancel(bool force = false) {
    ASSERT_TRUE(planner_->cancel_run({run_, force}, Caller(), now_).ok());
    take();
  }
  Status retry(std::vector<std::string> tasks) {
    started_.clear();
    const Status answer = planner_->retry_run({run_, std::move(tasks)}, Caller(), now_);
    take();
    return answer;
  }
  TaskState state(std::string_view id) {
    return planner_->find_run(run_)->instance({dag_->index_of(id), -1}).state;
  }
  std::string reason(std::string_view id) {
    return planner_->find_run(run_)->instance({dag_->index_of(id), -1}).reason;
  }
  bool has_started(std::string_view id) {
    return std::ranges::any_of(started_, [&](const auto& one) { return one.info.task_id == id; });
  }
  RunStatus status() { return planner_->find_run(run_)->status; }

  void take() {
    for (const auto& action : planner_->take_actions())
      if (const auto* start = std::get_if<StartAttempt>(&action)) started_.push_back(*start);
  }

  const Time now_ = *parse_rfc3339("2026-11-02T00:00:00Z");
  const Uuid run_{1, 1};
  std::shared_ptr<const Dag> dag_;
  std::optional<Planner> planner_;
  std::vector<StartAttempt> started_;
};

// --- when it runs: Airflow, trigger_rule_dep.py, ALL_DONE_SETUP_SUCCESS

TEST_F(Teardowns, RunsAfterTheWorkSucceeded) {
  begin_three();
  succeed("create");
  EXPECT_FALSE(has_started("drop"));
  succeed("work");
  succeed("drop");
  EXPECT_EQ(RunStatus::success, status());
}

TEST_F(Teardowns, RunsAfterTheWorkFailed) {
  begin_three();
  succeed("create");
  fail("work");
  succeed("drop");
  EXPECT_EQ(RunStatus::failed, status()) << "a teardown handles no failure";
}

TEST_F(Teardowns, IsSkippedIfItsSetupFailed) {
  begin_three();
  fail("create");
  EXPECT_EQ(TaskState::upstream_failed, state("work"));
  EXPECT_EQ(TaskState::skipped, state("drop"));
  EXPECT_EQ("there is nothing to tear down: no success of create", reason("drop"));
  EXPECT_EQ(RunStatus::failed, status());
}

TEST_F(Teardowns, IsSkippedIfItsSetupWasSkipped) {
  TaskSpec create = fake("create");
  create.condition = "1 == 2";
  begin({create, fake("work", {"create"}), drop()});
  EXPECT_EQ(TaskState::skipped, state("drop"));
  EXPECT_EQ(RunStatus::success, status());
}

TEST_F(Teardowns, OneOfSeveralSetupsThatSucceededIsEnough) {
  begin({fake("disk"), fake("cluster"), fake("work", {"disk", "cluster"}),
         teardown("drop", {"disk", "cluster"}, {"work"})});
  fail("disk");
  EXPECT_FALSE(has_started("drop")) << "cluster is still being created";
  succeed("cluster");
  EXPECT_TRUE(has_started("drop"));
}

TEST_F(Teardowns, OneItemOfAMappedSetupThatSucceededIsEnough) {
  TaskSpec create = fake("create");
  create.foreach = Json::array({1, 2});
  begin({create, fake("work", {"create"}), drop()});
  succeed("create");
  fail("create");
  EXPECT_TRUE(has_started("drop"));
}

TEST_F(Teardowns, ASetupWhoseFailureIsForgivenHasSucceeded) {
  TaskSpec create = fake("create");
  create.continue_on_error = true;
  begin({create, fake("work", {"create"}), drop()});
  fail("create");
  succeed("work");
  EXPECT_TRUE(has_started("drop"));
}

// `report` cannot start any more as soon as `left` has failed, and `right` still uses the cluster.
TEST_F(Teardowns, WaitsForAllTasksBetweenEvenIfWhatItNeedsWasDecidedEarly) {
  begin({fake("create"), fake("left", {"create"}), fake("right", {"create"}),
         fake("report", {"left", "right"}), teardown("drop", {"create"}, {"report"})});
  succeed("create");
  fail("left");
  EXPECT_EQ(TaskState::upstream_failed, state("report"));
  EXPECT_FALSE(has_started("drop"));
  succeed("right");
  EXPECT_TRUE(has_started("drop"));
}

TEST_F(Teardowns, AnInnerOneRunsBeforeTheOuterOne) {
  begin({fake("cluster"), fake("table", {"cluster"}), fake("work", {"table"}),
         teardown("drop_table", {"table"}, {"work"}),
         teardown("drop_cluster", {"cluster"}, {"drop_table"})});
  succeed("cluster");
  succeed("table");
  fail("work");
  EXPECT_FALSE(has_started("drop_cluster"));
  succeed("drop_table");
  succeed("drop_cluster");
}

TEST_F(Teardowns, ItsConditionMaySkipIt) {
  TaskSpec keep_for_debugging = drop();
  keep_for_debugging.condition = "success()";
  begin({fake("create"), fake("work", {"create"}), keep_for_debugging});
  succeed("create");
  fail("work");
  EXPECT_EQ(TaskState::skipped, state("drop"));
}

// --- the status of the run: Airflow, dagrun.py, _tis_for_dagrun_state

TEST_F(Teardowns, ItsFailureDoesNotFailTheRun) {
  begin_three();
  succeed("create");
  succeed("work");
  fail("drop");
  EXPECT_EQ(TaskState::failed, state("drop"));
  EXPECT_EQ(RunStatus::success, status());
}

TEST_F(Teardowns, ItsFailureFailsTheRunIfItIsToldTo) {
  begin({fake("create"), fake("work", {"create"}), failing_run(drop())});
  succeed("create");
  succeed("work");
  fail("drop");
  EXPECT_EQ(RunStatus::failed, status());
}

TEST_F(Teardowns, OneThatMayFailTheRunStillHandlesNoFailure) {
  begin({fake("create"), fake("work", {"create"}), failing_run(drop())});
  succeed("create");
  fail("work");
  succeed("drop");
  EXPECT_EQ(RunStatus::failed, status());
}

TEST_F(Teardowns, AFailureThatABranchHandledDoesNotFailTheRun) {
  begin({fake("create"), fake("work", {"create"}),
         ruled(fake("undo", {"work"}), TriggerRule::one_failed), drop()});
  succeed("create");
  fail("work");
  succeed("undo");
  succeed("drop");
  EXPECT_EQ(RunStatus::success, status());
}

// --- cancellation

TEST_F(Teardowns, RunsAlthoughTheRunIsBeingCancelled) {
  begin_three();
  succeed("create");
  cancel();
  EXPECT_EQ(TaskState::cancelled, state("work"));
  EXPECT_TRUE(has_started("drop"));
  EXPECT_EQ(RunStatus::running, status());
  succeed("drop");
  EXPECT_EQ(RunStatus::cancelled, status());
}

TEST_F(Teardowns, IsSkippedIfTheRunIsCancelledDuringItsSetup) {
  begin_three();
  cancel();
  EXPECT_EQ(TaskState::cancelled, state("create"));
  EXPECT_EQ(TaskState::skipped, state("drop"));
  EXPECT_EQ(RunStatus::cancelled, status());
}

TEST_F(Teardowns, OneThatIsUnderWayGoesOnWhenTheRunIsCancelled) {
  begin_three();
  succeed("create");
  succeed("work");
  cancel();
  EXPECT_EQ(TaskState::queued, state("drop"));
  succeed("drop");
  EXPECT_EQ(TaskState::success, state("drop"));
  EXPECT_EQ(RunStatus::cancelled, status());
}

TEST_F(Teardowns, ASecondCancellationEndsIt) {
  begin_three();
  succeed("create");
  cancel();
  cancel();
  EXPECT_EQ(TaskState::cancelled, state("drop"));
  EXPECT_EQ(RunStatus::cancelled, status());
}

TEST_F(Teardowns, AForcedCancellationEndsItAtOnce) {
  begin_three();
  succeed("create");
  cancel(true);
  EXPECT_EQ(TaskState::cancelled, state("drop"));
}

TEST_F(Teardowns, OneThatIsHeldWaitsForNoPersonInACancelledRun) {
  TaskSpec held = drop();
  held.on_exhausted = OnExhausted::hold;
  begin({fake("create"), fake("work", {"create"}), held});
  succeed("create");
  succeed("work");
  fail("drop");
  EXPECT_EQ(TaskState::held, state("drop"));
  cancel();
  EXPECT_EQ(TaskState::cancelled, state("drop"));
}

// --- retry

TEST_F(Teardowns, ARetryOfTheWorkRunsSetupAndTeardownAgain) {
  begin_three();
  succeed("create");
  fail("work");
  succeed("drop");
  ASSERT_TRUE(retry({"work"}).ok());
  EXPECT_TRUE(has_started("create"));
  EXPECT_EQ(TaskState::pending, state("work"));
  EXPECT_EQ(TaskState::pending, state("drop"));
}

TEST_F(Teardowns, ARetryOfTheRunRunsTheSetupAgainAfterTheWorkFailed) {
  begin_three();
  succeed("create");
  fail("work");
  succeed("drop");
  ASSERT_TRUE(retry({}).ok());
  EXPECT_TRUE(has_started("create"));
}

TEST_F(Teardowns, ARetryRunsAllTasksAgainThatUsedWhatWasTornDown) {
  begin({fake("create"), fake("load", {"create"}), fake("query", {"load"}),
         teardown("drop", {"create"}, {"query"})});
  succeed("create");
  succeed("load");
  fail("query");
  succeed("drop");
  ASSERT_TRUE(retry({"query"}).ok());
  EXPECT_EQ(TaskState::pending, state("load"));
}

TEST_F(Teardowns, ARetryOfTheTeardownAloneLeavesTheSetup) {
  begin_three();
  succeed("create");
  succeed("work");
  fail("drop");
  ASSERT_TRUE(retry({"drop"}).ok());
  EXPECT_EQ(TaskState::success, state("create"));
  EXPECT_EQ(TaskState::success, state("work"));
  EXPECT_TRUE(has_started("drop"));
}

TEST_F(Teardowns, ARetryBeforeTheTeardownHasRunLeavesTheSetup) {
  begin({fake("create"), fake("left", {"create"}), fake("right", {"create"}),
         teardown("drop", {"create"}, {"left", "right"})});
  succeed("create");
  fail("left");
  ASSERT_TRUE(retry({"left"}).ok());
  EXPECT_EQ(TaskState::success, state("create"));
  EXPECT_TRUE(has_started("left"));
}

TEST_F(Teardowns, ARetryRunsAllItemsOfAMappedSetupAgain) {
  TaskSpec create = fake("create");
  create.foreach = Json::array({1, 2});
  begin({create, fake("work", {"create"}), drop()});
  succeed("create");
  succeed("create");
  fail("work");
  succeed("drop");
  ASSERT_TRUE(retry({"work"}).ok());
  EXPECT_EQ(
      2, std::ranges::count(started_, "create", [](const auto& one) { return one.info.task_id; }));
}

// --- the DAG

Error error_of(std::vector<TaskSpec> tasks) {
  DagSpec spec;
  spec.id = "dag";
  spec.tasks = std::move(tasks);
  const auto made = Dag::make(std::move(spec));
  return made ? Error{} : made.error();
}

TEST(TeardownOfADag, NeedsItsSetup) {
  TaskSpec drop = fake("drop", {"work"});
  drop.teardown.setups = {"create"};
  EXPECT_EQ("its setup 'create' is not one of the tasks it needs",
            error_of({fake("create"), fake("work"), drop}).message);
}

TEST(TeardownOfADag, HasNoTriggerRule) {
  EXPECT_EQ(
      "a teardown has no trigger_rule",
      error_of({fake("create"), ruled(teardown("drop", {"create"}), TriggerRule::always)}).message);
}

TEST(TeardownOfADag, IsInTheCanonicalFormOnlyWhereItIsSet) {
  DagSpec spec;
  spec.id = "dag";
  spec.tasks = {fake("create"), failing_run(teardown("drop", {"create"}))};
  const Json json = Dag::to_json(spec);
  EXPECT_FALSE(json["tasks"].at(0).contains("teardown"));
  const auto back = Dag::spec_from_json(json);
  ASSERT_TRUE(back.ok());
  EXPECT_FALSE(back->tasks[0].teardown.is_set());
  EXPECT_EQ(spec.tasks[1].teardown, back->tasks[1].teardown);
}

}  // namespace
}  // namespace millrace
