// What a deferred task waits for, and since when, as people see it.
#include <gtest/gtest.h>

#include "engine/core/planner.h"

namespace millrace {
namespace {

using std::chrono::seconds;

class WaitingTest : public ::testing::Test {
 protected:
  WaitingTest() {
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
  }

  /// A call of the operator after `pause` that defers for half a minute.
  void defer(std::string waiting_for, Duration pause = {}) {
    Defer outcome{.after = seconds{30}};
    outcome.waiting_for = std::move(waiting_for);
    end_call(Outcome{std::move(outcome)}, pause);
  }
  void end_call(Result<Outcome> outcome, Duration pause) {
    now_ += pause;
    planner_->tick(now_);
    for (auto& action : planner_->take_actions())
      if (auto* start = std::get_if<StartAttempt>(&action))
        return planner_->complete({start->key, std::move(outcome), false, now_}, now_);
    ADD_FAILURE() << "no attempt starts";
  }
  TaskState state() { return planner_->find_run(run_)->instance({0, -1}).state; }
  /// nullptr: it is not known.
  const WaitedFor* waited_for() {
    const auto& all = planner_->find_run(run_)->waited_for;
    const auto found = all.find({0, -1});
    return found == all.end() ? nullptr : &found->second;
  }

  const Time begin_ = *parse_rfc3339("2001-02-01T00:00:00Z");
  Time now_ = begin_;
  const Uuid run_{1, 1};
  std::shared_ptr<const Dag> dag_;
  std::unique_ptr<Planner> planner_ = std::make_unique<Planner>(PlannerOptions{}, 1, Rng(1));
};

TEST_F(WaitingTest, IsKnownFromTheFirstLookOn) {
  defer("the file x");
  defer("the file x", seconds{30});
  ASSERT_NE(waited_for(), nullptr);
  EXPECT_EQ(waited_for()->what, "the file x");
  EXPECT_EQ(waited_for()->since, begin_);
}

TEST_F(WaitingTest, BeginsAgainWithWhatIsWaitedForNext) {
  defer("step 1");
  defer("step 2", seconds{30});
  EXPECT_EQ(waited_for()->what, "step 2");
  EXPECT_EQ(waited_for()->since, begin_ + seconds{30});
}

TEST_F(WaitingTest, GoesOnAfterALookThatFailed) {
  defer("the file x");
  end_call(unavailable("stale handle"), seconds{30});
  EXPECT_EQ(waited_for()->since, begin_);
  defer("the file x", std::chrono::hours{1});
  EXPECT_EQ(waited_for()->since, begin_);
}

TEST_F(WaitingTest, IsUnknownAfterADeferralThatDoesNotNameIt) {
  defer("the file x");
  defer("", seconds{30});
  EXPECT_EQ(waited_for(), nullptr);
}

TEST_F(WaitingTest, IsForgottenWhenTheTaskIsToRunAgain) {
  defer("the file x");
  end_call(Outcome{Done{}}, seconds{30});
  ASSERT_TRUE(planner_->retry_run({.run = run_, .tasks = {"job"}}, {}, now_).ok());
  EXPECT_EQ(waited_for(), nullptr);
}

// The names that sensor.dataset and sensor.run wait for.
TEST_F(WaitingTest, AnUpdateOfADatasetEndsTheWaitForIt) {
  Defer outcome{.after = std::chrono::hours{1}, .event = "dataset/orders"};
  end_call(Outcome{std::move(outcome)}, {});
  const std::string content(64, 'a');
  ASSERT_TRUE(planner_->request_effects({UpdateDataset{"stock", content, 1}}, {}, now_).ok());
  EXPECT_EQ(state(), TaskState::deferred);
  ASSERT_TRUE(planner_->request_effects({UpdateDataset{"orders", content, 1}}, {}, now_).ok());
  EXPECT_NE(state(), TaskState::deferred);
}

TEST_F(WaitingTest, TheEndOfTheRunOfADateEndsTheWaitForIt) {
  Defer outcome{.after = std::chrono::hours{1}, .event = "run/dag/2001-02-01T00:00:00Z"};
  end_call(Outcome{std::move(outcome)}, {});
  for (const char* date : {"2001-02-02", "2001-02-01"}) {
    EXPECT_EQ(state(), TaskState::deferred);
    TriggerRun input{.dag = "dag", .logical_date = date};
    input.run = Uuid{2, date[9] == '2' ? 1u : 2u};
    ASSERT_TRUE(planner_->trigger_run(input, {}, now_).ok());
    end_call(Outcome{Done{}}, {});
  }
  EXPECT_NE(state(), TaskState::deferred);
}

TEST_F(WaitingTest, IsShortenedToTwoHundredBytes) {
  defer(std::string(195, 'x') + "ééééé");
  EXPECT_EQ(waited_for()->what, std::string(195, 'x') + "é…");
  const auto events = planner_->take_events();
  EXPECT_EQ(std::get<TaskDeferred>(events.back().body).waiting_for, waited_for()->what);
}

}  // namespace
}  // namespace millrace
