#include "operators/deploy/guardrails.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "engine/base/counted.h"
#include "engine/ml/compare.h"
#include "engine/ml/distribution.h"

namespace millrace::operators {
namespace {

/// Outcomes that each side needs before their means are compared: below it the normal approximation
/// says little.
constexpr std::int64_t kLeastOutcomes = 30;

// Below these the normal approximation of the tests says little.
constexpr std::int64_t kLeastForTest = 30;
constexpr std::int64_t kLeastErrors = 5;
// How sure it must be that an absolute limit is broken before min_requests have come.
constexpr double kSure = 0.999;
constexpr double kTestsEachLook = 2;

ml::Proportion errors_of(const VersionMetrics& version) {
  const auto trials = static_cast<std::uint64_t>(std::max<std::int64_t>(version.requests, 0));
  const auto errors = static_cast<std::uint64_t>(std::max<std::int64_t>(version.errors, 0));
  return {std::min(errors, trials), trials};
}

double number(std::int64_t value) { return static_cast<double>(value); }

std::string rounded(double value, const char* format = "%.3g") {
  char text[32];
  std::snprintf(text, sizeof text, format, value);
  return text;
}
/// After "p": a probability that no double can tell from zero is still not zero.
std::string probability(double p) { return p < 1e-300 ? "< 1e-300" : "= " + rounded(p); }
std::string percent(double share) { return rounded(share * 100) + " %"; }

VersionMetrics read_one(const ServingQuery::Version& version) {
  return {.requests = version.requests,
          .errors = version.errors,
          .p95_ms = version.latency_ms.p95,
          .outcomes = version.outcomes,
          .business_sum = version.business_sum,
          .business_sum_squares = version.business_sum_squares,
          .tripped = version.tripped};
}

using Check = std::optional<Breach> (*)(const Guardrails&, const VersionMetrics& candidate,
                                        const VersionMetrics& baseline);

std::optional<Breach> check_breaker(const Guardrails&, const VersionMetrics& candidate,
                                    const VersionMetrics&) {
  if (!candidate.tripped) return std::nullopt;
  return Breach{"breaker", "the model server's circuit breaker opened for the candidate",
                Json::object()};
}

std::optional<Breach> check_error_rate(const Guardrails& rails, const VersionMetrics& candidate,
                                       const VersionMetrics&) {
  if (candidate.requests <= 0) return std::nullopt;
  const bool enough = candidate.requests >= rails.min_requests;
  const double judged =
      enough ? candidate.error_rate() : ml::wilson_interval(errors_of(candidate), kSure).low;
  if (judged <= rails.max_error_rate) return std::nullopt;
  return Breach{
      "error_rate",
      std::to_string(candidate.errors) + " of the candidate's " +
          std::to_string(candidate.requests) + " requests failed (" +
          percent(candidate.error_rate()) + "); the limit is " + percent(rails.max_error_rate),
      Json::object({{"error_rate", candidate.error_rate()}, {"limit", rails.max_error_rate}})};
}

std::optional<Breach> check_error_increase(const Guardrails& rails, const VersionMetrics& candidate,
                                           const VersionMetrics& baseline) {
  if (candidate.requests < kLeastForTest || baseline.requests < kLeastForTest ||
      candidate.errors < kLeastErrors)
    return std::nullopt;
  const auto test = ml::two_proportion_test(errors_of(baseline), errors_of(candidate), false);
  if (!test) return std::nullopt;
  const double p = ml::normal_upper(-test->z);  // z is positive where the candidate is better
  if (p >= rails.alpha / (number(rails.looks) * kTestsEachLook)) return std::nullopt;
  return Breach{"error_rate_vs_baseline",
                "the candidate's error rate is " + percent(candidate.error_rate()) +
                    " against the baseline's " + percent(baseline.error_rate()) + " (p " +
                    probability(p) + ")",
                Json::object({{"candidate", candidate.error_rate()},
                              {"baseline", baseline.error_rate()},
                              {"p_value", p}})};
}

std::optional<Breach> check_latency(const Guardrails& rails, const VersionMetrics& candidate,
                                    const VersionMetrics& baseline) {
  if (candidate.requests < rails.min_requests || baseline.requests < rails.min_requests)
    return std::nullopt;
  const double limit = baseline.p95_ms * rails.max_latency_ratio + rails.latency_slack_ms;
  if (candidate.p95_ms <= limit) return std::nullopt;
  return Breach{"latency_p95",
                "the candidate's 95th percentile of latency is " + rounded(candidate.p95_ms) +
                    " ms against the baseline's " + rounded(baseline.p95_ms) +
                    " ms; the limit is " + rounded(limit) + " ms",
                Json::object({{"candidate_ms", candidate.p95_ms},
                              {"baseline_ms", baseline.p95_ms},
                              {"limit_ms", limit}})};
}

std::optional<Breach> check_business(const Guardrails& rails, const VersionMetrics& candidate,
                                     const VersionMetrics& baseline) {
  if (rails.max_business_drop < 0 || candidate.outcomes < kLeastOutcomes ||
      baseline.outcomes < kLeastOutcomes)
    return std::nullopt;
  const double allowed = rails.max_business_drop * std::abs(baseline.business_mean());
  const double p = mean_drop_p_value(candidate, baseline, allowed);
  if (p >= rails.alpha / (number(rails.looks) * kTestsEachLook)) return std::nullopt;
  return Breach{"business",
                "the candidate's business metric is " + rounded(candidate.business_mean(), "%.4g") +
                    " against the baseline's " + rounded(baseline.business_mean(), "%.4g") +
                    ", more than the allowed drop of " + percent(rails.max_business_drop) + " (p " +
                    probability(p) + ")",
                Json::object({{"candidate_mean", candidate.business_mean()},
                              {"baseline_mean", baseline.business_mean()},
                              {"allowed_drop", allowed},
                              {"p_value", p}})};
}

}  // namespace

double VersionMetrics::error_rate() const {
  return requests > 0 ? number(errors) / number(requests) : 0;
}
double VersionMetrics::business_mean() const {
  return outcomes > 0 ? business_sum / number(outcomes) : 0;
}
double VersionMetrics::business_variance() const {
  if (outcomes < 2) return 0;
  const double squares = business_sum_squares - business_sum * business_sum / number(outcomes);
  return std::max(0.0, squares / number(outcomes - 1));
}

Json VersionMetrics::to_json() const {
  return Json::object({{"requests", requests},
                       {"errors", errors},
                       {"error_rate", error_rate()},
                       {"latency_p95_ms", p95_ms},
                       {"outcomes", outcomes},
                       {"business_mean", outcomes > 0 ? Json(business_mean()) : Json()},
                       {"tripped", tripped}});
}

ServingComparison read_metrics(const ServingQuery::Answer& answer, const std::string& candidate,
                               const std::string& champion, std::int64_t min_requests) {
  ServingComparison out;
  VersionMetrics own_baseline, ordinary;
  for (const auto& version : answer.versions) {
    const std::string& role = version.role;
    if (version.artifact == candidate && role == "candidate")
      out.candidate = read_one(version);
    else if (version.artifact == champion && role == "baseline")
      own_baseline = read_one(version);
    else if (version.artifact == champion && role == "champion")
      ordinary = read_one(version);
  }
  const bool fresh =
      own_baseline.requests >= min_requests || own_baseline.requests >= ordinary.requests;
  out.baseline = fresh ? own_baseline : ordinary;
  return out;
}

std::vector<Breach> find_breaches(const Guardrails& rails, const ServingComparison& seen) {
  static constexpr Check kChecks[] = {check_breaker, check_error_rate, check_error_increase,
                                      check_latency, check_business};
  std::vector<Breach> out;
  for (const Check check : kChecks)
    if (auto breach = check(rails, seen.candidate, seen.baseline))
      out.push_back(*std::move(breach));
  return out;
}

namespace {

void need(std::vector<NotJudged>& out, std::string_view guardrail, std::string_view side,
          std::string_view what, std::int64_t came, std::int64_t needed) {
  if (came >= needed) return;
  const std::string has = std::to_string(came), of = " of " + std::to_string(needed);
  const std::string whose(side), unit(what);
  out.push_back({std::string(guardrail), "the " + whose + " has " + has + " " + unit + of,
                 whose + " " + has + of + " " + unit});
}

}  // namespace

std::vector<NotJudged> find_not_judged(const Guardrails& rails, const ServingComparison& seen) {
  const VersionMetrics &candidate = seen.candidate, &baseline = seen.baseline;
  std::vector<NotJudged> out;
  need(out, "error_rate", "candidate", "requests", candidate.requests, rails.min_requests);
  need(out, "error_rate_vs_baseline", "candidate", "requests", candidate.requests, kLeastForTest);
  need(out, "error_rate_vs_baseline", "baseline", "requests", baseline.requests, kLeastForTest);
  need(out, "latency_p95", "baseline", "requests", baseline.requests, rails.min_requests);
  const bool compares = rails.max_business_drop >= 0;
  const std::int64_t least = compares ? kLeastOutcomes : 0;
  need(out, "business", "candidate", "outcomes", candidate.outcomes,
       std::max(rails.min_outcomes, least));
  need(out, "business", "baseline", "outcomes", baseline.outcomes, least);
  return out;
}

std::string text_of(const std::vector<NotJudged>& list) {
  std::string out;
  for (const NotJudged& one : list)
    out += (out.empty() ? "" : "; ") + one.guardrail + ": " + one.text;
  return out;
}

std::string names_of(const std::vector<NotJudged>& list) {
  std::string out;
  std::string_view last;
  for (const NotJudged& one : list) {
    if (one.guardrail != last) out += (out.empty() ? "" : ", ") + one.guardrail;
    last = one.guardrail;
  }
  return out;
}

std::string needs_of(const std::vector<NotJudged>& list) {
  std::string out;
  std::string_view last;
  for (const NotJudged& one : list) {
    if (one.guardrail == last)
      out += ", " + one.needs;
    else
      out += (out.empty() ? "" : "), ") + one.guardrail + " (" + one.needs;
    last = one.guardrail;
  }
  return out.empty() ? out : out + ")";
}

std::string side_text(const VersionMetrics& version) {
  std::string out = counted(version.requests, "request") + ", " + counted(version.errors, "error");
  if (version.requests > 0) out += ", p95 " + rounded(version.p95_ms) + " ms";
  out += ", " + counted(version.outcomes, "outcome");
  if (version.outcomes > 0) out += " of mean " + rounded(version.business_mean(), "%.4g");
  return out;
}

double mean_drop_p_value(const VersionMetrics& candidate, const VersionMetrics& baseline,
                         double allowed) {
  if (candidate.outcomes == 0 || baseline.outcomes == 0) return 1;
  const double error = std::sqrt(candidate.business_variance() / number(candidate.outcomes) +
                                 baseline.business_variance() / number(baseline.outcomes));
  const double excess = baseline.business_mean() - candidate.business_mean() - allowed;
  if (error == 0) return excess > 0 ? 0 : 1;  // two constants
  return ml::normal_upper(excess / error);
}

}  // namespace millrace::operators
