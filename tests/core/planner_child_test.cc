// Runs that tasks start: `dag.run` and its waits.
#include <gtest/gtest.h>

#include "engine/base/digest.h"
#include "engine/core/child_run.h"
#include "engine/core/planner.h"

namespace millrace {
namespace {

class Children : public ::testing::Test {
 protected:
  /// A DAG with one task `t`, after `change`.
  void add(
      const std::string& id, const std::function<void(DagSpec&)>& change = [](DagSpec&) {}) {
    DagSpec spec;
    spec.id = id;
    spec.tasks.resize(1);
    spec.tasks[0].id = "t";
    spec.tasks[0].op = "fake";
    change(spec);
    auto made = Dag::make(std::move(spec));
    ASSERT_TRUE(made.ok()) << made.error().to_string();
    const auto dag = std::make_shared<const Dag>(*std::move(made));
    ASSERT_TRUE(planner_->register_dag({dag, id + ".yaml", ".", {}}, now_).ok());
  }
  Uuid trigger(const std::string& dag) {
    TriggerRun input;
    input.dag = dag;
    input.run = Uuid{1, ++triggered_};
    EXPECT_TRUE(planner_->trigger_run(input, {}, now_).ok());
    take();
    return *input.run;
  }
  /// Keeps the keys of what starts, and the events.
  void take() {
    for (const auto& action : planner_->take_actions())
      if (const auto* start = std::get_if<StartAttempt>(&action)) {
        started_.push_back(*start);
        under_way_[{start->key.run, start->key.ref}] = *start;
      }
    for (Event& event : planner_->take_events()) events_.push_back(std::move(event));
  }
  void end(const Uuid& run, Result<Outcome> outcome, TaskRef ref = {0, -1}) {
    const auto key = under_way_.at({run, ref}).key;
    under_way_.erase({run, ref});
    planner_->complete({key, std::move(outcome), false, now_}, now_);
    take();
  }
  static Outcome wait_for(const std::string& dag, Json params = Json::object()) {
    Defer defer;
    defer.effects.emplace_back(StartRun{.dag = dag, .params = std::move(params), .wait = true});
    return defer;
  }
  static Outcome start_only(const std::string& dag) {
    return Done{Json::object(), {StartRun{.dag = dag}}};
  }
  /// The run that the task has started last.
  Uuid child_of(const Uuid& run, TaskRef ref = {0, -1}) { return at(run).children.at(ref).run; }
  const millrace::Run& at(const Uuid& run) { return *planner_->find_run(run); }
  TaskState state(const Uuid& run, TaskRef ref = {0, -1}) { return at(run).instance(ref).state; }
  bool has_begun(const Uuid& run) { return under_way_.contains({run, {0, -1}}); }
  template <typename Body>
  int count(const Uuid& run = {}) {
    int n = 0;
    for (const Event& event : events_)
      n += std::holds_alternative<Body>(event.body) && (run.is_nil() || event.run == run);
    return n;
  }
  /// Another engine takes over from what the journal holds.
  void restart() {
    std::map<Uuid, millrace::Run> runs;
    std::vector<DagState> dags;
    for (const auto& [key, dag] : planner_->dags()) {
      DagState state;
      state.dag = dag.dag;
      state.source = dag.source;
      dags.push_back(std::move(state));
    }
    for (const Event& event : events_) {
      if (const auto* created = std::get_if<RunCreated>(&event.body))
        runs.emplace(event.run, make_run(event, planner_->dags().at(created->dag).dag));
      else if (!event.run.is_nil() && !std::holds_alternative<CompletionRejected>(event.body))
        ASSERT_TRUE(apply(runs.at(event.run), event).ok());
    }
    ++epoch_;
    planner_.emplace(PlannerOptions{}, epoch_, Rng(static_cast<std::uint64_t>(epoch_)));
    for (auto& dag : dags) planner_->restore_dag(std::move(dag));
    for (auto& [id, run] : runs)
      if (run.status == RunStatus::running && id != left_out_) planner_->restore_run(run);
    if (!left_out_.is_nil() && runs.at(left_out_).status != RunStatus::running && knows_end_)
      planner_->restore_ended_child(runs.at(left_out_));
    under_way_.clear();
    planner_->recover(now_);
    take();
  }

  const Time now_ = *parse_rfc3339("2001-02-01T00:00:00Z");
  std::optional<Planner> planner_{std::in_place, PlannerOptions{}, 1, Rng(1)};
  std::int64_t epoch_ = 1;
  std::uint64_t triggered_ = 0;
  std::map<std::pair<Uuid, TaskRef>, StartAttempt> under_way_;
  std::vector<StartAttempt> started_;
  std::vector<Event> events_;
  Uuid left_out_;  // that a restart does not restore
  bool knows_end_ = true;
};

TEST_F(Children, ARunStartedByATaskNamesItAndCarriesItsTrace) {
  add("parent");
  add("child", [](DagSpec& spec) {
    spec.params.push_back({"n", Json::object({{"type", "integer"}, {"default", 1}})});
  });
  const Uuid run = trigger("parent");
  end(run, wait_for("child", Json::object({{"n", 7}})));
  const millrace::Run& child = at(child_of(run));
  EXPECT_EQ(child.created.dag, DagKey("child"));
  EXPECT_EQ(child.created.type, RunType::child);
  EXPECT_EQ(child.created.params.dump(), R"({"n":7})");
  EXPECT_EQ(child.created.trace_id, at(run).created.trace_id);
  const auto parent = parent_of(child.created.type, child.created.trigger);
  ASSERT_TRUE(parent);
  EXPECT_EQ(parent->run, run);
  EXPECT_EQ(parent->dag, "parent");
  EXPECT_EQ(parent->task, "t");
  EXPECT_EQ(parent->map_index, -1);
  EXPECT_EQ(parent->depth, 1);
}

TEST_F(Children, ATaskThatWaitsHoldsNoSlotAndGoesOnWithTheResultOfItsRun) {
  add("parent");
  add("child", [](DagSpec& spec) {
    spec.outputs = Json::object({{"auc", "${{ tasks.t.outputs.auc }}"}});
  });
  const Uuid run = trigger("parent");
  end(run, wait_for("child"));
  const Uuid child = child_of(run);
  EXPECT_EQ(state(run), TaskState::deferred);
  EXPECT_EQ(planner_->attempts_in_hand(), 1);  // of the child
  EXPECT_FALSE(planner_->next_wakeup());       // nothing polls
  end(child, Outcome{Done{Json::object({{"auc", 0.9}}), {}}});
  ASSERT_TRUE(has_begun(run));
  const StartAttempt& call = under_way_.at({run, {0, -1}});
  EXPECT_EQ(call.key.attempt, 1);
  EXPECT_EQ(call.info.checkpoint["child"].dump(),
            R"({"run":")" + child.to_string() + R"(","state":"success","outputs":{"auc":0.9}})");
  end(run, Outcome{Done{}});
  EXPECT_EQ(at(run).status, RunStatus::success);
}

TEST_F(Children, TheTaskLearnsWhyItsRunFailed) {
  add("parent");
  add("child");
  const Uuid run = trigger("parent");
  end(run, wait_for("child"));
  end(child_of(run), Outcome{Fail{data_invalid("12 rows are bad"), {}, {}}});
  const Json& child = under_way_.at({run, {0, -1}}).info.checkpoint["child"];
  EXPECT_EQ(child["state"].as_view(), "failed");
  EXPECT_EQ(child["error"].as_view(), "task 't': 12 rows are bad");
}

TEST_F(Children, ATaskThatDoesNotWaitEndsAtOnceAndNamesTheRun) {
  add("parent");
  add("child");
  const Uuid run = trigger("parent");
  end(run, start_only("child"));
  EXPECT_EQ(at(run).status, RunStatus::success);
  const Uuid child = child_of(run);
  EXPECT_EQ(at(run).instance({0, -1}).outputs["run_id"].as_view(), child.to_string());
  EXPECT_EQ(at(child).status, RunStatus::running);
}

TEST_F(Children, WhatATriggerRefusesFailsTheTaskForGood) {
  add("parent", [](DagSpec& spec) { spec.tasks[0].retries = {.max = 3}; });
  add("child", [](DagSpec& spec) {
    spec.params.push_back({"n", Json::object({{"type", "integer"}, {"default", 1}})});
  });
  const auto refusal = [&](const std::string& dag, Json params) {
    TriggerRun input;
    input.dag = dag;
    input.params = params;
    input.run = Uuid{9, 9};
    const auto refused = planner_->trigger_run(input, {}, now_);
    EXPECT_FALSE(refused.ok());
    const Uuid run = trigger("parent");
    end(run, wait_for(dag, std::move(params)));
    EXPECT_EQ(at(run).status, RunStatus::failed);
    EXPECT_EQ(at(run).instance({0, -1}).error.to_string(), refused.error().to_string());
    EXPECT_TRUE(at(run).children.empty());
  };
  refusal("chidl", Json::object());
  refusal("child", Json::object({{"n", "many"}}));
  refusal("child", Json::object({{"m", 1}}));
}

TEST_F(Children, ARunOfAPausedDagStartsAsByATrigger) {
  add("parent");
  add("child");
  ASSERT_TRUE(planner_->pause_dag({"child", true}, {}, now_).ok());
  const Uuid run = trigger("parent");
  end(run, wait_for("child"));
  EXPECT_TRUE(has_begun(child_of(run)));
}

TEST_F(Children, CancellingTheParentCancelsTheRunThatItWaitsFor) {
  add("parent");
  add("child");
  const Uuid run = trigger("parent");
  end(run, wait_for("child"));
  const Uuid child = child_of(run);
  ASSERT_TRUE(planner_->cancel_run({run, false}, {}, now_).ok());
  take();
  EXPECT_EQ(at(run).status, RunStatus::cancelled);
  EXPECT_EQ(at(child).status, RunStatus::cancelled);
  EXPECT_EQ(count<ChildRunEnded>(), 0);
}

TEST_F(Children, CancellingTheTaskCancelsTheRunThatItWaitsFor) {
  add("parent");
  add("child");
  const Uuid run = trigger("parent");
  end(run, wait_for("child"));
  const Uuid child = child_of(run);
  CancelTask input;
  input.run = run;
  input.task = "t";
  ASSERT_TRUE(planner_->cancel_task(input, {}, now_).ok());
  EXPECT_EQ(at(child).status, RunStatus::cancelled);
}

TEST_F(Children, ARunThatNoTaskWaitsForOutlivesItsParent) {
  add("parent", [](DagSpec& spec) {
    spec.tasks.resize(2);
    spec.tasks[1].id = "slow";
    spec.tasks[1].op = "fake";
  });
  add("child");
  const Uuid run = trigger("parent");
  end(run, start_only("child"));
  const Uuid child = child_of(run);
  ASSERT_TRUE(planner_->cancel_run({run, false}, {}, now_).ok());
  EXPECT_EQ(at(child).status, RunStatus::running);
}

TEST_F(Children, CancellingTheChildFailsTheWaitNotTheParent) {
  add("parent");
  add("child");
  const Uuid run = trigger("parent");
  end(run, wait_for("child"));
  const Uuid child = child_of(run);
  ASSERT_TRUE(planner_->cancel_run({child, false}, {}, now_).ok());
  take();
  EXPECT_EQ(under_way_.at({run, {0, -1}}).info.checkpoint["child"]["state"].as_view(), "cancelled");
}

TEST_F(Children, ALostAttemptStartsNoSecondRun) {
  add("parent");
  add("child");
  const Uuid run = trigger("parent");
  const auto key = under_way_.at({run, {0, -1}}).key;
  planner_->complete({key, unavailable("the runner died"), true, now_}, now_);
  take();
  end(run, wait_for("child"));
  const Uuid child = child_of(run);
  end(child, Outcome{Done{}});
  const auto second = under_way_.at({run, {0, -1}}).key;
  planner_->complete({second, unavailable("the runner died"), true, now_}, now_);
  take();
  const StartAttempt& third = under_way_.at({run, {0, -1}});
  EXPECT_EQ(third.info.checkpoint["child"]["run"].as_view(), child.to_string());
  end(run, Outcome{Done{}});
  EXPECT_EQ(count<RunCreated>(), 2);
}

TEST_F(Children, ARetryOfTheTaskStartsANewRun) {
  add("parent");
  add("child");
  const Uuid run = trigger("parent");
  end(run, wait_for("child"));
  const Uuid first = child_of(run);
  end(first, Outcome{Fail{data_invalid("bad"), {}, {}}});
  end(run, Outcome{Fail{data_invalid("its run failed"), {}, {}}});
  ASSERT_TRUE(planner_->retry_run({run, {}}, {}, now_).ok());
  take();
  EXPECT_TRUE(under_way_.at({run, {0, -1}}).info.checkpoint.is_null());
  end(run, wait_for("child"));
  EXPECT_NE(child_of(run), first);
}

TEST_F(Children, EachItemOfAMapStartsARunOfItsOwn) {
  add("parent", [](DagSpec& spec) { spec.tasks[0].foreach = Json::array({"a", "b"}); });
  add("child");
  const Uuid run = trigger("parent");
  for (const int item : {0, 1}) end(run, wait_for("child"), {0, item});
  const Uuid a = child_of(run, {0, 0}), b = child_of(run, {0, 1});
  EXPECT_NE(a, b);
  end(b, Outcome{Done{}});
  EXPECT_EQ(state(run, {0, 0}), TaskState::deferred);
  EXPECT_TRUE(under_way_.contains({run, TaskRef{0, 1}}));
}

TEST_F(Children, MaxActiveRunsQueuesTheChild) {
  add("parent");
  add("child", [](DagSpec& spec) { spec.max_active_runs = 1; });
  const Uuid other = trigger("child");
  const Uuid run = trigger("parent");
  end(run, wait_for("child"));
  const Uuid child = child_of(run);
  EXPECT_FALSE(has_begun(child));
  end(other, Outcome{Done{}});
  EXPECT_TRUE(has_begun(child));
}

TEST_F(Children, ARunThatItsOwnDagWaitsForIsNotHeldBack) {
  add("loop", [](DagSpec& spec) { spec.max_active_runs = 1; });
  const Uuid run = trigger("loop");
  const Uuid next = trigger("loop");
  end(run, wait_for("loop"));
  EXPECT_TRUE(has_begun(child_of(run)));
  EXPECT_FALSE(has_begun(next));
}

TEST_F(Children, TwoDagsThatWaitForEachOtherDoNotBlockEachOther) {
  for (const char* id : {"a", "b"}) add(id, [](DagSpec& spec) { spec.max_active_runs = 1; });
  const Uuid a = trigger("a"), b = trigger("b");
  end(a, wait_for("b"));
  EXPECT_FALSE(has_begun(child_of(a)));  // b is under way, and waits for nothing yet
  end(b, wait_for("a"));
  const Uuid inner = child_of(b);
  ASSERT_TRUE(has_begun(inner));
  end(inner, Outcome{Done{}});
  end(b, Outcome{Done{}});
  ASSERT_TRUE(has_begun(child_of(a)));
  end(child_of(a), Outcome{Done{}});
  end(a, Outcome{Done{}});
  EXPECT_EQ(at(a).status, RunStatus::success);
}

TEST_F(Children, ADagThatStartsItselfForEverIsRefusedAtTheSeventeenthRun) {
  add("loop");
  Uuid run = trigger("loop");
  for (int depth = 1; depth <= kMaxRunDepth; ++depth) {
    end(run, start_only("loop"));
    run = child_of(run);
  }
  end(run, start_only("loop"));
  EXPECT_EQ(at(run).status, RunStatus::failed);
  EXPECT_NE(at(run).instance({0, -1}).error.message.find("a chain of 16 runs"), std::string::npos)
      << at(run).instance({0, -1}).error.message;
}

TEST_F(Children, AnEffectOutsideATaskStartsNoRun) {
  add("child");
  EXPECT_FALSE(planner_->request_effects({StartRun{.dag = "child"}}, {}, now_).ok());
}

TEST_F(Children, AnotherEngineGoesOnWaiting) {
  add("parent");
  add("child");
  const Uuid run = trigger("parent");
  end(run, wait_for("child"));
  const Uuid child = child_of(run);
  restart();
  EXPECT_EQ(state(run), TaskState::deferred);
  EXPECT_EQ(count<RunCreated>(), 2);
  end(child, Outcome{Done{}});
  EXPECT_TRUE(has_begun(run));
}

TEST_F(Children, AnotherEngineTellsTheTaskOfAnEndThatItsPredecessorCouldNotRecord) {
  add("parent");
  add("child");
  const Uuid run = trigger("parent");
  end(run, wait_for("child"));
  left_out_ = run;  // out of order: this engine cannot fold it
  const Uuid child = child_of(run);
  restart();
  end(child, Outcome{Done{}});
  left_out_ = child;
  restart();
  EXPECT_EQ(under_way_.at({run, {0, -1}}).info.checkpoint["child"]["state"].as_view(), "success");
}

TEST_F(Children, AWaitForAForgottenRunEndsWithAnError) {
  add("parent");
  add("child");
  const Uuid run = trigger("parent");
  end(run, wait_for("child"));
  left_out_ = child_of(run);
  restart();
  const Json& child = under_way_.at({run, {0, -1}}).info.checkpoint["child"];
  EXPECT_EQ(child["state"].as_view(), "failed");
  EXPECT_EQ(child["error"].as_view(), "it is forgotten, and its end was not seen");
}

// The child is restored first, because its id is smaller, and ends at once.
TEST_F(Children, OneThatEndsWhileTheNextEngineStartsWakesItsTask) {
  add("parent");
  add("child", [](DagSpec& spec) {
    spec.tasks[0].at_most_once = true;
    spec.tasks[0].executor = std::string(kThreadExecutor);
  });
  TriggerRun input;
  input.dag = "parent";
  input.run = Uuid{~std::uint64_t{0}, 1};
  ASSERT_TRUE(planner_->trigger_run(input, {}, now_).ok());
  take();
  end(*input.run, wait_for("child"));
  const Uuid child = child_of(*input.run);
  ASSERT_TRUE(child < *input.run);
  ASSERT_EQ(state(child), TaskState::running);
  restart();
  EXPECT_EQ(at(child).status, RunStatus::failed);
  EXPECT_EQ(count<ChildRunEnded>(*input.run), 1);
  const Json& news = at(*input.run).instance({0, -1}).checkpoint["child"];
  EXPECT_TRUE(news["error"].as_view().starts_with("task 't': ")) << news.dump();
}

}  // namespace
}  // namespace millrace
