// `depends`: the expression, and when a task with it starts, is skipped or cannot start.
#include "engine/core/depends.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "engine/core/planner.h"

namespace millrace {
namespace {

using Value = std::optional<bool>;

/// The value of an expression whose terms are true ("t…"), false ("f…") or unknown.
Value value_of(std::string_view text) {
  const auto depends = Depends::parse(text);
  EXPECT_TRUE(depends.ok()) << text << ": " << depends.error().message;
  return depends->evaluate([&](std::size_t i) -> Value {
    const char first = depends->terms()[i].name[0];
    return first == 't' ? Value(true) : first == 'f' ? Value(false) : Value();
  });
}

// Kleene, Introduction to Metamathematics (1952), section 64: the strong tables.
TEST(Depends, HasTheThreeValuesOfKleene) {
  const std::map<std::string, Value> kTables = {
      {"t && t", true}, {"t && f", false}, {"t && u", {}},   {"f && u", false}, {"u && f", false},
      {"u && u", {}},   {"f && f", false}, {"t || t", true}, {"t || f", true},  {"t || u", true},
      {"u || t", true}, {"f || u", {}},    {"u || u", {}},   {"f || f", false}, {"!t", false},
      {"!f", true},     {"!u", {}}};
  for (const auto& [text, value] : kTables) EXPECT_EQ(value, value_of(text)) << text;
}

TEST(Depends, AndBindsMoreTightlyThanOr) {
  EXPECT_EQ(Value(true), value_of("t || f && f"));
  EXPECT_EQ(Value(false), value_of("(t || f) && f"));
  EXPECT_EQ(Value(true), value_of("!f && t"));
  EXPECT_EQ(Value(true), value_of(" !( f || f )\n&&t "));
}

TEST(Depends, NamesHoldDotsAndDashes) {
  const auto depends = Depends::parse("load-2.csv.failed||b");
  ASSERT_TRUE(depends.ok());
  EXPECT_EQ("load-2.csv.failed", depends->terms()[0].name);
  EXPECT_EQ(19u, depends->terms()[1].offset);
}

std::string syntax_error(std::string_view text) {
  const auto depends = Depends::parse(text);
  return depends ? "" : depends.error().message;
}

TEST(Depends, ErrorsNameTheColumn) {
  EXPECT_EQ("column 1: expected a task, found the end", syntax_error(""));
  EXPECT_EQ("column 6: expected a task, found the end", syntax_error("a && "));
  EXPECT_EQ("column 3: expected && or ||, found 'b'", syntax_error("a b"));
  EXPECT_EQ("column 3: expected && or ||, found '&'", syntax_error("a & b"));
  EXPECT_EQ("column 8: expected ), found the end", syntax_error("(a || b"));
  EXPECT_EQ("column 1: expected a task, found '='", syntax_error("== a"));
  EXPECT_NE("", syntax_error(std::string(1000, '(') + "a" + std::string(1000, ')')));
}

Depends::Meaning meaning(std::string_view name) {
  const auto is_task = [](std::string_view id) { return id == "a" || id == "a.failed"; };
  const auto found = Depends::meaning_of(name, is_task);
  EXPECT_TRUE(found.ok()) << found.error().message;
  return found.value_or(Depends::Meaning{});
}

TEST(Depends, ANameIsATaskWithAStateOrATaskAlone) {
  EXPECT_EQ("a", meaning("a").task);
  EXPECT_EQ(DependsOn::success_or_skipped, meaning("a").state);
  EXPECT_EQ(DependsOn::upstream_failed, meaning("a.upstream_failed").state);
  EXPECT_EQ("a.failed", meaning("a.failed").task) << "an id that ends like a state is a task";
  EXPECT_EQ(DependsOn::ended, meaning("a.failed.ended").state);
}

TaskSpec plain(std::string id) {
  TaskSpec spec;
  spec.id = std::move(id);
  spec.op = "fake";
  return spec;
}
TaskSpec depending(std::string id, std::string depends, std::vector<std::string> needs) {
  TaskSpec spec = plain(std::move(id));
  spec.needs = std::move(needs);
  spec.depends = std::move(depends);
  return spec;
}
TaskSpec mapped(TaskSpec spec) {
  spec.foreach = Json::array({1, 2});
  return spec;
}

/// One run. Its tasks end when the test says so.
class DependsInARun : public ::testing::Test {
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
  /// a, b and c, and `d` with the expression.
  void begin_with(const std::string& depends) {
    begin({plain("a"), plain("b"), plain("c"), depending("d", depends, {"a", "b", "c"})});
  }
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
  void skip(std::string_view id) { end(id, Outcome{Skip{"no"}}); }
  void fail(std::string_view id) { end(id, invalid_argument("a failure")); }
  TaskState state(std::string_view id) {
    return planner_->find_run(run_)->instance({dag_->index_of(id), -1}).state;
  }
  std::string reason(std::string_view id) {
    return planner_->find_run(run_)->instance({dag_->index_of(id), -1}).reason;
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

TEST_F(DependsInARun, ATaskStartsAsSoonAsItsExpressionIsCertain) {
  begin_with("a.success && (b.failed || c.skipped)");
  succeed("a");
  EXPECT_EQ(TaskState::pending, state("d"));
  fail("b");
  EXPECT_EQ(TaskState::queued, state("d")) << "c goes on";
}

TEST_F(DependsInARun, ANameAloneMeansSuccessOrSkipped) {
  begin_with("a && b && c");
  succeed("a");
  skip("b");
  succeed("c");
  EXPECT_EQ(TaskState::queued, state("d"));
}

TEST_F(DependsInARun, EndedWaitsForTheEnd) {
  begin_with("a.ended && b.ended && !c.failed");
  fail("a");
  skip("b");
  EXPECT_EQ(TaskState::pending, state("d"));
  succeed("c");
  EXPECT_EQ(TaskState::queued, state("d"));
}

TEST_F(DependsInARun, AForgivenFailureIsASuccess) {
  TaskSpec a = plain("a");
  a.continue_on_error = true;
  begin({a, depending("good", "a.success", {"a"}), depending("bad", "a.failed", {"a"})});
  fail("a");
  EXPECT_EQ(TaskState::queued, state("good"));
  EXPECT_EQ(TaskState::skipped, state("bad"));
}

TEST_F(DependsInARun, ACancelledTaskHasFailed) {
  begin({plain("a"), depending("d", "a.failed", {"a"})});
  ASSERT_TRUE(planner_->cancel_task({run_, "a", {}, true}, Caller(), now_).ok());
  EXPECT_EQ(TaskState::queued, state("d"));
}

TEST_F(DependsInARun, TheWorstStateOfAMappedTaskCounts) {
  begin({mapped(plain("a")), depending("good", "a.success", {"a"}),
         depending("bad", "a.failed", {"a"}), depending("end", "a.ended", {"a"})});
  fail("a");
  EXPECT_EQ(TaskState::upstream_failed, state("good")) << "certain before the other item ends";
  EXPECT_EQ(TaskState::queued, state("bad"));
  EXPECT_EQ(TaskState::pending, state("end"));
  succeed("a");
  EXPECT_EQ(TaskState::queued, state("end"));
}

TEST_F(DependsInARun, AMappedTaskOfWhichAnItemWasSkippedHasNotSucceeded) {
  begin(
      {mapped(plain("a")), depending("good", "a.success", {"a"}), depending("either", "a", {"a"})});
  succeed("a");
  skip("a");
  EXPECT_EQ(TaskState::skipped, state("good"));
  EXPECT_EQ(TaskState::queued, state("either"));
}

// --- false: Argo, dag.go, assessDAGPhase: an omitted task inherits the phase of its parents, and
// failures come first. Here such a task is `upstream_failed`, otherwise skipped.

TEST_F(DependsInARun, ATaskThatMayNotStartAfterAFailureCouldNotStart) {
  begin_with("a && b");
  fail("a");
  EXPECT_EQ(TaskState::upstream_failed, state("d")) << "certain before b ends";
}

TEST_F(DependsInARun, ATaskThatMayNotStartWithoutAFailureIsSkipped) {
  begin({plain("a"), depending("recover", "a.failed", {"a"})});
  succeed("a");
  EXPECT_EQ(TaskState::skipped, state("recover"));
  EXPECT_EQ("its depends is false: a.failed", reason("recover"));
  EXPECT_EQ(RunStatus::success, status());
}

TEST_F(DependsInARun, WhichOfTheTwoItIsDoesNotHangOnTheOrderOfTheEnds) {
  begin({plain("a"), plain("b"), depending("d", "a.failed && b.failed", {"a", "b"})});
  succeed("a");
  EXPECT_EQ(TaskState::pending, state("d")) << "b may fail";
  fail("b");
  EXPECT_EQ(TaskState::upstream_failed, state("d"));
  begin({plain("a"), plain("b"), depending("d", "a.failed && b.failed", {"a", "b"})});
  fail("b");
  succeed("a");
  EXPECT_EQ(TaskState::upstream_failed, state("d"));
}

TEST_F(DependsInARun, ATaskThatCouldNotStartPassesItOn) {
  begin({plain("a"), depending("b", "a", {"a"}), depending("c", "b", {"b"}),
         depending("undo", "b.upstream_failed", {"b"})});
  fail("a");
  EXPECT_EQ(TaskState::upstream_failed, state("c"));
  EXPECT_EQ(TaskState::queued, state("undo"));
}

TEST_F(DependsInARun, AFailureThatItTakesUpDoesNotFailTheRun) {
  begin({plain("a"), depending("recover", "a.failed", {"a"})});
  fail("a");
  succeed("recover");
  EXPECT_EQ(RunStatus::success, status());
}

// --- the DAG

std::string error_of_dag(std::vector<TaskSpec> tasks) {
  DagSpec spec;
  spec.id = "dag";
  spec.tasks = std::move(tasks);
  const auto made = Dag::make(std::move(spec));
  return made ? "" : made.error().message;
}

TEST(DependsOfADag, NamesOnlyTasksThatItNeeds) {
  EXPECT_EQ("its depends names 'b', which is not one of the tasks it needs",
            error_of_dag({plain("a"), plain("b"), depending("d", "a && b", {"a"})}));
  EXPECT_EQ("there is no state 'succes' of a task; did you mean 'success'?",
            error_of_dag({plain("a"), depending("d", "a.succes", {"a"})}));
}

TEST(DependsOfADag, ExcludesATriggerRule) {
  TaskSpec both = depending("d", "a", {"a"});
  both.trigger_rule = TriggerRule::always;
  EXPECT_EQ("a task with depends has no trigger_rule", error_of_dag({plain("a"), both}));
}

TEST(DependsOfADag, IsInTheCanonicalFormOnlyWhereItIsSet) {
  DagSpec spec;
  spec.id = "dag";
  spec.tasks = {plain("a"), depending("d", "a.failed", {"a"})};
  const Json json = Dag::to_json(spec);
  EXPECT_FALSE(json["tasks"].at(0).contains("depends"));
  const auto back = Dag::spec_from_json(json);
  ASSERT_TRUE(back.ok());
  EXPECT_EQ("a.failed", back->tasks[1].depends);
}

}  // namespace
}  // namespace millrace
