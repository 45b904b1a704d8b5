// Attempts of an executor that survives its leader: the next leader adopts them by their keys, and
// what it cannot know is asked of the executor, not guessed.
#include <gtest/gtest.h>

#include <algorithm>

#include "engine/core/planner.h"

namespace millrace {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

class Adoption : public ::testing::Test {
 protected:
  Adoption() {
    DagSpec spec;
    spec.id = "dag";
    for (const char* id : {"first", "second", "third"}) {
      TaskSpec task;
      task.id = id;
      task.op = "fake";
      task.timeout = minutes{10};
      task.at_most_once = spec.tasks.empty();
      spec.tasks.push_back(task);
    }
    dag_ = std::make_shared<const Dag>(*Dag::make(std::move(spec)));
    EXPECT_TRUE(planner_->register_dag({dag_, "dag.yaml", ".", {}}, now_).ok());
    TriggerRun input{.dag = "dag"};
    input.run = run_;
    EXPECT_TRUE(planner_->trigger_run(input, {}, now_).ok());
    started_ = take_starts();
    EXPECT_EQ(started_.size(), 2u) << "as many as there are slots";
  }

  static PlannerOptions options(bool survives) {
    PlannerOptions out;
    out.pools = {
        {.name = "cluster", .executor = "fake_cluster", .slots = 2, .survives_leader = survives}};
    return out;
  }
  /// The next leader; returns what it adopts.
  std::vector<AttemptKey> take_over(bool survives = true) {
    planner_->take_events();
    ++epoch_;
    auto next = std::make_unique<Planner>(options(survives), epoch_, Rng(7));
    DagState state;
    state.dag = dag_;
    next->restore_dag(std::move(state));
    next->restore_run(*planner_->find_run(run_));
    planner_ = std::move(next);
    auto adopted = planner_->recover(now_);
    std::ranges::sort(adopted);
    return adopted;
  }
  std::vector<AttemptKey> take_starts() {
    std::vector<AttemptKey> keys;
    for (const auto& action : planner_->take_actions())
      if (const auto* start = std::get_if<StartAttempt>(&action)) keys.push_back(start->key);
    return keys;
  }
  void begin(const AttemptKey& key) { planner_->began({key, now_}, now_); }
  void end(const AttemptKey& key) { planner_->complete({key, Outcome{Done{}}, false, now_}, now_); }
  const TaskInstance& instance(int task) { return planner_->find_run(run_)->instance({task, -1}); }

  Time now_ = *parse_rfc3339("2001-02-01T00:00:00Z");
  const Uuid run_{1, 1};
  std::int64_t epoch_ = 1;
  std::shared_ptr<const Dag> dag_;
  std::unique_ptr<Planner> planner_ = std::make_unique<Planner>(options(true), 1, Rng(1));
  std::vector<AttemptKey> started_;
};

TEST_F(Adoption, ARunningAttemptGoesOnAndItsResultCounts) {
  begin(started_[0]);
  EXPECT_EQ(take_over(), started_);
  EXPECT_EQ(instance(0).state, TaskState::running);
  EXPECT_EQ(instance(0).losses, 0);
  EXPECT_EQ(planner_->running_attempts(), 1);
  EXPECT_EQ(planner_->attempts_in_hand(), 2);
  EXPECT_TRUE(take_starts().empty()) << "its slots are taken";
  end(started_[0]);
  EXPECT_EQ(instance(0).state, TaskState::success);
  EXPECT_EQ(take_starts().size(), 1u) << "the slot is free for the third task";
}

TEST_F(Adoption, AnAttemptThatWaitsBeginsUnderTheNextLeader) {
  take_over();
  EXPECT_EQ(instance(1).state, TaskState::queued);
  begin(started_[1]);
  EXPECT_EQ(instance(1).state, TaskState::running);
  EXPECT_EQ(instance(1).attempt, 1);
  end(started_[1]);
  EXPECT_EQ(instance(1).state, TaskState::success);
}

TEST_F(Adoption, OtherExecutorsLoseTheirAttempts) {
  begin(started_[1]);
  EXPECT_TRUE(take_over(false).empty());
  EXPECT_EQ(instance(0).state, TaskState::failed) << "it may have begun, and runs at most once";
  EXPECT_EQ(instance(1).losses, 1);
  end(started_[1]);
  EXPECT_EQ(instance(1).state, TaskState::queued) << "a result of before is not the current one's";
}

TEST_F(Adoption, WhatTheExecutorDoesNotKnowIsTriedAgain) {
  take_over();
  planner_->complete({started_[0], unavailable("it was never started"), true, {}}, now_);
  EXPECT_EQ(instance(0).state, TaskState::queued);
  EXPECT_EQ(instance(0).losses, 0);
  EXPECT_EQ(take_starts().size(), 1u) << "the third task waited for longer";
  end(started_[1]);
  const auto again = take_starts();
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].ref, started_[0].ref);
  EXPECT_EQ(again[0].attempt, 2);
  EXPECT_EQ(again[0].epoch, 2);
}

/// The executor may still have the result of the first call.
TEST_F(Adoption, ACallAfterADeferralHasAKeyOfItsOwn) {
  begin(started_[1]);
  Defer defer;
  defer.after = seconds{5};
  planner_->complete({started_[1], Outcome{defer}, false, now_}, now_);
  take_starts();  // the third task
  now_ += seconds{5};
  end(started_[0]);
  planner_->tick(now_);
  const auto again = take_starts();
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].ref, started_[1].ref);
  EXPECT_EQ(again[0].attempt, 1) << "the attempt goes on";
  EXPECT_NE(again[0], started_[1]);
  EXPECT_EQ(std::ranges::count(take_over(), again[0]), 1) << "the next leader adopts this call";
}

TEST_F(Adoption, AttemptsAreAdoptedFromTermToTerm) {
  begin(started_[0]);
  take_over();
  EXPECT_EQ(take_over(), started_);
  EXPECT_EQ(take_over(), started_);
  end(started_[0]);
  end(started_[0]);
  EXPECT_EQ(instance(0).state, TaskState::success);
  const auto events = planner_->take_events();
  EXPECT_EQ(std::ranges::count(events, "task_succeeded",
                               [](const Event& event) { return kind_of(event.body); }),
            1);
}

TEST_F(Adoption, ACancelledAttemptIsNotAdopted) {
  begin(started_[0]);
  ASSERT_TRUE(planner_->cancel_task({run_, "first"}, {}, now_).ok());
  EXPECT_EQ(take_over(), std::vector{started_[1]});
}

TEST_F(Adoption, ACancellationReachesAnAdoptedAttempt) {
  begin(started_[0]);
  take_over();
  ASSERT_TRUE(planner_->cancel_run({run_}, {}, now_).ok());
  std::vector<AttemptKey> cancelled;
  for (const auto& action : planner_->take_actions())
    if (const auto* one = std::get_if<CancelAttempt>(&action)) cancelled.push_back(one->key);
  std::ranges::sort(cancelled);
  EXPECT_EQ(cancelled, started_);
}

TEST_F(Adoption, ADeadlineThatThePlannerKeepsCountsFromTheBegin) {
  PlannerOptions threads = options(true);
  threads.pools[0].begins_at_once = true;
  Planner first(threads, 1, Rng(1)), next(threads, 2, Rng(2));
  ASSERT_TRUE(first.register_dag({dag_, "dag.yaml", ".", {}}, now_).ok());
  TriggerRun input{.dag = "dag"};
  input.run = run_;
  ASSERT_TRUE(first.trigger_run(input, {}, now_).ok());
  DagState state;
  state.dag = dag_;
  next.restore_dag(std::move(state));
  next.restore_run(*first.find_run(run_));
  const Time begun = now_;
  now_ += minutes{4};
  next.recover(now_);
  EXPECT_EQ(next.next_wakeup(), begun + minutes{10});
  next.tick(begun + minutes{10} - seconds{1});
  EXPECT_EQ(next.find_run(run_)->instance({1, -1}).state, TaskState::running);
  next.tick(begun + minutes{10});
  EXPECT_EQ(next.find_run(run_)->instance({1, -1}).error.code, ErrorCode::timeout);
}

}  // namespace
}  // namespace millrace
