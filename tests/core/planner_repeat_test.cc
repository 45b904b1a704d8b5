// Tasks that run again until a condition holds.
#include <gtest/gtest.h>

#include "engine/core/planner.h"

namespace millrace {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

Outcome loss(int value, std::vector<Effect> effects = {}) {
  Done done;
  done.outputs = Json::object({{"loss", value}});
  done.effects = std::move(effects);
  return done;
}

/// One task `tune` that repeats, and one task `use` that needs it.
class Repeat : public ::testing::Test {
 protected:
  static RepeatPolicy until_small() {
    return {.until = "outputs.loss < 10", .max = 5, .delay = {}, .on_max = OnMax::fail};
  }

  void begin(RepeatPolicy repeat, Json foreach = {}, int retries = 0) {
    spec_.id = "dag";
    spec_.tasks.resize(2);
    TaskSpec& tune = spec_.tasks[0];
    tune.id = "tune";
    tune.op = "fake";
    tune.repeat = std::move(repeat);
    tune.foreach = std::move(foreach);
    tune.retries = {.max = retries, .initial = seconds{10}, .jitter = 0};
    tune.with = Json::object({{"iteration", "${{ iteration }}"}, {"before", "${{ previous }}"}});
    spec_.tasks[1].id = "use";
    spec_.tasks[1].op = "fake";
    spec_.tasks[1].needs = {"tune"};
    spec_.tasks[1].with = Json::object({{"tuned", "${{ tasks.tune.outputs }}"}});
    auto made = Dag::make(spec_);
    ASSERT_TRUE(made.ok()) << made.error().message;
    dag_ = std::make_shared<const Dag>(*std::move(made));
    ASSERT_TRUE(planner_.register_dag({dag_, "x.yaml", ".", {}}, now_).ok());
    TriggerRun input;
    input.dag = "dag";
    input.run = run_;
    ASSERT_TRUE(planner_.trigger_run(input, {}, now_).ok());
    take();
  }
  void take() {
    for (const auto& action : planner_.take_actions())
      if (const auto* start = std::get_if<StartAttempt>(&action)) started_.push_back(*start);
  }
  /// The attempt that was started last, or `which`, ends so.
  void end(Result<Outcome> outcome) { end(started_.back(), std::move(outcome)); }
  void end(const StartAttempt& which, Result<Outcome> outcome) {
    planner_.complete({which.key, std::move(outcome), false, now_}, now_);
    take();
  }
  void advance(Duration by) {
    now_ += by;
    planner_.tick(now_);
    take();
  }
  const millrace::Run& run() { return *planner_.find_run(run_); }
  const TaskInstance& tune(int map_index = -1) { return run().instance({0, map_index}); }

  DagSpec spec_;
  std::shared_ptr<const Dag> dag_;
  Planner planner_{PlannerOptions{}, 1, Rng(1)};
  Uuid run_{1, 1};
  Time now_ = *parse_rfc3339("2026-11-02T00:00:00Z");
  std::vector<StartAttempt> started_;
};

TEST_F(Repeat, RunsUntilTheConditionHolds) {
  begin(until_small());
  end(loss(40));
  end(loss(20));
  ASSERT_EQ(3u, started_.size());
  EXPECT_EQ(3, started_.back().key.attempt);
  EXPECT_EQ(TaskState::pending, run().instance({1, -1}).state);
  end(loss(5));
  EXPECT_EQ(TaskState::success, tune().state);
  ASSERT_EQ(4u, started_.size());
  EXPECT_EQ(Json::object({{"loss", 5}}), started_[3].with["tuned"]) << "the last outputs";
}

TEST_F(Repeat, AnIterationKnowsItsNumberAndTheOutputsBefore) {
  begin(until_small());
  EXPECT_EQ(Json::object({{"iteration", 1}, {"before", Json::object()}}), started_.back().with);
  end(loss(40));
  EXPECT_EQ(Json::object({{"iteration", 2}, {"before", Json::object({{"loss", 40}})}}),
            started_.back().with);
}

TEST_F(Repeat, TheConditionMayCompareWithTheIterationBefore) {
  RepeatPolicy repeat = until_small();
  repeat.until = "iteration > 1 && outputs.loss >= previous.loss";
  begin(repeat);
  end(loss(40));
  end(loss(30));
  EXPECT_EQ(TaskState::queued, tune().state);
  end(loss(30));
  EXPECT_EQ(TaskState::success, tune().state);
}

TEST_F(Repeat, FailsIfTheConditionDoesNotHoldAfterTheLastIteration) {
  RepeatPolicy repeat = until_small();
  repeat.max = 2;
  begin(repeat, {}, 3);
  end(loss(40));
  end(loss(30, {RaiseAlert{"info", "second", "", ""}}));
  EXPECT_EQ(TaskState::failed, tune().state) << "at once, whatever retries there are";
  EXPECT_EQ("'outputs.loss < 10' did not hold after 2 iterations, the max of its repeat",
            tune().error.message);
  EXPECT_EQ(Json::object({{"loss", 30}}), tune().outputs);
  EXPECT_EQ(RunStatus::failed, run().status);
}

TEST_F(Repeat, SucceedsAfterTheLastIterationIfTheFileSaysSo) {
  RepeatPolicy repeat = until_small();
  repeat.max = 2;
  repeat.on_max = OnMax::succeed;
  begin(repeat);
  end(loss(40));
  end(loss(30));
  EXPECT_EQ(TaskState::success, tune().state);
  EXPECT_EQ(Json::object({{"loss", 30}}), started_.back().with["tuned"]);
}

TEST_F(Repeat, WaitsBetweenIterationsWithoutASlot) {
  RepeatPolicy repeat = until_small();
  repeat.delay = minutes{1};
  begin(repeat);
  end(loss(40));
  EXPECT_EQ(TaskState::deferred, tune().state);
  EXPECT_EQ(0, planner_.attempts_in_hand());
  advance(seconds{59});
  EXPECT_EQ(1u, started_.size());
  advance(seconds{1});
  ASSERT_EQ(2u, started_.size());
  EXPECT_EQ(2, started_.back().key.attempt);
}

TEST_F(Repeat, EachIterationHasAllOfTheRetries) {
  begin(until_small(), {}, 1);
  for (int iteration = 1; iteration <= 3; ++iteration) {
    end(unavailable("away"));
    EXPECT_EQ(TaskState::up_for_retry, tune().state) << "of iteration " << iteration;
    advance(minutes{1});
    EXPECT_EQ(iteration, started_.back().with["iteration"].as_int());
    end(loss(20));
  }
  end(unavailable("away"));
  advance(minutes{1});
  end(unavailable("away"));
  EXPECT_EQ(TaskState::failed, tune().state);
}

TEST_F(Repeat, EffectsOfEachIterationAreCommittedWithIt) {
  begin(until_small());
  planner_.take_events();
  end(loss(40, {RaiseAlert{"info", "first", "", ""}}));
  std::vector<std::string> titles;
  for (const Event& event : planner_.take_events())
    if (const auto* effects = effects_of(event.body))
      for (const Effect& effect : *effects) titles.push_back(std::get<RaiseAlert>(effect).title);
  EXPECT_EQ(std::vector<std::string>{"first"}, titles);
}

TEST_F(Repeat, GoesOnAfterItsEngineDied) {
  RepeatPolicy repeat = until_small();
  repeat.delay = minutes{1};
  begin(repeat);
  end(loss(40));
  Planner next(PlannerOptions{}, 2, Rng(2));
  DagState dag;
  dag.dag = dag_;
  next.restore_dag(dag);
  next.restore_run(run());
  next.recover(now_);
  EXPECT_EQ(now_ + minutes{1}, next.next_wakeup());
  next.tick(now_ + minutes{1});
  const auto actions = next.take_actions();
  ASSERT_EQ(1u, actions.size());
  EXPECT_EQ(2, std::get<StartAttempt>(actions[0]).with["iteration"].as_int());
}

TEST_F(Repeat, ACancelledTaskDoesNotRunAgain) {
  RepeatPolicy repeat = until_small();
  repeat.delay = minutes{1};
  begin(repeat);
  end(loss(40));
  ASSERT_TRUE(planner_.cancel_run({run_, false}, {}, now_).ok());
  EXPECT_EQ(TaskState::cancelled, tune().state);
  advance(minutes{5});
  EXPECT_EQ(1u, started_.size());
}

TEST_F(Repeat, ARetriedTaskBeginsWithTheFirstIteration) {
  RepeatPolicy repeat = until_small();
  repeat.max = 2;
  begin(repeat);
  end(loss(40));
  end(loss(30));
  ASSERT_TRUE(planner_.retry_run({run_, {}}, {}, now_).ok());
  take();
  EXPECT_EQ(1, started_.back().with["iteration"].as_int());
  EXPECT_EQ(3, started_.back().key.attempt);
}

TEST_F(Repeat, EachInstanceOfAMapRepeatsForItself) {
  begin(until_small(), Json::array({"a", "b"}));
  ASSERT_EQ(2u, started_.size());
  end(started_[1], loss(40));
  EXPECT_EQ(1, started_.back().key.ref.map_index);
  EXPECT_EQ(2, started_.back().with["iteration"].as_int());
  EXPECT_EQ(0, tune(0).iterations);
  end(started_[0], loss(3));
  EXPECT_EQ(TaskState::success, tune(0).state);
  end(started_[2], loss(4));
  EXPECT_EQ(TaskState::success, tune(1).state);
}

TEST_F(Repeat, ADeferredIterationGoesOnUnderItsNumber) {
  begin(until_small());
  end(loss(40));
  Defer defer;
  defer.after = seconds{30};
  end(Outcome{defer});
  advance(seconds{30});
  EXPECT_EQ(2, started_.back().key.attempt);
  EXPECT_EQ(1, started_.back().key.call);
  end(loss(40));
  EXPECT_EQ(3, started_.back().key.attempt);
  EXPECT_EQ(0, started_.back().key.call);
  EXPECT_TRUE(started_.back().info.checkpoint.is_null());
}

TEST_F(Repeat, TextForTheNextAttemptEndsWithItsIteration) {
  begin(until_small());
  planner_.saved({started_.back().key, "job-7"}, now_);
  end(loss(40));
  EXPECT_EQ("", started_.back().info.saved_state);
}

TEST(RepeatPolicy, IsKeptInTheCanonicalForm) {
  const RepeatPolicy policy{
      .until = "outputs.done", .max = 7, .delay = seconds{30}, .on_max = OnMax::succeed};
  EXPECT_EQ(policy, *repeat_policy_from(to_json(policy)));
  EXPECT_EQ(RepeatPolicy(), *repeat_policy_from({}));
}

// An outside system must be able to tell a second try from a second iteration.
TEST_F(Repeat, EachIterationHasAnIdempotencyKeyOfItsOwn) {
  begin(until_small(), {}, 1);
  const std::string run = run_.to_string();
  EXPECT_EQ(run + "/tune/-1", started_.back().info.idempotency_key());
  end(loss(40));
  EXPECT_EQ(run + "/tune/-1/2", started_.back().info.idempotency_key());
  end(unavailable("away"));
  advance(minutes{1});
  EXPECT_EQ(3, started_.back().info.attempt);
  EXPECT_EQ(run + "/tune/-1/2", started_.back().info.idempotency_key()) << "of the retry";
  EXPECT_EQ(run + "/tune/-1/3", started_.back().info.name());
}

TEST_F(Repeat, ATaskThatIsSkippedInALaterIterationHasNoOutputs) {
  begin(until_small());
  end(loss(40));
  end(Outcome{Skip{"nothing to do"}});
  EXPECT_EQ(TaskState::skipped, tune().state);
  EXPECT_TRUE(tune().outputs.is_null());
}

}  // namespace
}  // namespace millrace
