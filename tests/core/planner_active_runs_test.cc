// max_active_runs holds for runs that are opened again as for new ones.
#include <gtest/gtest.h>

#include <algorithm>

#include "engine/core/planner.h"

namespace millrace {
namespace {

/// A DAG of two tasks that lets one run at a time begin.
class ActiveRuns : public ::testing::Test {
 protected:
  void SetUp() override {
    DagSpec spec;
    spec.id = "one";
    spec.max_active_runs = 1;
    spec.tasks.resize(2);
    spec.tasks[0].id = "first";
    spec.tasks[1].id = "second";
    spec.tasks[1].needs = {"first"};
    for (auto& task : spec.tasks) task.op = "fake";
    auto made = Dag::make(std::move(spec));
    ASSERT_TRUE(made.ok());
    dag_ = std::make_shared<const Dag>(*std::move(made));
    ASSERT_TRUE(planner_.register_dag({dag_, "one.yaml", ".", {}}, now_).ok());
    ASSERT_TRUE(trigger(a_));
    end_attempt(planner_, Outcome{Done{}});
    end_attempt(planner_, invalid_argument("no"));  // `second` of run a fails, and so does the run
    planner_.forget_finished();
    ASSERT_EQ(nullptr, planner_.find_run(a_));
    ASSERT_TRUE(trigger(b_));
    ASSERT_EQ(b_, started(planner_).run);
  }

  bool trigger(const Uuid& run) {
    TriggerRun input;
    input.dag = "one";
    input.run = run;
    return planner_.trigger_run(input, {}, now_).ok();
  }
  /// The run as the journal has it.
  millrace::Run folded(const Uuid& id) {
    for (auto& event : planner_.take_events()) journal_.push_back(std::move(event));
    std::optional<millrace::Run> run;
    for (const auto& event : journal_) {
      if (event.run != id) continue;
      if (!run)
        run = make_run(event, dag_);
      else
        EXPECT_TRUE(apply(*run, event).ok());
    }
    return *run;
  }
  /// The attempt that was started last.
  AttemptKey started(Planner& planner) {
    for (const auto& action : planner.take_actions())
      if (const auto* start = std::get_if<StartAttempt>(&action)) last_ = start->key;
    return last_;
  }
  void end_attempt(Planner& planner, Result<Outcome> outcome) {
    planner.complete({started(planner), std::move(outcome), false}, now_);
  }
  void retry_a() {
    planner_.restore_run(folded(a_));
    ASSERT_TRUE(planner_.retry_run({a_, {}}, {}, now_).ok());
  }

  const Time now_ = *parse_rfc3339("2001-02-01T00:00:00Z");
  const Uuid a_{1, 1}, b_{1, 2};
  std::shared_ptr<const Dag> dag_;
  Planner planner_{PlannerOptions{}, 1, Rng(1)};
  std::vector<Event> journal_;
  AttemptKey last_;
};

// What readers take for `queued`: in such a run nothing has happened after its creation.
TEST_F(ActiveRuns, ARunThatWaitsHasNoEventButItsCreationUntilItsTurnComes) {
  const Uuid c{1, 3};
  const auto events_of_c = [&] {
    folded(b_);  // takes the planner's events into the journal
    return std::ranges::count(journal_, c, &Event::run);
  };
  ASSERT_TRUE(trigger(c));
  EXPECT_EQ(1, events_of_c());
  end_attempt(planner_, invalid_argument("no"));  // run b is over
  EXPECT_EQ(c, started(planner_).run);
  EXPECT_LT(1, events_of_c());
}

TEST_F(ActiveRuns, ARunThatIsOpenedAgainWaitsForItsTurn) {
  retry_a();
  EXPECT_EQ(1, planner_.attempts_in_hand());
  EXPECT_EQ(b_, started(planner_).run);
  end_attempt(planner_, invalid_argument("no"));  // run b is over
  EXPECT_EQ(a_, started(planner_).run);
}

TEST_F(ActiveRuns, ItWaitsUnderTheNextLeaderToo) {
  retry_a();
  Planner next(PlannerOptions{}, 2, Rng(2));
  DagState dag;
  dag.dag = dag_;
  next.restore_dag(std::move(dag));
  next.restore_run(folded(a_));
  next.restore_run(folded(b_));
  next.recover(now_);
  EXPECT_EQ(1, next.attempts_in_hand());
  EXPECT_EQ(b_, started(next).run);
  end_attempt(next, invalid_argument("no"));
  EXPECT_EQ(a_, started(next).run);
}

}  // namespace
}  // namespace millrace
