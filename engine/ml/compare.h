// Is the candidate better than the baseline? Tests on the same rows, and on two samples.
//
// Pure functions, thread-safe. `improvement` is oriented: positive says that the candidate is
// better, whatever the metric's own direction. Each comparison answers two questions: is it
// superior (more than no improvement), and is it not inferior (no worse than a margin the caller
// allows)? A p-value of a one-sided question is small when the answer is yes. Errors:
// invalid_argument for sizes and options, data_invalid for rows that allow no answer.
//
// Sources: DeLong, DeLong and Clarke-Pearson 1988 (Biometrics 44) with the O(n log n) placement
// values of Sun and Xu 2014 (IEEE Signal Processing Letters 21). McNemar 1947 (Psychometrika 12),
// continuity correction of Edwards 1948, exact binomial below 25 discordant rows. Bootstrap
// percentiles: Efron and Tibshirani 1993, ch. 13. Interval of a proportion: Wilson 1927 (JASA 22),
// of a difference: Newcombe 1998 (Statistics in Medicine 17), method 10. Mann and Whitney 1947 with
// the tie correction of Lehmann 1975. Several gates at once: Holm 1979 (Scandinavian Journal of
// Statistics 6).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/base/result.h"
#include "engine/ml/metrics.h"

namespace millrace::ml {

struct Interval {
  double low;
  double high;
};

struct CompareOptions {
  double confidence = 0.95;  // of intervals, two-sided; in (0, 1)
  double margin = 0;         // how much worse is still not inferior, in the metric's unit; >= 0
};

struct Comparison {
  double baseline;  // the metric of each
  double candidate;
  double improvement;  // of the candidate over the baseline; > 0: better
  double standard_error;
  Interval interval;      // of the improvement
  double p_two_sided;     // they do not differ
  double p_superior;      // H0: improvement <= 0
  double p_non_inferior;  // H0: improvement <= -margin
};

struct AucEstimate {
  double auc;
  double variance;
  Interval interval;  // normal, cut to [0, 1]
};
/// Two rows of each class, or more.
Result<AucEstimate> auc_with_interval(std::span<const double> labels,
                                      std::span<const double> scores, double confidence = 0.95);

struct DeLong {
  Comparison comparison;  // of the AUCs
  double z;
  double variance_baseline;
  double variance_candidate;
  double covariance;
};
/// Two models' scores of the same rows. Any monotone scale; two rows of each class, or more.
Result<DeLong> delong_test(std::span<const double> labels, std::span<const double> baseline,
                           std::span<const double> candidate, const CompareOptions& options = {});

struct McNemar {
  std::uint64_t only_baseline;   // rows that only the baseline gets right
  std::uint64_t only_candidate;  // rows that only the candidate gets right
  bool exact;                    // binomial; else chi-squared with continuity correction
  double statistic;              // chi-squared; of the exact test, the smaller of the two counts
  double p_two_sided;
  double p_superior;  // H0: the candidate is right no more often
};
McNemar mcnemar_test(std::uint64_t only_baseline, std::uint64_t only_candidate);
/// From probabilities: a row is right where (p >= threshold) is its label.
Result<McNemar> mcnemar_test(std::span<const double> labels, std::span<const double> baseline,
                             std::span<const double> candidate, double threshold = 0.5);

struct BootstrapOptions {
  double confidence = 0.95;
  double margin = 0;
  int resamples = 2000;  // 100 … 100000
  std::uint64_t seed = 0;
  double threshold = 0.5;  // of metrics that classify
};
struct Bootstrap {
  Comparison comparison;             // p-values are (hits + 1) / (resamples + 1)
  std::vector<double> improvements;  // one a resample, rising
  Interval candidate_interval;       // of the candidate's metric, percentiles
};
/// Any metric, rows drawn with replacement, the same for both models; for a binary metric within
/// each class. Costs about 15 ns a row and resample for a mean of row losses, 50 ns else.
Result<Bootstrap> paired_bootstrap(const Metric& metric, std::span<const double> labels,
                                   std::span<const double> baseline,
                                   std::span<const double> candidate,
                                   const BootstrapOptions& options = {});

struct MetricInterval {
  double value;
  Interval interval;  // percentiles
};
/// One model's metric with its interval, from the same resamples as paired_bootstrap of that seed.
Result<MetricInterval> bootstrap_interval(const Metric& metric, std::span<const double> labels,
                                          std::span<const double> predictions,
                                          const BootstrapOptions& options = {});

struct Proportion {
  std::uint64_t successes;
  std::uint64_t trials;
};
/// REQUIRES: successes <= trials, trials > 0, confidence in (0, 1).
Interval wilson_interval(Proportion observed, double confidence = 0.95);

struct TwoProportions {
  Comparison comparison;  // interval: Newcombe; standard error: unpooled
  double z;               // pooled; of the improvement
};
/// Two independent samples, e.g. error counts of canary and baseline (there, lower is better).
Result<TwoProportions> two_proportion_test(Proportion baseline, Proportion candidate,
                                           bool higher_is_better,
                                           const CompareOptions& options = {});

struct MannWhitney {
  double u;            // pairs that the candidate wins, ties one half
  double share;        // u over all pairs: the chance that a candidate's value is the larger
  double z;            // without continuity correction
  double p_two_sided;  // normal approximation, continuity corrected
  double p_greater;    // H0: the candidate's values are not larger
};
/// Two independent samples of finite values, e.g. latencies. Good from about eight values each.
Result<MannWhitney> mann_whitney_test(std::span<const double> baseline,
                                      std::span<const double> candidate);

/// Adjusted p-values in the order given: compare each to the level of the whole family.
std::vector<double> holm_adjusted(std::span<const double> p_values);

}  // namespace millrace::ml
