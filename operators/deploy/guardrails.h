// Guardrails: what a canary's candidate must not do to its users, judged from what the model server
// measured. Pure.
//
// Rates and means are compared with the baseline's by one-sided tests: two proportions with pooled
// variance, and Welch's z for means (Casella and Berger, "Statistical Inference", 2nd ed., 10.3).
// A canary looks many times; `alpha` is the chance that a candidate as good as the baseline is
// taken back by a test at any of them, so each look spends its share (Bonferroni).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/json.h"
#include "engine/op/query.h"

namespace millrace::operators {

/// What one version did since a moment; from a ServingQuery.
struct VersionMetrics {
  std::int64_t requests = 0, errors = 0;
  double p95_ms = 0;
  std::int64_t outcomes = 0;
  double business_sum = 0, business_sum_squares = 0;
  bool tripped = false;  // its circuit breaker opened

  double error_rate() const;     // 0 without requests
  double business_mean() const;  // 0 without outcomes
  double business_variance() const;
  Json to_json() const;
};

struct ServingComparison {
  VersionMetrics candidate, baseline;
};
/// Picks the two out of the query's answer. A baseline of its own counts before the champion's
/// ordinary traffic once it has `min_requests`.
ServingComparison read_metrics(const ServingQuery::Answer& answer, const std::string& candidate,
                               const std::string& champion, std::int64_t min_requests);

struct Guardrails {
  double max_error_rate = 0.02;     // of the candidate, whatever the baseline does
  double max_latency_ratio = 1.5;   // of the 95th percentiles
  double latency_slack_ms = 2;      // added to what the ratio allows: noise of small latencies
  double max_business_drop = 0.05;  // share of the baseline's mean; below 0: not looked at
  double alpha = 0.01;
  std::int64_t min_requests = 100;
  std::int64_t min_outcomes = 0;
  std::int64_t looks = 1;  // planned, in the whole canary
};

struct Breach {
  std::string
      guardrail;     // "error_rate", "error_rate_vs_baseline", "latency_p95", "business", "breaker"
  std::string text;  // one sentence with the numbers
  Json numbers = Json::object();
};
std::vector<Breach> find_breaches(const Guardrails& rails, const ServingComparison& seen);

/// A guardrail that cannot say yes or no yet: too little has come. Not judged is not passed.
struct NotJudged {
  std::string guardrail;
  std::string text;   // "the baseline has 27 outcomes of 30"
  std::string needs;  // the same in short: "baseline 27 of 30 outcomes"
};
std::vector<NotJudged> find_not_judged(const Guardrails& rails, const ServingComparison& seen);
/// "business: the baseline has 27 outcomes of 30; …"; "" if everything was judged.
std::string text_of(const std::vector<NotJudged>& list);
/// "error_rate, business": each guardrail once.
std::string names_of(const std::vector<NotJudged>& list);
/// "business (candidate 3 of 30 outcomes, baseline 27 of 30 outcomes)"
std::string needs_of(const std::vector<NotJudged>& list);

/// For the log: "146 requests, 0 errors, p95 1.2 ms, 98 outcomes of mean -0.128".
std::string side_text(const VersionMetrics& version);

/// One-sided p-value that `baseline`'s true mean exceeds `candidate`'s by more than `allowed`.
double mean_drop_p_value(const VersionMetrics& candidate, const VersionMetrics& baseline,
                         double allowed);

}  // namespace millrace::operators
