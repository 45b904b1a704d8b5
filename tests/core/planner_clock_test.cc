// What lasts goes on lasting as long when somebody sets the clock.
#include <gtest/gtest.h>

#include "engine/core/planner.h"

namespace millrace {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

/// A task with a timeout of ten minutes and a retry after five is running.
class SetClock : public ::testing::Test {
 protected:
  void SetUp() override {
    DagSpec spec;
    spec.id = "clock";
    spec.tasks.resize(1);
    spec.tasks[0].id = "only";
    spec.tasks[0].op = "fake";
    spec.tasks[0].timeout = minutes{10};
    spec.tasks[0].retries = {.max = 3, .initial = minutes{5}, .jitter = 0};
    auto made = Dag::make(std::move(spec));
    ASSERT_TRUE(made.ok());
    dag_ = std::make_shared<const Dag>(*std::move(made));
    ASSERT_TRUE(planner_.register_dag({dag_, "clock.yaml", ".", {}}, now_).ok());
    TriggerRun input;
    input.dag = "clock";
    input.run = run_;
    ASSERT_TRUE(planner_.trigger_run(input, {}, now_).ok());
    running_ = started(planner_);
  }

  AttemptKey started(Planner& planner) {
    for (const auto& action : planner.take_actions())
      if (const auto* start = std::get_if<StartAttempt>(&action)) return start->key;
    return {};
  }
  TaskState state(const Planner& planner) const {
    return planner.find_run(run_)->instance({0, -1}).state;
  }
  void set_clock(Duration by) {
    now_ += by;
    planner_.clock_was_set(by);
  }
  void pass(Duration duration) {
    now_ += duration;
    planner_.tick(now_);
  }

  Time now_ = *parse_rfc3339("2001-02-01T00:00:00Z");
  const Uuid run_{1, 1};
  std::shared_ptr<const Dag> dag_;
  /// A light attempt, whose deadline the planner keeps.
  static PlannerOptions options() {
    PlannerOptions out;
    out.executor_of = [](const std::string&) { return kThreadExecutor; };
    return out;
  }
  Planner planner_{options(), 1, Rng(1)};
  AttemptKey running_;
};

TEST_F(SetClock, ForwardDoesNotEndARunningAttempt) {
  set_clock(hours{1});
  pass(minutes{9});
  EXPECT_EQ(TaskState::running, state(planner_));
  pass(minutes{1});
  EXPECT_EQ(TaskState::up_for_retry, state(planner_));
}

TEST_F(SetClock, BackDoesNotLetAHungAttemptHang) {
  set_clock(-hours{1});
  EXPECT_EQ(now_ + minutes{10}, planner_.next_wakeup());
  pass(minutes{10});
  EXPECT_EQ(TaskState::up_for_retry, state(planner_));
}

TEST_F(SetClock, ARetryWaitsAsLongAsItWasTo) {
  planner_.complete({running_, unavailable("away"), false}, now_);
  set_clock(hours{1});
  pass(minutes{4});
  EXPECT_EQ(TaskState::up_for_retry, state(planner_));
  set_clock(-hours{2});
  pass(minutes{1});
  EXPECT_EQ(TaskState::running, state(planner_));
}

TEST_F(SetClock, ADeferralIsWokenByItsEventAndNotOnceMoreByTime) {
  planner_.complete({running_, Outcome{Defer{hours{1}, "news", {}, {}}}, false}, now_);
  set_clock(minutes{30});
  planner_.publish_event({"news", Json::object()}, {}, now_);
  EXPECT_EQ(TaskState::running, state(planner_));
  EXPECT_EQ(now_ + minutes{10}, planner_.next_wakeup()) << "only the deadline is left";
}

TEST_F(SetClock, TheNextLeaderWaitsNoLongerThanWasRecorded) {
  set_clock(hours{1});
  planner_.complete({running_, Outcome{Defer{seconds{30}, "", {}, {}}}, false}, now_);
  Planner next(options(), 2, Rng(2));
  DagState dag;
  dag.dag = dag_;
  next.restore_dag(std::move(dag));
  next.restore_run(*planner_.find_run(run_));
  now_ -= hours{1};  // set back while nobody led
  next.recover(now_);
  EXPECT_EQ(now_ + seconds{30}, next.next_wakeup());
  next.tick(now_ + seconds{30});
  EXPECT_EQ(TaskState::running, state(next));
}

}  // namespace
}  // namespace millrace
