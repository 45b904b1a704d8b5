// The canary's state machine, driven by a clock that the test turns and a server that it makes up.
#include "operators/deploy/canary.h"

#include "engine/op/query.h"
#include "tests/operators/fake_context.h"

namespace millrace::operators {
namespace {

using namespace std::chrono_literals;
const std::string kChampion(64, 'a'), kCandidate(64, 'b'), kOther(64, 'c');

class CanaryTest : public ::testing::Test {
 protected:
  CanaryTest() {
    ctx_.answers[std::string(query::deployment)] = [this](const Json&) -> Result<Json> {
      const auto version = [](const std::string& artifact) {
        return artifact.empty() ? Json() : Json::object({{"artifact", artifact}});
      };
      return Json::object({{"model", "flights"},
                           {"champion", version(champion_)},
                           {"candidate", version(candidate_)},
                           {"weight", weight_},
                           {"last_good", Json()}});
    };
    ctx_.answers[std::string(query::serving_metrics)] =
        [this](const Json& arguments) -> Result<Json> {
      since_ = arguments["since"].as_string();
      return Json::object(
          {{"versions", Json::array({seen(kChampion, "baseline", baseline_),
                                     seen(kCandidate, "candidate", challenger_)})}});
    };
  }

  struct Seen {
    long requests = 1000, errors = 0;
    double p95_ms = 1;
    long outcomes = 0;
    double mean = 0, deviation = 1;
    bool tripped = false;
  };
  static Json seen(const std::string& artifact, const char* role, const Seen& s) {
    const double n = static_cast<double>(s.outcomes);
    return Json::object(
        {{"artifact", artifact},
         {"role", role},
         {"requests", s.requests},
         {"errors", s.errors},
         {"latency_ms", Json::object({{"p95", s.p95_ms}})},
         {"outcomes", s.outcomes},
         {"business_sum", n * s.mean},
         {"business_sum_squares", n * (s.mean * s.mean + s.deviation * s.deviation)},
         {"tripped", s.tripped}});
  }

  Result<Outcome> call() { return catalog_.run("deploy.canary", with_, ctx_); }
  /// Calls, and commits what comes back as the engine would.
  template <typename T>
  T step() {
    const T outcome = expect_outcome<T>(call());
    if constexpr (requires { outcome.checkpoint; }) ctx_.info.checkpoint = outcome.checkpoint;
    for (const auto& effect : outcome.effects) {
      if (const auto* traffic = std::get_if<SetTraffic>(&effect)) {
        candidate_ = traffic->candidate;
        weight_ = traffic->weight;
      }
    }
    return outcome;
  }
  /// Lets the whole hold of a step pass, look by look, until traffic changes or it ends.
  Defer pass_step() {
    Defer last;
    for (int looks = 0; looks < 100; ++looks) {
      ctx_.time += 15s;
      last = step<Defer>();
      if (!last.effects.empty()) return last;
    }
    ADD_FAILURE() << "the step never ends";
    return last;
  }
  void expect_rolled_back(const Fail& fail, const std::string& guardrail) {
    const auto effects = millrace::effects_of<RollbackModel>(fail.effects);
    ASSERT_EQ(effects.size(), 1u);
    EXPECT_EQ(effects[0].model, "flights");
    EXPECT_EQ(effects[0].evidence["breaches"].at(0)["guardrail"], Json(guardrail));
    const auto alerts = millrace::effects_of<RaiseAlert>(fail.effects);
    ASSERT_EQ(alerts.size(), 1u);
    EXPECT_EQ(alerts[0].title, "Canary of 'flights' rolled back");
    const std::string why = effects[0].evidence["breaches"].at(0)["text"].as_string();
    EXPECT_TRUE(alerts[0].text.starts_with(why)) << alerts[0].text;
    EXPECT_EQ(fail.outputs["decision"], Json("rolled_back"));
  }

  FakeContext ctx_;
  Catalog catalog_ = Catalog::of<DeployCanary>();
  std::string champion_ = kChampion, candidate_;
  double weight_ = 0;
  Seen baseline_, challenger_;
  std::string since_;
  Json with_ = Json::object({{"model", "flights"},
                             {"candidate", kCandidate},
                             {"steps", Json::array({Json::object({{"weight", 5}, {"hold", "1m"}}),
                                                    Json::object({{"weight", 25}, {"hold", "2m"}}),
                                                    Json::object({{"weight", 100}})})},
                             {"max_wait", "5m"}});
};

TEST_F(CanaryTest, ShiftsTrafficStepByStepAndPromotes) {
  const Defer first = step<Defer>();
  const auto traffic = millrace::effects_of<SetTraffic>(first.effects);
  ASSERT_EQ(traffic.size(), 1u);
  EXPECT_EQ(traffic[0].candidate, kCandidate);
  EXPECT_EQ(traffic[0].weight, 5);
  EXPECT_EQ(first.after, 15s);
  EXPECT_EQ(first.event, "deployment/flights");

  const Time before = ctx_.time;
  const auto second = millrace::effects_of<SetTraffic>(pass_step().effects);
  ASSERT_EQ(second.size(), 1u);
  EXPECT_EQ(second[0].weight, 25);
  EXPECT_EQ(ctx_.time - before, 1min);
  EXPECT_EQ(since_, format_rfc3339(before)) << "each step is judged by itself";

  ctx_.time += 2min;
  const Done done = step<Done>();
  const auto promoted = millrace::effects_of<PromoteModel>(done.effects);
  ASSERT_EQ(promoted.size(), 1u);
  EXPECT_EQ(promoted[0].artifact, kCandidate);
  EXPECT_EQ(done.outputs["decision"], Json("promoted"));
  EXPECT_EQ(done.outputs["champion"], Json(kChampion));
  EXPECT_EQ(done.outputs["steps"].size(), 2u);
}

TEST_F(CanaryTest, WithoutAHundredThePromotionFollowsTheLastHold) {
  with_.set("steps", Json::array({Json::object({{"weight", 10}, {"hold", "30s"}})}));
  step<Defer>();
  ctx_.time += 30s;
  EXPECT_EQ(millrace::effects_of<PromoteModel>(step<Done>().effects).size(), 1u);
}

TEST_F(CanaryTest, TheFirstModelIsPromotedDirectly) {
  champion_ = "";
  const Done done = step<Done>();
  EXPECT_EQ(millrace::effects_of<PromoteModel>(done.effects).size(), 1u);
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
            "canary of 'flights' rolled back at 5 %: 100 of 1000 requests failed (10 %); the limit "
            "is 2 %; the error rate is 10 % against the baseline's 0 % (p = 5.35e-25)");
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
  step<Defer>();
  challenger_.requests = 99;
  ctx_.time += 1min;
  EXPECT_TRUE(step<Defer>().effects.empty());
  challenger_.requests = 100;
  ctx_.time += 1min;
  EXPECT_EQ(millrace::effects_of<SetTraffic>(step<Defer>().effects).at(0).weight, 25);
}

TEST_F(CanaryTest, WithTooLittleTrafficForTooLongItIsTakenBack) {
  step<Defer>();
  challenger_.requests = 3;
  ctx_.time += 6min;
  expect_rolled_back(step<Fail>(), "traffic");
}

TEST_F(CanaryTest, AClockThatIsSetBackBeginsTheHoldAnew) {
  step<Defer>();
  ctx_.time -= 1h;
  const Defer anew = step<Defer>();
  EXPECT_LE(anew.after, 1min);
  EXPECT_TRUE(anew.effects.empty());
  ctx_.time += 1min;
  EXPECT_EQ(millrace::effects_of<SetTraffic>(step<Defer>().effects).at(0).weight, 25);
}

TEST_F(CanaryTest, OrPromotedWhereThatIsAskedFor) {
  with_.set("on_no_traffic", "promote");
  step<Defer>();
  challenger_.requests = 3;
  ctx_.time += 6min;
  EXPECT_EQ(millrace::effects_of<SetTraffic>(step<Defer>().effects).at(0).weight, 25);
}

TEST_F(CanaryTest, OutcomesMayBeAskedFor) {
  with_.set("min_outcomes", 50);
  step<Defer>();
  challenger_.outcomes = 49;
  ctx_.time += 1min;
  EXPECT_TRUE(step<Defer>().effects.empty());
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
