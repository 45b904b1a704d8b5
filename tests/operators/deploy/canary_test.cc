// The canary's state machine, driven by a clock that the test turns and a server that it makes up.
#include <algorithm>

#include "tests/operators/deploy/canary_fixture.h"

namespace millrace::operators {
namespace {

TEST_F(CanaryTest, ShiftsTrafficStepByStepAndPromotes) {
  const Defer first = step<Defer>();
  const auto traffic = millrace::effects_of<SetTraffic>(first.effects);
  ASSERT_EQ(traffic.size(), 1u);
  EXPECT_EQ(traffic[0].candidate, kCandidate);
  EXPECT_EQ(traffic[0].weight, 5);
  EXPECT_EQ(first.after, 15s);
  EXPECT_EQ(first.event, "deployment/flights");
  planned_ = first.after;

  const Time before = ctx_.time;
  const auto second = millrace::effects_of<SetTraffic>(pass_step().effects);
  ASSERT_EQ(second.size(), 1u);
  EXPECT_EQ(second[0].weight, 25);
  EXPECT_EQ(ctx_.time - before, 1min);
  EXPECT_EQ(from_revision_, 8) << "each step is judged by itself: what came since its traffic";

  const Done done = after<Done>(2min);
  EXPECT_EQ(from_revision_, 9);
  EXPECT_EQ(done.outputs["not_judged"].size(), 0u);
  const auto promoted = millrace::effects_of<PromoteModel>(done.effects);
  ASSERT_EQ(promoted.size(), 1u);
  EXPECT_EQ(promoted[0].artifact, kCandidate);
  EXPECT_EQ(done.outputs["decision"], Json("promoted"));
  EXPECT_EQ(done.outputs["champion"], Json(kChampion));
  EXPECT_EQ(done.outputs["steps"].size(), 2u);
}

TEST_F(CanaryTest, WithoutAHundredThePromotionFollowsTheLastHold) {
  with_.set("steps", Json::array({Json::object({{"weight", 10}, {"hold", "30s"}})}));
  begin();
  EXPECT_EQ(millrace::effects_of<PromoteModel>(after<Done>(30s).effects).size(), 1u);
}

TEST_F(CanaryTest, SaysWhichStepItWaitsFor) {
  with_.set("steps", Json::array({Json::object({{"weight", 10}, {"hold", "30s"}})}));
  EXPECT_EQ(step<Defer>().waiting_for,
            "the end of step 1 of 1 of the canary, at 10 % of the traffic");
}

TEST_F(CanaryTest, TheFirstModelIsPromotedDirectly) {
  champion_ = "";
  const Done done = step<Done>();
  EXPECT_EQ(millrace::effects_of<PromoteModel>(done.effects).size(), 1u);
  EXPECT_EQ(done.outputs["not_judged"].dump(),
            R"(["all guardrails: there is no champion to compare with"])");
  EXPECT_EQ(done.outputs["reason"], Json("the first model: there is no champion to compare with"));
}

TEST_F(CanaryTest, AChampionNeedsNoCanary) {
  champion_ = kCandidate;
  const Done done = step<Done>();
  EXPECT_TRUE(done.effects.empty());
  EXPECT_EQ(done.outputs["decision"], Json("promoted"));
}

TEST_F(CanaryTest, WaitsForAnotherCanaryByARetry) {
  candidate_ = kOther;
  weight_ = 5;
  const auto outcome = call();
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().code, ErrorCode::conflict);
  EXPECT_TRUE(outcome.error().transient());
}

TEST_F(CanaryTest, ErrorsTakeItBackBeforeTheHoldIsOver) {
  step<Defer>();
  challenger_.errors = 100;
  ctx_.time += 15s;
  const Fail fail = step<Fail>();
  expect_rolled_back(fail, "error_rate");
  EXPECT_FALSE(fail.error.transient());
  EXPECT_EQ(fail.error.message,
            "canary of 'flights' rolled back at 5 %: 100 of the candidate's 1000 requests failed "
            "(10 %); the limit is 2 %; the candidate's error rate is 10 % against the baseline's "
            "0 % (p = 5.35e-25)");
  EXPECT_EQ(fail.outputs["evidence"]["candidate_metrics"]["errors"], Json(100));
}

TEST_F(CanaryTest, AFewEarlyErrorsAreNoEvidenceYet) {
  step<Defer>();
  challenger_.requests = 4;
  challenger_.errors = 1;  // 25 %, of four
  ctx_.time += 15s;
  step<Defer>();
}

TEST_F(CanaryTest, ManyEarlyErrorsAre) {
  step<Defer>();
  challenger_.requests = 20;
  challenger_.errors = 12;
  ctx_.time += 15s;
  expect_rolled_back(step<Fail>(), "error_rate");
}

TEST_F(CanaryTest, AnErrorRateBelowTheLimitButAboveTheBaselineTakesItBack) {
  step<Defer>();
  baseline_.requests = 20'000;
  baseline_.errors = 20;
  challenger_.requests = 10'000;
  challenger_.errors = 100;  // 1 % against 0.1 %, limit 2 %
  ctx_.time += 15s;
  expect_rolled_back(step<Fail>(), "error_rate_vs_baseline");
}

TEST_F(CanaryTest, SlownessTakesItBack) {
  step<Defer>();
  baseline_.p95_ms = 4;
  challenger_.p95_ms = 8.1;  // 1.5 x 4 + 2 = 8
  ctx_.time += 15s;
  expect_rolled_back(step<Fail>(), "latency_p95");
}

TEST_F(CanaryTest, NoiseOfSmallLatenciesDoesNot) {
  step<Defer>();
  baseline_.p95_ms = 0.2;
  challenger_.p95_ms = 1.9;
  ctx_.time += 15s;
  step<Defer>();
}

TEST_F(CanaryTest, AWorseBusinessMetricTakesItBack) {
  step<Defer>();
  baseline_.outcomes = 5000;
  challenger_.outcomes = 1000;
  baseline_.mean = 0.8;
  challenger_.mean = 0.6;
  baseline_.deviation = challenger_.deviation = 0.45;
  ctx_.time += 15s;
  expect_rolled_back(step<Fail>(), "business");
}

TEST_F(CanaryTest, ADropWithinTheAllowanceDoesNot) {
  step<Defer>();
  baseline_.outcomes = challenger_.outcomes = 100'000;
  baseline_.mean = 0.8;
  challenger_.mean = 0.77;  // 3.75 %, surely; 5 % is allowed
  baseline_.deviation = challenger_.deviation = 0.45;
  ctx_.time += 15s;
  step<Defer>();
}

TEST_F(CanaryTest, ATrippedBreakerTakesItBack) {
  step<Defer>();
  challenger_.tripped = true;
  ctx_.time += 1s;  // woken by the event
  expect_rolled_back(step<Fail>(), "breaker");
}

TEST_F(CanaryTest, TrafficThatTheServerTookAwayIsARollback) {
  step<Defer>();
  weight_ = 0;
  expect_rolled_back(step<Fail>(), "breaker");
}

TEST_F(CanaryTest, ARollbackFromOutsideIsNotRepeated) {
  step<Defer>();
  candidate_ = "";
  weight_ = 0;
  const Fail fail = step<Fail>();
  EXPECT_TRUE(fail.effects.empty()) << "it would take away the champion";
  EXPECT_EQ(fail.outputs["decision"], Json("rolled_back"));
}

TEST_F(CanaryTest, APromotionFromOutsideIsASuccess) {
  step<Defer>();
  champion_ = kCandidate;
  candidate_ = "";
  EXPECT_TRUE(step<Done>().effects.empty());
}

TEST_F(CanaryTest, WithTooLittleTrafficTheHoldIsExtended) {
  begin();
  challenger_.requests = 99;
  EXPECT_TRUE(after<Defer>(1min).effects.empty());
  challenger_.requests = 100;
  EXPECT_EQ(millrace::effects_of<SetTraffic>(after<Defer>(1s).effects).at(0).weight, 25);
}

// What could not be judged is no mark against the model: it may be shipped again.
TEST_F(CanaryTest, WithTooLittleTrafficForTooLongItIsTakenBack) {
  begin();
  challenger_.requests = 3;
  const Fail fail = after<Fail>(6min);
  expect_rolled_back(fail, "not_judged");
  const auto back = millrace::effects_of<RollbackModel>(fail.effects);
  EXPECT_TRUE(back.at(0).blameless);
  EXPECT_EQ(back.at(0).artifact, kCandidate);
  EXPECT_EQ(fail.error.message,
            "canary of 'flights' rolled back at 5 %: not judged: error_rate: the candidate has 3 "
            "requests of 100; error_rate_vs_baseline: the candidate has 3 requests of 30");
}

TEST_F(CanaryTest, OrGoesOnWhereThatIsAskedForAndSaysWhatWasNotJudged) {
  with_.set("on_no_traffic", "promote");
  with_.set("steps", Json::array({Json::object({{"weight", 5}, {"hold", "1m"}})}));
  begin();
  challenger_.requests = 50;
  const Done done = after<Done>(6min);
  const std::string unjudged = "step 1: error_rate: the candidate has 50 requests of 100";
  EXPECT_EQ(done.outputs["not_judged"], Json::array({unjudged}));
  EXPECT_EQ(millrace::effects_of<PromoteModel>(done.effects).at(0).reason,
            "all steps of the canary passed; not judged: " + unjudged);
  EXPECT_EQ(millrace::effects_of<RaiseAlert>(done.effects).at(0).severity, "warning");
}

// The case of the field: candidate -0.976 (1,296 outcomes), baseline -0.128 (27), promoted. Right:
// it waits, and says that the business metric was not judged.
TEST_F(CanaryTest, TooFewOutcomesOfTheBaselineHoldTheStep) {
  begin();
  challenger_.outcomes = 1296;
  challenger_.mean = -0.976;
  baseline_.outcomes = 27;
  baseline_.mean = -0.128;
  EXPECT_TRUE(after<Defer>(5min).effects.empty());
  // Once, not at each look; each look shows the measured values of both sides.
  const std::string lack =
      "not judged yet, for lack of data: business (baseline 27 of 30 outcomes)";
  EXPECT_EQ(std::ranges::count(ctx_.lines, lack), 1);
  EXPECT_EQ(ctx_.lines.back(),
            "held 5m of 1m at 5 %: candidate 1000 requests, 0 errors, p95 1 ms, 1296 outcomes of "
            "mean -0.976; baseline 1000 requests, 0 errors, p95 1 ms, 27 outcomes of mean -0.128; "
            "no guardrail is breached");
  baseline_.outcomes = 3000;
  baseline_.deviation = challenger_.deviation = 0.2;
  expect_rolled_back(after<Fail>(1s), "business");
}

TEST_F(CanaryTest, WithoutABaselineNothingPasses) {
  begin();
  baseline_ = {};
  baseline_.requests = baseline_.outcomes = 0;
  expect_rolled_back(after<Fail>(6min), "not_judged");
}

TEST_F(CanaryTest, WithoutAnyOutcomeNothingPassesUnlessTheFileSaysThatThereAreNone) {
  challenger_.outcomes = baseline_.outcomes = 0;
  begin();
  EXPECT_TRUE(after<Defer>(2min).effects.empty());
  ctx_.info.checkpoint = Json();
  with_.set("max_business_drop", -1);
  begin();
  EXPECT_EQ(millrace::effects_of<SetTraffic>(after<Defer>(1min).effects).at(0).weight, 25);
}

TEST_F(CanaryTest, OutcomesMayBeAskedFor) {
  with_.set("min_outcomes", 50);
  begin();
  challenger_.outcomes = 49;
  EXPECT_TRUE(after<Defer>(1min).effects.empty());
}

// "+31 min during hold: 30m: promoted 0.1 s later." Right: a hold is counted by steady time.
TEST_F(CanaryTest, AClockThatIsSetForwardEndsNoHold) {
  with_.set("steps", Json::array({Json::object({{"weight", 5}, {"hold", "30m"}})}));
  begin();
  for (const auto jump : {31min, 31min, 40 * 24 * 60min}) {
    ctx_.time += jump;
    step<Defer>();
  }
  after<Defer>(29min);
  EXPECT_EQ(millrace::effects_of<PromoteModel>(after<Done>(15s).effects).size(), 1u);
}

// "-1 h: windows do not close for an hour." A step sees what its revision measured, and lasts as
// long as it would have.
TEST_F(CanaryTest, AClockThatIsSetBackProlongsAHoldByOneLookAtMost) {
  begin();
  ctx_.time -= 1h;
  EXPECT_TRUE(step<Defer>().effects.empty());
  EXPECT_EQ(from_revision_, 8);
  EXPECT_EQ(millrace::effects_of<SetTraffic>(after<Defer>(1min).effects).at(0).weight, 25);
}

TEST_F(CanaryTest, AnEarlyWakeCountsForNoMoreThanItsTime) {
  begin();
  for (int i = 0; i < 100; ++i) step<Defer>();  // woken by events, at once
  EXPECT_TRUE(after<Defer>(45s).effects.empty());
}

TEST_F(CanaryTest, TheLastLookIsAtTheEndOfTheHold) {
  with_.set("interval", "50s");
  EXPECT_EQ(step<Defer>().after, 50s);
  ctx_.time += 50s;
  EXPECT_EQ(step<Defer>().after, 10s);
}

TEST_F(CanaryTest, SaysWhatIsWrongWithItsSteps) {
  const auto message = [&](Json steps) {
    with_.set("steps", std::move(steps));
    const auto outcome = call();
    return outcome ? std::string("accepted") : outcome.error().message;
  };
  EXPECT_EQ(message(Json::array()), "parameter 'steps' must be a list of at least one step");
  EXPECT_EQ(message(Json::array({5})), "steps[0] needs a weight, e.g. {weight: 5, hold: 5m}");
  EXPECT_EQ(message(Json::array({Json::object({{"weight", 5}, {"hold", "1m"}}),
                                 Json::object({{"weight", 5}, {"hold", "1m"}})})),
            "steps[1].weight is 5 %; it must be greater than the step before, and at most 100");
  EXPECT_EQ(message(Json::array({Json::object({{"weight", 5}, {"hodl", "1m"}})})),
            "steps[0] has no 'hodl'; a step has a weight and a hold");
  EXPECT_TRUE(message(Json::array({Json::object({{"weight", 5}})})).starts_with("steps[0].hold: "));
  with_.set("candidate", "flights");
  EXPECT_FALSE(call().ok());
}

}  // namespace
}  // namespace millrace::operators
