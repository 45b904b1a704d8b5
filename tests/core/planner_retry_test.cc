// Which failures are tried again, how often and how soon.
#include <gtest/gtest.h>

#include "engine/base/error_json.h"
#include "engine/core/message_pattern.h"
#include "engine/core/planner.h"

namespace millrace {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

Error exited(int code) {
  Error error = make_error(ErrorCode::program_failed, "'run' ended with exit code");
  error.exit_code = code;
  return error;
}

Error killed() {
  Error error = make_error(ErrorCode::program_failed, "'run' was ended by signal 9");
  error.signal = 9;
  return error;
}

Error out_of_memory() {
  Error error = make_error(ErrorCode::resource_exhausted, "out of memory: the limit is 1 GiB");
  error.out_of_memory = true;
  return error;
}

/// One task, which is running.
class Retry : public ::testing::Test {
 protected:
  static RetryPolicy three() { return {.max = 3, .initial = seconds{10}, .jitter = 0}; }

  void begin(RetryPolicy policy) {
    DagSpec spec;
    spec.id = "dag" + std::to_string(++runs_);
    spec.tasks.resize(1);
    spec.tasks[0].id = "only";
    spec.tasks[0].op = "fake";
    spec.tasks[0].retries = std::move(policy);
    auto made = Dag::make(std::move(spec));
    ASSERT_TRUE(made.ok()) << made.error().message;
    dags_.push_back(std::make_shared<const Dag>(*std::move(made)));
    ASSERT_TRUE(planner_.register_dag({dags_.back(), "x.yaml", ".", {}}, now_).ok());
    run_ = Uuid{1, runs_};
    TriggerRun input;
    input.dag = dags_.back()->id();
    input.run = run_;
    ASSERT_TRUE(planner_.trigger_run(input, {}, now_).ok());
  }
  const TaskInstance& instance() { return planner_.find_run(run_)->instance({0, -1}); }
  /// The attempt ends so; the state of the task after it.
  TaskState after(Result<Outcome> outcome) {
    for (const auto& action : planner_.take_actions())
      if (const auto* start = std::get_if<StartAttempt>(&action)) key_ = start->key;
    planner_.complete({key_, std::move(outcome), false, now_}, now_);
    return instance().state;
  }
  /// Until the retry; 0: none is due.
  Duration wait() {
    if (instance().state != TaskState::up_for_retry) return Duration{};
    const Duration until = instance().wake - now_;
    now_ = instance().wake;
    planner_.tick(now_);
    return until;
  }

  Time now_ = *parse_rfc3339("2001-02-01T00:00:00Z");
  std::uint64_t runs_ = 0;
  Uuid run_;
  AttemptKey key_;
  std::vector<std::shared_ptr<const Dag>> dags_;
  Planner planner_{{}, 1, Rng(1)};
};

// As in Airflow, Temporal and GitHub Actions: every failed attempt counts, whatever its error.
TEST_F(Retry, RepeatsAnyFailure) {
  for (const Error& error :
       {invalid_argument("no"), not_found("no file"), data_invalid("bad"), internal_error("?"),
        unavailable("away"), make_error(ErrorCode::timeout, "slow"), exited(1), killed(),
        out_of_memory()}) {
    begin(three());
    for (int i = 0; i < 3; ++i) {
      EXPECT_EQ(TaskState::up_for_retry, after(error)) << error.message;
      wait();
    }
    EXPECT_EQ(TaskState::failed, after(error)) << "three retries, four attempts";
    EXPECT_EQ(4, instance().attempt);
  }
}

TEST_F(Retry, NoRetriesAreTheDefault) {
  begin({});
  EXPECT_EQ(TaskState::failed, after(unavailable("away")));
}

TEST_F(Retry, RepeatsNoFailureThatIsPermanentInItself) {
  const std::vector<Result<Outcome>> outcomes = {
      permanent(invalid_argument("parameter 'x'")),
      make_error(ErrorCode::cancelled, "cancelled"),
      make_error(ErrorCode::fenced, "fenced"),
      Outcome{Fail{data_invalid("the check failed"), {}, {RaiseAlert{"error", "", "", ""}}}},
      Outcome{Done{{}, {PublishArtifact{"no digest", "table", "", 1, 1, {}, {}}}}},  // no valid one
      Outcome{Done{{}, {PromoteModel{"m", std::string(64, 'a'), "not registered"}}}}};
  for (const auto& outcome : outcomes) {
    begin(three());
    EXPECT_EQ(TaskState::failed, after(outcome));
  }
}

// `also_on` of an old file named the errors that were retried.
TEST_F(Retry, TheOldKeyAlsoOnLimitsNothing) {
  RetryPolicy old = three();
  old.also_on = {"resource_exhausted"};
  begin(old);
  EXPECT_EQ(TaskState::up_for_retry, after(data_invalid("bad")));
  const auto& dag = *dags_.back();
  const auto back = Dag::spec_from_json(Dag::to_json(dag.spec()));
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(Dag::make(*back)->version(), dag.version());
}

TEST_F(Retry, TheFirstRuleThatFitsDecides) {
  RetryPolicy policy = three();
  policy.rules = {
      {.exit_codes = {75, 76}, .max = 5, .backoff = Backoff::constant, .initial = minutes{1}},
      {.errors = {"program_failed"}, .never = true},
      {.message = "(?i)quota", .max = 1, .max_delay = seconds{4}}};
  begin(policy);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(TaskState::up_for_retry, after(exited(76)));
    EXPECT_EQ(minutes{1}, wait());
  }
  EXPECT_EQ(TaskState::failed, after(exited(76)));

  begin(policy);
  EXPECT_EQ(TaskState::failed, after(exited(1))) << "the second rule";

  begin(policy);
  EXPECT_EQ(TaskState::up_for_retry, after(unavailable("Quota exceeded")));
  EXPECT_EQ(seconds{4}, wait()) << "the third rule; its backoff is that of the task";
  EXPECT_EQ(TaskState::failed, after(unavailable("quota exceeded")));

  begin(policy);
  EXPECT_EQ(TaskState::up_for_retry, after(unavailable("away"))) << "no rule";
  EXPECT_EQ(seconds{10}, wait());
  EXPECT_EQ(TaskState::up_for_retry, after(exited(75))) << "all failures count";
  EXPECT_EQ(minutes{1}, wait());
  EXPECT_EQ(TaskState::up_for_retry, after(unavailable("away")));
  EXPECT_EQ(seconds{40}, wait()) << "the third failure of the task";
}

TEST_F(Retry, RulesKnowSignalsAndMemory) {
  RetryPolicy policy = three();
  policy.rules = {{.errors = {"signal"}, .never = true}, {.errors = {"out_of_memory"}, .max = 1}};
  begin(policy);
  EXPECT_EQ(TaskState::failed, after(killed()));
  begin(policy);
  EXPECT_EQ(TaskState::up_for_retry, after(out_of_memory()));
  wait();
  EXPECT_EQ(TaskState::failed, after(out_of_memory()));
  begin(policy);
  EXPECT_EQ(TaskState::up_for_retry, after(make_error(ErrorCode::resource_exhausted, "a quota")));
}

TEST_F(Retry, AllConditionsOfARuleMustHold) {
  RetryPolicy policy = three();
  policy.rules = {
      {.exit_codes = {1}, .errors = {"program_failed"}, .message = "^'run'", .never = true}};
  begin(policy);
  EXPECT_EQ(TaskState::failed, after(exited(1)));
  begin(policy);
  EXPECT_EQ(TaskState::up_for_retry, after(exited(2)));
  begin(policy);
  Error other = exited(1);
  other.message = "'python3' ended";
  EXPECT_EQ(TaskState::up_for_retry, after(other));
}

class Hold : public Retry {
 protected:
  void SetUp() override {
    DagSpec spec;
    spec.id = "dag";
    spec.params = {{"limit", Json::object({{"type", "integer"}, {"default", 5}})},
                   {"place", Json::object({{"default", "here"}})}};
    spec.tasks.resize(2);
    TaskSpec& first = spec.tasks[0];
    first.id = "first";
    first.op = "fake";
    first.with = Json::object({{"limit", "${{ params.limit }}"}, {"place", "${{ params.place }}"}});
    first.retries = {.max = 1, .jitter = 0};
    first.on_exhausted = OnExhausted::hold;
    TaskSpec& second = spec.tasks[1];
    second.id = "second";
    second.op = "fake";
    second.needs = {"first"};
    second.with = Json::object({{"limit", "${{ params.limit }}"}});
    auto made = Dag::make(std::move(spec));
    ASSERT_TRUE(made.ok()) << made.error().message;
    dags_.push_back(std::make_shared<const Dag>(*std::move(made)));
    ASSERT_TRUE(planner_.register_dag({dags_.back(), "x.yaml", ".", {}}, now_).ok());
    run_ = Uuid{1, 1};
    TriggerRun input;
    input.dag = "dag";
    input.run = run_;
    ASSERT_TRUE(planner_.trigger_run(input, {}, now_).ok());
    after(exited(1));
    wait();
    ASSERT_EQ(TaskState::held, after(exited(2)));
  }
  /// The attempt that was started last.
  StartAttempt started() {
    StartAttempt last;
    for (const auto& action : planner_.take_actions())
      if (const auto* start = std::get_if<StartAttempt>(&action)) last = *start;
    key_ = last.key;
    return last;
  }
  Status resume(Json params = {}, std::optional<int> map_index = {}) {
    return planner_.resume_task({run_, "first", map_index, std::move(params)}, {}, now_);
  }
  RunStatus status() { return planner_.find_run(run_)->status; }
};

TEST_F(Hold, KeepsTheRunOpenAndSaysWhy) {
  EXPECT_EQ(RunStatus::running, status());
  EXPECT_EQ(2, instance().error.exit_code);
  EXPECT_EQ(TaskState::pending, planner_.find_run(run_)->instance({1, -1}).state);
  EXPECT_EQ(0, planner_.attempts_in_hand()) << "it holds no slot";
  now_ += std::chrono::hours{1000};
  planner_.tick(now_);
  EXPECT_EQ(TaskState::held, instance().state);
}

TEST_F(Hold, AResumedTaskHasAllOfItsRetriesAgain) {
  ASSERT_TRUE(resume().ok());
  EXPECT_EQ(3, started().key.attempt);
  EXPECT_EQ(TaskState::up_for_retry, after(exited(1)));
  wait();
  EXPECT_EQ(TaskState::held, after(exited(1))) << "and is held again";
  ASSERT_TRUE(resume().ok());
  EXPECT_EQ(TaskState::success, after(Outcome{Done{}}));
  after(Outcome{Done{}});
  EXPECT_EQ(RunStatus::success, status());
}

TEST_F(Hold, ChangedParamsAreThoseOfTheTaskAlone) {
  ASSERT_TRUE(resume(Json::object({{"limit", 7}})).ok());
  EXPECT_EQ(Json::object({{"limit", 7}, {"place", "here"}}), started().with);
  EXPECT_EQ(TaskState::up_for_retry, after(exited(1)));
  wait();
  EXPECT_EQ(7, started().with["limit"].as_int()) << "for its retries as well";
  planner_.complete({key_, exited(1), false, now_}, now_);
  ASSERT_TRUE(resume(Json::object({{"place", "there"}})).ok());
  EXPECT_EQ(Json::object({{"limit", 7}, {"place", "there"}}), started().with);
  planner_.complete({key_, Outcome{Done{}}, false, now_}, now_);
  EXPECT_EQ(Json::object({{"limit", 5}}), started().with) << "of the task downstream";
}

TEST_F(Hold, ParamsThatDoNotFitAreRefused) {
  EXPECT_EQ(ErrorCode::invalid_argument, resume(Json::object({{"limit", "many"}})).error().code);
  EXPECT_EQ(ErrorCode::invalid_argument, resume(Json::object({{"limt", 3}})).error().code);
  EXPECT_EQ(ErrorCode::invalid_argument, resume(Json::array({1})).error().code);
  EXPECT_EQ(TaskState::held, instance().state);
}

TEST_F(Hold, APersonMayLetTheTaskFail) {
  ASSERT_TRUE(planner_.fail_task({run_, "first", {}}, {}, now_).ok());
  EXPECT_EQ(TaskState::failed, instance().state);
  EXPECT_EQ(2, instance().error.exit_code);
  EXPECT_EQ(RunStatus::failed, status());
}

TEST_F(Hold, EndsWithTheRunThatIsCancelled) {
  ASSERT_TRUE(planner_.cancel_run({run_, false}, {}, now_).ok());
  EXPECT_EQ(TaskState::cancelled, instance().state);
  EXPECT_EQ(RunStatus::cancelled, status());
}

TEST_F(Hold, OnlyAHeldTaskIsResumedOrGivenUp) {
  EXPECT_EQ(ErrorCode::conflict,
            planner_.resume_task({run_, "second", {}, {}}, {}, now_).error().code);
  EXPECT_EQ(ErrorCode::not_found,
            planner_.resume_task({run_, "frist", {}, {}}, {}, now_).error().code);
  EXPECT_EQ(ErrorCode::not_found, resume({}, 3).error().code);
  ASSERT_TRUE(resume().ok());
  EXPECT_EQ(ErrorCode::conflict, resume().error().code);
  EXPECT_EQ(ErrorCode::conflict, planner_.fail_task({run_, "first", {}}, {}, now_).error().code);
  EXPECT_EQ(ErrorCode::conflict,
            planner_.resume_task({Uuid{1, 99}, "first", {}, {}}, {}, now_).error().code);
}

TEST_F(Hold, OutlivesItsEngine) {
  Planner next({}, 2, Rng(2));
  DagState dag;
  dag.dag = dags_.back();
  next.restore_dag(dag);
  next.restore_run(*planner_.find_run(run_));
  next.recover(now_);
  EXPECT_EQ(TaskState::held, next.find_run(run_)->instance({0, -1}).state);
  ASSERT_TRUE(next.resume_task({run_, "first", {}, {}}, {}, now_).ok());
  EXPECT_TRUE(next.find_run(run_)->instance({0, -1}).dispatched);
}

// 1 + max_losses deaths of a runner, which cost no retry.
TEST_F(Hold, HoldsATaskThatIsLostTooOften) {
  ASSERT_TRUE(resume().ok());
  for (int i = 0; i <= PlannerOptions{}.max_losses; ++i) {
    started();
    planner_.complete({key_, unavailable("runner died"), true, now_}, now_);
  }
  EXPECT_EQ(TaskState::held, instance().state);
  EXPECT_TRUE(instance().error.permanent);
}

TEST(RetryRules, AreKeptInTheCanonicalForm) {
  RetryPolicy policy{.max = 1};
  policy.rules = {{.exit_codes = {75},
                   .errors = {"signal"},
                   .message = "x+",
                   .max = 2,
                   .backoff = Backoff::linear,
                   .initial = seconds{1},
                   .max_delay = seconds{9},
                   .jitter = 0.5},
                  {.errors = {"timeout"}, .never = true}};
  const auto back = retry_policy_from(to_json(policy));
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(policy, *back);
}

TEST(ErrorJson, KeepsHowAProgramEnded) {
  for (const Error& error : {exited(3), killed(), out_of_memory(), permanent(exited(1))}) {
    const Error back = error_from_json(to_json(error));
    EXPECT_EQ(error.exit_code, back.exit_code);
    EXPECT_EQ(error.signal, back.signal);
    EXPECT_EQ(error.out_of_memory, back.out_of_memory);
    EXPECT_EQ(error.permanent, back.permanent);
  }
  const Error old = error_from_json(
      *Json::parse(R"({"code": "unavailable", "message": "away", "transient": true})"));
  EXPECT_FALSE(old.permanent);
  EXPECT_FALSE(old.exit_code);
}

// A backtracking engine needs 2^n steps for the first, and overflows its stack in the second.
TEST(MessagePattern, NeedsLinearTime) {
  const std::string many(60'000, 'a');
  EXPECT_FALSE(MessagePattern::parse("(a+)+$")->matches(many + "b"));
  EXPECT_TRUE(MessagePattern::parse("(.|\n)*b")->matches(many + "b"));
}

TEST(MessagePattern, SearchesTheWholeMessage) {
  const auto pattern = *MessagePattern::parse("connection (reset|refused)");
  EXPECT_TRUE(pattern.matches("read: connection reset by peer"));
  EXPECT_FALSE(pattern.matches("Connection reset"));
  EXPECT_TRUE(MessagePattern::parse("(?i)^connection")->matches("Connection reset"));
}

TEST(MessagePattern, RefusesWhatIsNoPatternAndWhatIsTooLarge) {
  EXPECT_EQ(MessagePattern::parse("a(b").error().message,
            "'a(b' is not a regular expression: missing ): a(b");
  EXPECT_FALSE(MessagePattern::parse("").ok());
  EXPECT_FALSE(MessagePattern::parse(std::string(1001, 'a')).ok());
  EXPECT_FALSE(MessagePattern::parse("((a{1,1000}){1,1000}){1,1000}").ok());
  EXPECT_FALSE(MessagePattern::parse("(?:(?:a{100}){100}){10}").ok());
  EXPECT_FALSE(MessagePattern::parse(R"((a)\1)").ok()) << "RE2 has no back references";
}

}  // namespace
}  // namespace millrace
