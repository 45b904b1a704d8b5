// A canary, driven by a clock that the test turns and a model server that it makes up.
#pragma once

#include "engine/op/query.h"
#include "operators/deploy/canary.h"
#include "tests/operators/fake_context.h"

namespace millrace::operators {

using namespace std::chrono_literals;
inline const std::string kOther(64, 'c');

/// A linear model as `train` stores it: intercept plus the sum of the features.
inline std::string model_text(const std::vector<std::string>& features, double intercept,
                              bool binary = true) {
  Json names = Json::array(), ones = Json::array(), zeros = Json::array();
  for (const auto& feature : features) {
    names.push_back(feature);
    ones.push_back(1.0);
    zeros.push_back(0.0);
  }
  return Json::object({{"format", "millrace.model"},
                       {"format_version", 1},
                       {"algorithm", binary ? "logistic" : "linear"},
                       {"objective", binary ? "binary" : "regression"},
                       {"features", names},
                       {"parameters", Json::object()},
                       {"linear", Json::object({{"intercept", intercept},
                                                {"coefficients", ones},
                                                {"means", zeros},
                                                {"scales", ones}})}})
      .dump();
}

class CanaryTest : public ::testing::Test {
 protected:
  CanaryTest() {
    ctx_.answer<DeploymentQuery>([this](const DeploymentQuery& query) {
      DeploymentQuery::Answer now{.model = query.model};
      if (!champion_.empty()) now.champion = KnownVersion{.artifact = champion_};
      if (!candidate_.empty()) now.candidate = KnownVersion{.artifact = candidate_};
      now.weight = weight_;
      now.revision = revision_;
      return now;
    });
    ctx_.answer<VersionQuery>([this](const VersionQuery& query) -> Result<KnownVersion> {
      if (query.artifact != registered_)
        return not_found("model 'flights' has no version with that artifact");
      return KnownVersion{.artifact = query.artifact, .version = 2, .not_shipped = not_shipped_};
    });
    ctx_.answer<ArtifactQuery>([this](const ArtifactQuery& query) {
      return ArtifactQuery::Answer{.digest = query.digest, .artifact_kind = artifact_kind_};
    });
    ctx_.answer<ServingQuery>([this](const ServingQuery& query) {
      from_revision_ = query.from_revision;
      return ServingQuery::Answer{
          {seen(kChampion, "baseline", baseline_), seen(kCandidate, "candidate", challenger_)}};
    });
  }

  struct Seen {
    long requests = 1000, errors = 0;
    double p95_ms = 1;
    long outcomes = 1000;
    double mean = 0, deviation = 1;
    bool tripped = false;
  };
  static ServingQuery::Version seen(const std::string& artifact, const char* role, const Seen& s) {
    const double n = static_cast<double>(s.outcomes);
    return {.artifact = artifact,
            .role = role,
            .requests = s.requests,
            .errors = s.errors,
            .latency_ms = {.p95 = s.p95_ms},
            .outcomes = s.outcomes,
            .business_sum = n * s.mean,
            .business_sum_squares = n * (s.mean * s.mean + s.deviation * s.deviation),
            .tripped = s.tripped};
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
        ++revision_;
      }
    }
    return outcome;
  }
  /// One look after the other, each when it is due, until so much time has passed; the last one
  /// comes to T.
  template <typename T>
  T after(Duration time) {
    for (;;) {
      const Duration next = planned_;
      ctx_.time += next;
      time -= next;
      if (time <= Duration::zero()) {
        const T last = step<T>();
        if constexpr (std::is_same_v<T, Defer>) planned_ = last.after;
        return last;
      }
      planned_ = step<Defer>().after;
    }
  }
  void begin() { planned_ = step<Defer>().after; }
  /// Lets the whole hold of a step pass, look by look, until traffic changes or it ends.
  Defer pass_step() {
    Defer last;
    for (int looks = 0; looks < 100; ++looks) {
      last = after<Defer>(planned_);
      if (!last.effects.empty()) return last;
    }
    ADD_FAILURE() << "the step never ends";
    return last;
  }
  std::string refusal() {
    const auto outcome = call();
    return outcome ? std::string("accepted") : outcome.error().message;
  }
  std::string put(const std::string& text) { return ctx_.store().put_text(text)->digest; }
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
  const std::string kChampion = put(model_text({"hour", "distance"}, 0));
  const std::string kCandidate = put(model_text({"distance", "hour"}, 1));
  Catalog catalog_ = Catalog::of<DeployCanary>();
  std::string champion_ = kChampion, candidate_, registered_ = kCandidate, not_shipped_;
  std::string artifact_kind_ = "model";
  double weight_ = 0;
  std::int64_t revision_ = 7, from_revision_ = 0;
  Duration planned_{};
  Seen baseline_, challenger_;
  Json with_ = Json::object({{"model", "flights"},
                             {"candidate", kCandidate},
                             {"steps", Json::array({Json::object({{"weight", 5}, {"hold", "1m"}}),
                                                    Json::object({{"weight", 25}, {"hold", "2m"}}),
                                                    Json::object({{"weight", 100}})})},
                             {"max_wait", "5m"}});
};

}  // namespace millrace::operators
