// An attempt that the executor has, and has not begun, is queued: it has no deadline, no start and
// no loss, and goes behind what is more urgent. The next attempt of a task begins when the one
// before is known to have ended.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "engine/core/planner.h"

namespace millrace {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

class Dispatch : public ::testing::Test {
 protected:
  static TaskSpec task(std::string id, std::vector<std::string> needs = {}) {
    TaskSpec spec;
    spec.id = std::move(id);
    spec.op = "fake";
    spec.needs = std::move(needs);
    spec.timeout = seconds{5};
    return spec;
  }
  static PlannerOptions options() {
    PlannerOptions out;
    out.pool("process").slots = 1;
    out.pool("process").ahead_per_slot = 16;
    return out;
  }
  void add(const std::string& id, std::vector<TaskSpec> tasks) {
    DagSpec spec;
    spec.id = id;
    spec.tasks = std::move(tasks);
    auto made = Dag::make(std::move(spec));
    ASSERT_TRUE(made.ok()) << made.error().message;
    auto dag = std::make_shared<const Dag>(*std::move(made));
    dags_.push_back(dag);
    ASSERT_TRUE(planner_.register_dag({dag, id + ".yaml", ".", {}}, now_).ok());
  }
  Uuid trigger(const std::string& dag) {
    TriggerRun input;
    input.dag = dag;
    input.run = Uuid{1, ++runs_};
    EXPECT_TRUE(planner_.trigger_run(input, {}, now_).ok());
    return *input.run;
  }
  /// The attempts that the executor was given since the last call.
  std::vector<AttemptKey> dispatched(Planner& planner) {
    std::vector<AttemptKey> keys;
    for (const auto& action : planner.take_actions()) {
      if (const auto* start = std::get_if<StartAttempt>(&action)) keys.push_back(start->key);
      if (const auto* cancel = std::get_if<CancelAttempt>(&action)) cancels_.push_back(*cancel);
    }
    return keys;
  }
  std::vector<AttemptKey> dispatched() { return dispatched(planner_); }
  void end(const AttemptKey& key, Result<Outcome> outcome = Outcome{Done{}}) {
    planner_.complete({key, std::move(outcome), false, now_}, now_);
  }
  /// It never began.
  void give_back(const AttemptKey& key) {
    planner_.complete({key, unavailable("not begun"), true, {}}, now_);
  }
  const TaskInstance& instance(const Uuid& run, int task = 0) {
    return planner_.find_run(run)->instance({task, -1});
  }
  /// Enough short attempts that more are handed to the executor than it has slots.
  void make_attempts_short() {
    add("short", {task("only")});
    for (int i = 0; i < 20; ++i) {
      trigger("short");
      for (const auto& key : dispatched()) end(key);
    }
  }

  Time now_ = *parse_rfc3339("2001-02-01T00:00:00Z");
  std::uint64_t runs_ = 0;
  std::vector<std::shared_ptr<const Dag>> dags_;
  std::vector<CancelAttempt> cancels_;
  Planner planner_{options(), 1, Rng(1)};
};

TEST_F(Dispatch, AnAttemptIsQueuedUntilItsWorkBegins) {
  add("dag", {task("only")});
  const Uuid run = trigger("dag");
  const auto keys = dispatched();
  ASSERT_EQ(1u, keys.size());
  EXPECT_EQ(TaskState::queued, instance(run).state);
  EXPECT_EQ(0, planner_.running_attempts());
  EXPECT_EQ(1, planner_.queued_tasks());

  now_ += hours{1};
  const Time began = now_ - milliseconds{7};
  planner_.began({keys[0], began}, now_);
  EXPECT_EQ(TaskState::running, instance(run).state);
  EXPECT_EQ(began, instance(run).started);
  EXPECT_EQ(began, instance(run).attempt_started);
  EXPECT_EQ(1, planner_.running_attempts());
  end(keys[0]);
  EXPECT_EQ(TaskState::success, instance(run).state);
  EXPECT_EQ(0, planner_.running_attempts());
}

TEST_F(Dispatch, NoTimeoutComesBeforeTheStart) {
  add("dag", {task("only")});
  const Uuid run = trigger("dag");
  now_ += hours{100};
  planner_.tick(now_);
  EXPECT_EQ(TaskState::queued, instance(run).state);
  EXPECT_FALSE(planner_.next_wakeup());
}

TEST_F(Dispatch, AShortAttemptsResultTellsItsStart) {
  add("dag", {task("only")});
  const Uuid run = trigger("dag");
  const Time began = now_ + milliseconds{1};
  now_ += milliseconds{3};
  planner_.complete({dispatched().at(0), Outcome{Done{}}, false, began}, now_);
  EXPECT_EQ(TaskState::success, instance(run).state);
  EXPECT_EQ(began, instance(run).started);
}

// Reports of the first call come again while the second one waits in the executor.
TEST_F(Dispatch, AReportOfTheCallBeforeADeferralIsRefused) {
  add("dag", {task("only")});
  const Uuid run = trigger("dag");
  const AttemptKey first = dispatched().at(0);
  Defer defer;
  defer.after = seconds{5};
  end(first, Outcome{defer});
  now_ += seconds{5};
  planner_.tick(now_);
  const auto keys = dispatched();
  ASSERT_EQ(1u, keys.size());
  EXPECT_EQ(1, keys[0].attempt) << "the attempt goes on under its number";

  planner_.began({first, now_}, now_);
  end(first, Outcome{defer});
  end(first);
  EXPECT_EQ(TaskState::queued, instance(run).state);
  EXPECT_EQ(1, planner_.attempts_in_hand()) << "the second call keeps its slot";
  EXPECT_EQ(0, planner_.running_attempts());
  end(keys[0]);
  EXPECT_EQ(TaskState::success, instance(run).state);
  EXPECT_EQ(0, planner_.attempts_in_hand());
}

// A thread begins the second call at once.
TEST_F(Dispatch, AReportOfTheCallBeforeADeferralDoesNotEndTheOneThatRuns) {
  PlannerOptions threads = options();
  threads.executor_of = [](const std::string&) { return kThreadExecutor; };
  planner_ = Planner(std::move(threads), 1, Rng(1));
  add("dag", {task("only")});
  const Uuid run = trigger("dag");
  const AttemptKey first = dispatched().at(0);
  end(first, Outcome{Defer{.event = "news"}});
  planner_.publish_event({.name = "news"}, {}, now_);
  const auto keys = dispatched();
  ASSERT_EQ(1u, keys.size());

  end(first);
  EXPECT_EQ(TaskState::running, instance(run).state);
  end(keys[0]);
  EXPECT_EQ(TaskState::success, instance(run).state);
}

// As Airflow's `executor` of a task: "it will be used for that task instead of the default".
TEST_F(Dispatch, ATaskThatNamesItsExecutorGetsASlotOfThatPool) {
  PlannerOptions both = options();
  both.executor_of = [](const std::string&) { return kThreadExecutor; };
  planner_ = Planner(std::move(both), 1, Rng(1));
  TaskSpec other = task("other");
  other.executor = kProcessExecutor;
  add("dag", {task("as_declared"), other});
  const Uuid run = trigger("dag");
  std::map<std::string, std::string> executors;
  for (const auto& action : planner_.take_actions())
    if (const auto* start = std::get_if<StartAttempt>(&action))
      executors[start->info.task_id] = start->executor;
  const std::map<std::string, std::string> expected = {{"as_declared", "thread"},
                                                       {"other", "process"}};
  EXPECT_EQ(expected, executors);
  EXPECT_EQ(TaskState::running, instance(run, 0).state) << "it begins with its dispatch";
  EXPECT_EQ(TaskState::queued, instance(run, 1).state) << "its executor reports the begin";
}

// A newer engine may have known it.
TEST_F(Dispatch, ATaskThatNamesAnExecutorWithoutAPoolUsesTheFirstPool) {
  TaskSpec other = task("other");
  other.executor = "elsewhere";
  add("dag", {other});
  trigger("dag");
  const auto actions = planner_.take_actions();
  ASSERT_EQ(1u, actions.size());
  EXPECT_EQ("process", std::get<StartAttempt>(actions[0]).executor);
}

// Three runs of a map of short tasks, then long ones, with one worker.
TEST_F(Dispatch, NoMoreThanTheSlotsAreRunningHoweverManyAreHandedOut) {
  make_attempts_short();
  TaskSpec mapped = task("mapped");
  Json items = Json::array();
  for (int i = 0; i < 60; ++i) items.push_back(i);
  mapped.foreach = items;
  add("long", {mapped});
  const Uuid run = trigger("long");
  const auto keys = dispatched();
  EXPECT_EQ(17u, keys.size());
  planner_.began({keys[0], now_}, now_);
  EXPECT_EQ(1, planner_.running_attempts());
  EXPECT_EQ(59, planner_.queued_tasks());
  now_ += seconds{6};  // more than the timeout of those that wait
  planner_.tick(now_);
  const auto& instances = planner_.find_run(run)->tasks[0].instances;
  EXPECT_EQ(59, std::ranges::count(instances, TaskState::queued, &TaskInstance::state));
}

TEST_F(Dispatch, AMoreUrgentTaskIsHandedOutBeforeThoseThatWait) {
  make_attempts_short();
  TaskSpec mapped = task("mapped");
  mapped.foreach = Json::array({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19});
  add("many", {mapped});
  TaskSpec urgent = task("urgent");
  urgent.priority = 1'000'000;
  add("urgent", {urgent});
  trigger("many");
  ASSERT_EQ(17u, dispatched().size());
  const Uuid run = trigger("urgent");
  const auto keys = dispatched();
  ASSERT_EQ(1u, keys.size());
  EXPECT_EQ(run, keys[0].run);
}

// The same where attempts take so long that none is handed out ahead any more.
TEST_F(Dispatch, AMoreUrgentTaskDoesNotWaitForLongOnesThatWereHandedOut) {
  make_attempts_short();
  TaskSpec mapped = task("mapped");
  mapped.foreach = Json::array({1, 2, 3, 4, 5});
  add("many", {mapped});
  TaskSpec urgent = task("urgent");
  urgent.priority = 1;
  add("urgent", {urgent});
  trigger("many");
  auto keys = dispatched();
  ASSERT_EQ(5u, keys.size());
  now_ += hours{1};
  end(keys[0]);  // attempts are long now
  planner_.began({keys[1], now_}, now_);
  const Uuid run = trigger("urgent");
  const auto next = dispatched();
  ASSERT_EQ(1u, next.size());
  EXPECT_EQ(run, next[0].run);
}

TEST_F(Dispatch, AnAttemptThatCameBackCostsNothing) {
  add("dag", {task("only")});
  const Uuid run = trigger("dag");
  for (int i = 0; i < 20; ++i) {
    const auto keys = dispatched();
    ASSERT_EQ(1u, keys.size()) << i;
    give_back(keys[0]);
  }
  EXPECT_EQ(0, instance(run).losses);
  EXPECT_EQ(TaskState::queued, instance(run).state);
}

TEST_F(Dispatch, AnEngineThatDiesLosesOnlyWhatHasBegun) {
  add("dag", {task("one")});
  const Uuid waits = trigger("dag");
  ASSERT_EQ(1u, dispatched().size());
  Planner next(options(), 2, Rng(2));
  DagState state;
  state.dag = dags_[0];
  next.restore_dag(std::move(state));
  next.restore_run(*planner_.find_run(waits));
  next.recover(now_);
  EXPECT_EQ(0, next.find_run(waits)->instance({0, -1}).losses);
  const auto keys = dispatched(next);
  ASSERT_EQ(1u, keys.size());
  EXPECT_EQ(2, keys[0].attempt);  // what the dead engine began may have written a log

  next.began({keys[0], now_}, now_);
  Planner third(options(), 3, Rng(3));
  DagState again;
  again.dag = dags_[0];
  third.restore_dag(std::move(again));
  third.restore_run(*next.find_run(waits));
  third.recover(now_);
  EXPECT_EQ(1, third.find_run(waits)->instance({0, -1}).losses);
}

TEST_F(Dispatch, ARetryWaitsForTheEndOfTheCancelledAttempt) {
  add("dag", {task("only")});
  const Uuid run = trigger("dag");
  const auto first = dispatched();
  planner_.began({first.at(0), now_}, now_);
  ASSERT_TRUE(planner_.cancel_run({run}, {}, now_).ok());
  ASSERT_TRUE(planner_.retry_run({run, {}}, {}, now_).ok());
  EXPECT_TRUE(dispatched().empty());
  EXPECT_EQ(TaskState::queued, instance(run).state);
  planner_.complete({first[0], make_error(ErrorCode::cancelled, "cancelled"), false, now_}, now_);
  const auto second = dispatched();
  ASSERT_EQ(1u, second.size());
  EXPECT_EQ(2, second[0].attempt);
}

TEST_F(Dispatch, AHeldPlannerStartsNothingThatBecomesReady) {
  add("chain", {task("a"), task("b", {"a"}), task("c", {"b"})});
  const Uuid run = trigger("chain");
  const auto keys = dispatched();
  planner_.began({keys.at(0), now_}, now_);
  planner_.hold_starts();
  end(keys[0]);
  EXPECT_TRUE(dispatched().empty());
  EXPECT_EQ(TaskState::queued, instance(run, 1).state);
  EXPECT_EQ(0, planner_.attempts_in_hand());
}

// It was taken for an attempt of a dead engine, and begun again while it ran.
TEST_F(Dispatch, AHeldRunsTaskThatAlwaysRunsIsNotBegunAgainWhenItsTurnComes) {
  make_attempts_short();
  TaskSpec last = task("last", {"first"});
  last.condition = "always()";
  DagSpec spec;
  spec.id = "one";
  spec.max_active_runs = 1;
  spec.tasks = {task("first"), last};
  auto made = Dag::make(std::move(spec));
  ASSERT_TRUE(made.ok());
  dags_.push_back(std::make_shared<const Dag>(*std::move(made)));
  ASSERT_TRUE(planner_.register_dag({dags_.back(), "one.yaml", ".", {}}, now_).ok());
  const Uuid active = trigger("one"), held = trigger("one");
  const auto first = dispatched();
  ASSERT_EQ(1u, first.size());
  ASSERT_TRUE(planner_.cancel_run({held}, {}, now_).ok());
  const auto clean_up = dispatched();
  ASSERT_EQ(1u, clean_up.size());
  planner_.began({clean_up[0], now_}, now_);

  end(first[0]);
  end(dispatched().at(0));
  EXPECT_EQ(RunStatus::success, planner_.find_run(active)->status);
  EXPECT_TRUE(dispatched().empty());
  EXPECT_EQ(0, instance(held, 1).losses);
  end(clean_up[0]);
  EXPECT_EQ(RunStatus::cancelled, planner_.find_run(held)->status);
}

class Cancellation : public Dispatch {
 protected:
  void SetUp() override {
    TaskSpec last = task("last", {"first"});
    last.condition = "always()";
    add("dag", {task("first"), last});
    run_ = trigger("dag");
    first_ = dispatched().at(0);
    planner_.began({first_, now_}, now_);
  }
  void report_cancelled(const AttemptKey& key) {
    planner_.complete({key, make_error(ErrorCode::cancelled, "cancelled"), false, now_}, now_);
  }

  Uuid run_;
  AttemptKey first_;
};

TEST_F(Cancellation, ASecondOneEndsTasksThatAlwaysRun) {
  ASSERT_TRUE(planner_.cancel_run({run_}, {}, now_).ok());
  report_cancelled(first_);
  const auto last = dispatched();
  ASSERT_EQ(1u, last.size());
  planner_.began({last[0], now_}, now_);
  cancels_.clear();
  ASSERT_TRUE(planner_.cancel_run({run_}, {}, now_).ok());
  dispatched();
  EXPECT_EQ(RunStatus::cancelled, planner_.find_run(run_)->status);
  ASSERT_FALSE(cancels_.empty());
  EXPECT_EQ(last[0], cancels_[0].key);
  EXPECT_TRUE(cancels_[0].at_once);
}

TEST_F(Cancellation, ASecondOneTakesTheGraceFromWhatIsOnItsWayOut) {
  ASSERT_TRUE(planner_.cancel_run({run_}, {}, now_).ok());
  dispatched();
  ASSERT_FALSE(cancels_.at(0).at_once);
  cancels_.clear();
  ASSERT_TRUE(planner_.cancel_run({run_}, {}, now_).ok());
  dispatched();
  ASSERT_FALSE(cancels_.empty());
  EXPECT_EQ(first_, cancels_[0].key);
  EXPECT_TRUE(cancels_[0].at_once);
}

TEST_F(Cancellation, ForceEndsEverythingAtTheFirstTime) {
  ASSERT_TRUE(planner_.cancel_run({run_, true}, {}, now_).ok());
  EXPECT_TRUE(dispatched().empty());
  EXPECT_EQ(RunStatus::cancelled, planner_.find_run(run_)->status);
}

TEST_F(Cancellation, OfOneTaskLeavesTheRunToItsOtherTasks) {
  ASSERT_TRUE(planner_.cancel_task({run_, "first", {}, false}, {}, now_).ok());
  const auto last = dispatched();  // `always()`; the slot is still held
  EXPECT_TRUE(last.empty());
  EXPECT_EQ(TaskState::cancelled, instance(run_).state);
  EXPECT_EQ(first_, cancels_.at(0).key);
  report_cancelled(first_);
  EXPECT_EQ(1u, dispatched().size());
  EXPECT_EQ(RunStatus::running, planner_.find_run(run_)->status);
}

TEST_F(Cancellation, OfATaskThatIsNotThereIsRefused) {
  EXPECT_EQ(ErrorCode::not_found,
            planner_.cancel_task({run_, "frist", {}, false}, {}, now_).error().code);
  EXPECT_EQ(ErrorCode::not_found,
            planner_.cancel_task({run_, "first", 3, false}, {}, now_).error().code);
  end(first_);
  EXPECT_EQ(ErrorCode::conflict,
            planner_.cancel_task({run_, "first", {}, false}, {}, now_).error().code);
}

class AtMostOnce : public Dispatch {
 protected:
  void SetUp() override {
    TaskSpec once = task("once");
    once.at_most_once = true;
    add("dag", {once});
    run_ = trigger("dag");
    key_ = dispatched().at(0);
  }
  Uuid run_;
  AttemptKey key_;
};

TEST_F(AtMostOnce, ALostAttemptIsNotRepeated) {
  planner_.complete({key_, unavailable("runner died: signal 9 (Killed)"), true, now_}, now_);
  EXPECT_TRUE(dispatched().empty());
  EXPECT_EQ(TaskState::failed, instance(run_).state);
  EXPECT_EQ(
      "its runner or engine died, and the task runs at most once: runner died: signal 9 (Killed)",
      instance(run_).error.message);
}

TEST_F(AtMostOnce, OneThatCameBackIsStartedAgain) {
  give_back(key_);
  EXPECT_EQ(1u, dispatched().size());
}

TEST_F(AtMostOnce, OneThatADeadEngineMayHaveBegunIsNotRepeated) {
  Planner next(options(), 2, Rng(2));
  DagState state;
  state.dag = dags_[0];
  next.restore_dag(std::move(state));
  next.restore_run(*planner_.find_run(run_));
  next.recover(now_);
  EXPECT_TRUE(dispatched(next).empty());
  EXPECT_EQ(TaskState::failed, next.find_run(run_)->instance({0, -1}).state);
}

}  // namespace
}  // namespace millrace
