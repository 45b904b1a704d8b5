#include "engine/ml/compare.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>

#include "engine/ml/distribution.h"
#include "engine/ml/verdict.h"

namespace millrace::ml {
namespace {

constexpr std::uint64_t kExactBelow = 25;  // discordant rows

Status check_classes(std::span<const double> labels, std::span<const double> predictions) {
  const auto fit = accuracy({labels, predictions});  // sizes, labels, finite predictions
  return fit ? Status() : Status(fit.error());
}

double share(Proportion p) {
  return static_cast<double>(p.successes) / static_cast<double>(p.trials);
}

Status check_proportion(Proportion p, std::string_view which) {
  if (p.trials > 0 && p.successes <= p.trials) return {};
  return make_error(ErrorCode::data_invalid, "the " + std::string(which) + " has " +
                                                 std::to_string(p.successes) + " successes of " +
                                                 std::to_string(p.trials) + " trials");
}

/// Newcombe's interval of candidate - baseline.
Interval newcombe_interval(Proportion baseline, Proportion candidate, double confidence) {
  const Interval a = wilson_interval(baseline, confidence);
  const Interval b = wilson_interval(candidate, confidence);
  const double p = share(baseline), q = share(candidate);
  return {q - p - std::hypot(q - b.low, a.high - p), q - p + std::hypot(b.high - q, p - a.low)};
}

struct Pooled {
  double value;
  bool candidate;
};

/// Sum of the candidate's mid-ranks, and of t^3 - t over the groups of t equal values.
struct Ranks {
  double candidate_sum = 0;
  double ties = 0;
};

Ranks rank_sums(std::vector<Pooled> values) {
  std::ranges::sort(values, {}, &Pooled::value);
  Ranks out;
  for (std::size_t first = 0; first < values.size();) {
    std::size_t last = first;
    double candidates = 0;
    for (; last < values.size() && values[last].value == values[first].value; ++last)
      candidates += values[last].candidate ? 1 : 0;
    const auto tied = static_cast<double>(last - first);
    out.candidate_sum += candidates * static_cast<double>(first + last + 1) / 2;
    out.ties += tied * tied * tied - tied;
    first = last;
  }
  return out;
}

}  // namespace

Status check_options(const CompareOptions& options) {
  if (!(options.confidence > 0 && options.confidence < 1))
    return invalid_argument("the confidence is " + std::to_string(options.confidence) +
                            "; it must be between 0 and 1");
  if (!(options.margin >= 0 && std::isfinite(options.margin)))
    return invalid_argument("the margin is " + std::to_string(options.margin) +
                            "; it must be finite and not negative");
  return {};
}

double z_score(double estimate, double error) {
  if (error > 0) return estimate / error;
  return estimate == 0 ? 0 : std::copysign(std::numeric_limits<double>::infinity(), estimate);
}

Comparison normal_comparison(double baseline, double candidate, double improvement, double error,
                             const CompareOptions& options) {
  const double reach = normal_quantile(0.5 + options.confidence / 2) * error;
  const double z = z_score(improvement, error);
  // Without any variance "no better" is certain, not even odds.
  const auto p_above = [&](double least) {
    return error > 0 ? normal_upper((improvement - least) / error) : improvement > least ? 0 : 1;
  };
  return {.baseline = baseline,
          .candidate = candidate,
          .improvement = improvement,
          .standard_error = error,
          .interval = {improvement - reach, improvement + reach},
          .p_two_sided = 2 * normal_upper(std::abs(z)),
          .p_superior = p_above(0),
          .p_non_inferior = p_above(-options.margin)};
}

McNemar mcnemar_test(std::uint64_t only_baseline, std::uint64_t only_candidate) {
  McNemar out{.only_baseline = only_baseline,
              .only_candidate = only_candidate,
              .exact = only_baseline + only_candidate < kExactBelow,
              .statistic = 0,
              .p_two_sided = 1,
              .p_superior = 1};
  const std::uint64_t discordant = only_baseline + only_candidate;
  const auto b = static_cast<double>(only_baseline), c = static_cast<double>(only_candidate);
  if (out.exact) {
    const auto fewer = std::min(only_baseline, only_candidate);
    out.statistic = static_cast<double>(fewer);
    out.p_two_sided = std::min(1.0, 2 * binomial_cdf(fewer, discordant, 0.5));
    // P(at least this many wins of the candidate), by symmetry.
    out.p_superior = binomial_cdf(only_baseline, discordant, 0.5);
    return out;
  }
  const double corrected = std::max(0.0, std::abs(c - b) - 1);
  out.statistic = corrected * corrected / (b + c);
  out.p_two_sided = chi_squared_upper(out.statistic, 1);
  out.p_superior = normal_upper((c - b - 1) / std::sqrt(b + c));
  return out;
}

Result<McNemar> mcnemar_test(std::span<const double> labels, std::span<const double> baseline,
                             std::span<const double> candidate, double threshold) {
  MR_CHECK(check_classes(labels, baseline));
  MR_CHECK(check_classes(labels, candidate));
  std::uint64_t only_baseline = 0, only_candidate = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const bool baseline_right = (baseline[i] >= threshold) == (labels[i] != 0);
    const bool candidate_right = (candidate[i] >= threshold) == (labels[i] != 0);
    only_baseline += baseline_right && !candidate_right;
    only_candidate += candidate_right && !baseline_right;
  }
  return mcnemar_test(only_baseline, only_candidate);
}

Interval wilson_interval(Proportion observed, double confidence) {
  const double n = static_cast<double>(observed.trials), p = share(observed);
  const double z = normal_quantile(0.5 + confidence / 2), z2 = z * z;
  const double centre = (p + z2 / (2 * n)) / (1 + z2 / n);
  const double reach = z * std::sqrt(p * (1 - p) / n + z2 / (4 * n * n)) / (1 + z2 / n);
  return {observed.successes == 0 ? 0.0 : centre - reach,
          observed.successes == observed.trials ? 1.0 : centre + reach};
}

Result<TwoProportions> two_proportion_test(Proportion baseline, Proportion candidate,
                                           bool higher_is_better, const CompareOptions& options) {
  MR_CHECK(check_options(options));
  MR_CHECK(check_proportion(baseline, "baseline"));
  MR_CHECK(check_proportion(candidate, "candidate"));
  const double n = static_cast<double>(baseline.trials), m = static_cast<double>(candidate.trials);
  const double p = share(baseline), q = share(candidate);
  const double sign = higher_is_better ? 1 : -1, improvement = sign * (q - p);
  const double all =
      static_cast<double>(baseline.successes) + static_cast<double>(candidate.successes);
  const double pooled = all / (n + m);
  const double z = z_score(improvement, std::sqrt(pooled * (1 - pooled) * (1 / n + 1 / m)));
  const double error = std::sqrt(p * (1 - p) / n + q * (1 - q) / m);

  Comparison out = normal_comparison(p, q, improvement, error, options);
  out.p_two_sided = 2 * normal_upper(std::abs(z));
  out.p_superior = normal_upper(z);
  const Interval gap = newcombe_interval(baseline, candidate, options.confidence);
  out.interval = higher_is_better ? gap : Interval{-gap.high, -gap.low};
  return TwoProportions{out, z};
}

Result<MannWhitney> mann_whitney_test(std::span<const double> baseline,
                                      std::span<const double> candidate) {
  if (baseline.empty() || candidate.empty())
    return make_error(ErrorCode::data_invalid, "the Mann-Whitney test needs two samples");
  std::vector<Pooled> values;
  values.reserve(baseline.size() + candidate.size());
  for (const double x : baseline) values.push_back({x, false});
  for (const double x : candidate) values.push_back({x, true});
  if (!std::ranges::all_of(values, [](const Pooled& v) { return std::isfinite(v.value); }))
    return make_error(ErrorCode::data_invalid, "the Mann-Whitney test needs finite values");
  const Ranks ranks = rank_sums(std::move(values));
  const auto n = static_cast<double>(baseline.size()), m = static_cast<double>(candidate.size());
  const double u = ranks.candidate_sum - m * (m + 1) / 2, excess = u - n * m / 2;
  const double total = n + m;
  const double spread =
      std::sqrt(n * m / 12 * (total + 1 - ranks.ties / (total * std::max(1.0, total - 1))));
  const auto p_above = [&](double value) { return normal_upper(z_score(value - 0.5, spread)); };
  if (!(spread > 0)) return MannWhitney{u, u / (n * m), 0, 1, 1};  // every value is the same
  return MannWhitney{.u = u,
                     .share = u / (n * m),
                     .z = z_score(excess, spread),
                     .p_two_sided = std::min(1.0, 2 * p_above(std::abs(excess))),
                     .p_greater = p_above(excess)};
}

std::vector<double> holm_adjusted(std::span<const double> p_values) {
  std::vector<std::size_t> order(p_values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return p_values[i]; });
  std::vector<double> out(p_values.size());
  double least = 0;
  for (std::size_t k = 0; k < order.size(); ++k) {
    const auto remaining = static_cast<double>(order.size() - k);
    least = std::max(least, std::min(1.0, remaining * p_values[order[k]]));
    out[order[k]] = least;
  }
  return out;
}

}  // namespace millrace::ml
