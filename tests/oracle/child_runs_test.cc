// The rule about runs that tasks start is itself judged by histories made by hand.
#include "tests/oracle/child_runs.h"

#include <gtest/gtest.h>

namespace millrace::oracle {
namespace {

/// A task that has started the run `child` and waits for it.
class ChildRule : public ::testing::Test {
 protected:
  ChildRule() {
    DagSpec spec;
    spec.id = "d";
    spec.tasks.resize(1);
    spec.tasks[0].id = "t";
    spec.tasks[0].op = "fake";
    dag_ = std::make_shared<const Dag>(*Dag::make(std::move(spec)));
    parent_ = run_of(Uuid{1, 1}, {});
    RunCreated created;
    created.dag = "d";
    created.type = RunType::child;
    created.trigger =
        Json::object({{"run", parent_.id.to_string()}, {"task", "t"}, {"map_index", -1}});
    child_ = run_of(Uuid{1, 2}, created);
  }
  millrace::Run run_of(const Uuid& id, RunCreated created) {
    created.dag = "d";
    return make_run({0, id, {}, std::move(created)}, dag_);
  }
  std::string say(const millrace::Run& run, EventBody body) {
    const Finding found = rule_.follow(run, {0, run.id, {}, std::move(body)});
    return found ? found->what : "";
  }
  std::string defer(bool wait = true) {
    StartRun start{.dag = "d", .wait = wait};
    start.run = child_.id;
    return say(parent_, TaskDeferred{kTask, 1, {}, "", {}, {start}});
  }
  std::string create() {
    const Finding found = rule_.create(child_.id, child_.created);
    return found ? found->what : "";
  }
  static constexpr TaskRef kTask{0, -1};
  const Json outputs_ = Json::object({{"auc", 0.9}});
  std::shared_ptr<const Dag> dag_;
  millrace::Run parent_, child_;
  ChildRuns rule_;
};

TEST_F(ChildRule, ASoundHistoryIsSound) {
  EXPECT_EQ(defer(), "");
  EXPECT_EQ(create(), "");
  EXPECT_EQ(say(child_, RunFinished{RunStatus::success, outputs_, ""}), "");
  EXPECT_EQ(say(parent_, ChildRunEnded{kTask, child_.id, RunStatus::success, outputs_, ""}), "");
  EXPECT_EQ(say(parent_, AttemptStarted{kTask, 1, 1, {}}), "");
  const Json result = Json::object({{"run_id", child_.id.to_string()}, {"state", "success"}});
  EXPECT_EQ(say(parent_, TaskSucceeded{kTask, 1, result, {}}), "");
  EXPECT_FALSE(rule_.missing());
}

TEST_F(ChildRule, ATaskThatGoesOnBeforeTheEndOfItsRunIsRefused) {
  defer();
  create();
  EXPECT_EQ(say(parent_, AttemptStarted{kTask, 1, 1, {}}),
            "a task goes on although the run that it waits for has not ended");
}

TEST_F(ChildRule, NewsOfAnEndThatDidNotHappenIsRefused) {
  defer();
  create();
  EXPECT_EQ(say(parent_, ChildRunEnded{kTask, child_.id, RunStatus::success, outputs_, ""}),
            "a task learns of the end of a run that is open");
  say(child_, RunFinished{RunStatus::failed, {}, ""});
  EXPECT_EQ(say(parent_, ChildRunEnded{kTask, child_.id, RunStatus::success, outputs_, ""}),
            "a task learns of another end of its run than it had");
  EXPECT_EQ(say(parent_, ChildRunEnded{kTask, Uuid{1, 3}, RunStatus::failed, {}, ""}),
            "a task learns of the end of a run that it does not wait for");
}

TEST_F(ChildRule, ASecondRunOfOneDecisionIsRefused) {
  defer();
  EXPECT_EQ(defer(), "a task goes on although the run that it waits for has not ended");
  create();
  EXPECT_EQ(create(), "a task's run is created twice");
}

TEST_F(ChildRule, ARunWithoutADecisionAndADecisionWithoutARunAreRefused) {
  EXPECT_EQ(create(), "a run is a child, and no task has started it");
  defer(false);
  ASSERT_TRUE(rule_.missing());
}

TEST_F(ChildRule, ARunPassesOthersOnlyInARingOfWaits) {
  defer();
  create();
  EXPECT_TRUE(rule_.may_pass(child_));  // of the DAG that waits for it
  say(parent_, TaskCancelled{kTask});
  EXPECT_FALSE(rule_.may_pass(child_));
}

}  // namespace
}  // namespace millrace::oracle
