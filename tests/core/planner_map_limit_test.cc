// `max_active` of a foreach: how many instances of a mapped task are under way at a time.
#include <gtest/gtest.h>

#include "engine/core/planner.h"

namespace millrace {
namespace {

/// One task with `items` instances, of which at most two are under way.
class MapLimit : public ::testing::Test {
 protected:
  void start(
      int items, const std::function<void(TaskSpec&)>& change = [](TaskSpec&) {}) {
    DagSpec spec;
    spec.id = "mapped";
    spec.tasks.resize(1);
    TaskSpec& task = spec.tasks[0];
    task.id = "each";
    task.op = "fake";
    task.foreach = Json::array();
    for (int i = 0; i < items; ++i) task.foreach.push_back(i);
    task.foreach_max_active = 2;
    change(task);
    auto made = Dag::make(std::move(spec));
    ASSERT_TRUE(made.ok()) << made.error().to_string();
    dag_ = std::make_shared<const Dag>(*std::move(made));
    ASSERT_TRUE(planner_->register_dag({dag_, "m.yaml", ".", {}}, now_).ok());
    TriggerRun input;
    input.dag = "mapped";
    input.run = run_;
    ASSERT_TRUE(planner_->trigger_run(input, {}, now_).ok());
    take_starts();
  }

  /// The items of the attempts that have started since the last call; their keys are kept.
  std::vector<int> take_starts() {
    std::vector<int> out;
    for (const auto& action : planner_->take_actions())
      if (const auto* start = std::get_if<StartAttempt>(&action)) {
        out.push_back(start->key.ref.map_index);
        keys_[start->key.ref.map_index] = start->key;
      }
    started_.insert(started_.end(), out.begin(), out.end());
    return out;
  }
  void end(int item, Result<Outcome> outcome = Outcome{Done{}}) {
    planner_->complete({keys_.at(item), std::move(outcome), false, now_}, now_);
  }
  std::vector<TaskState> states() {
    std::vector<TaskState> out;
    for (const auto& one : planner_->find_run(run_)->tasks[0].instances) out.push_back(one.state);
    return out;
  }

  using Items = std::vector<int>;
  const Time now_ = *parse_rfc3339("2001-02-01T00:00:00Z");
  const Uuid run_{1, 1};
  std::shared_ptr<const Dag> dag_;
  std::optional<Planner> planner_{std::in_place, PlannerOptions{}, 1, Rng(1)};
  std::map<int, AttemptKey> keys_;
  Items started_;
};

TEST_F(MapLimit, TheNextItemBeginsWhenOneHasEnded) {
  start(4);
  EXPECT_EQ(started_, (Items{0, 1}));
  EXPECT_EQ(states()[2], TaskState::pending);
  end(1);
  EXPECT_EQ(take_starts(), Items{2});
  end(0);
  EXPECT_EQ(take_starts(), Items{3});
  end(2);
  EXPECT_EQ(take_starts(), Items{});
  end(3);
  EXPECT_EQ(planner_->find_run(run_)->status, RunStatus::success);
}

TEST_F(MapLimit, AnItemThatWaitsForItsRetryKeepsItsPlace) {
  start(3, [](TaskSpec& task) { task.retries = {.max = 1, .initial = std::chrono::seconds{10}}; });
  end(0, unavailable("a moment"));
  EXPECT_EQ(take_starts(), Items{});
  end(1);
  EXPECT_EQ(take_starts(), Items{2});
  planner_->tick(now_ + std::chrono::minutes{1});
  EXPECT_EQ(take_starts(), Items{0});
}

TEST_F(MapLimit, AnItemWhoseParametersCannotBeEvaluatedGivesItsPlaceToTheNext) {
  start(5, [](TaskSpec& task) {
    task.foreach = Json::array({"1", "x", "y", "4", "5"});
    task.with = Json::object({{"n", "${{ fromJSON(item) }}"}});
  });
  EXPECT_EQ(started_, (Items{0, 3}));
  EXPECT_EQ(states()[1], TaskState::failed);
  EXPECT_EQ(states()[2], TaskState::failed);
  end(0);
  EXPECT_EQ(take_starts(), Items{4});
}

// docs/dags.md: a cancellation cancels what has not begun, and the condition was decided for all.
TEST_F(MapLimit, ACancellationCancelsTheItemsThatWait) {
  start(4, [](TaskSpec& task) { task.condition = "always()"; });
  ASSERT_TRUE(planner_->cancel_run({run_, false}, {}, now_).ok());
  EXPECT_EQ(states(), std::vector<TaskState>(4, TaskState::cancelled));
  EXPECT_EQ(planner_->find_run(run_)->status, RunStatus::cancelled);
  EXPECT_EQ(take_starts(), Items{});
}

TEST_F(MapLimit, CountsForItemsThatAreRetried) {
  start(4);
  for (const int item : {0, 1, 2, 3}) {
    end(item, item == 1 ? Result<Outcome>(Outcome{Done{}}) : permanent(data_invalid("bad")));
    take_starts();
  }
  ASSERT_EQ(planner_->find_run(run_)->status, RunStatus::failed);
  ASSERT_TRUE(planner_->retry_run({run_, {}}, {}, now_).ok());
  EXPECT_EQ(take_starts(), (Items{0, 2}));
  end(2);
  EXPECT_EQ(take_starts(), Items{3});
}

TEST_F(MapLimit, HoldsAfterTheLeaderWasReplaced) {
  start(4);
  struct Run run = *planner_->find_run(run_);
  planner_.emplace(PlannerOptions{}, 2, Rng(2));
  planner_->restore_dag({.dag = dag_});
  planner_->restore_run(std::move(run));
  planner_->recover(now_);
  EXPECT_EQ(take_starts(), (Items{0, 1}));
  end(0);
  EXPECT_EQ(take_starts(), Items{2});
}

}  // namespace
}  // namespace millrace
