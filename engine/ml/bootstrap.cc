#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

#include "engine/base/clock.h"
#include "engine/ml/compare.h"
#include "engine/ml/verdict.h"

namespace millrace::ml {
namespace {

using Counts = std::vector<std::uint32_t>;  // how often each row is in the resample at hand

/// One model's predictions, prepared so that a resample is measured in one pass: row losses where
/// the metric is their mean, else rows by rising prediction, so that a metric of ranks need not
/// sort.
class Measured {
 public:
  Measured(const Metric& metric, std::span<const double> labels,
           std::span<const double> predictions, double threshold)
      : metric_(metric), threshold_(threshold) {
    if (metric.row_loss != nullptr) {
      for (std::size_t i = 0; i < labels.size(); ++i)
        losses_.push_back(metric.row_loss(labels[i], predictions[i]));
      return;
    }
    rows_.resize(labels.size());
    weights_.resize(labels.size());
    std::iota(rows_.begin(), rows_.end(), std::size_t{0});
    std::ranges::stable_sort(rows_, {}, [&](std::size_t i) { return predictions[i]; });
    for (const std::size_t i : rows_) {
      labels_.push_back(labels[i]);
      predictions_.push_back(predictions[i]);
    }
  }

  Result<double> in(const Counts& drawn) {
    if (metric_.row_loss != nullptr) return mean_loss(drawn);
    for (std::size_t k = 0; k < rows_.size(); ++k) weights_[k] = drawn[rows_[k]];
    return metric_.evaluate({labels_, predictions_, weights_, threshold_});
  }

 private:
  double mean_loss(const Counts& drawn) const {
    double sum = 0;
    for (std::size_t i = 0; i < drawn.size(); ++i) sum += drawn[i] * losses_[i];
    const double mean = sum / static_cast<double>(drawn.size());
    return metric_.root ? std::sqrt(mean) : mean;
  }

  const Metric& metric_;
  double threshold_;
  std::vector<double> losses_;
  std::vector<std::size_t> rows_;
  std::vector<double> labels_;
  std::vector<double> predictions_;
  std::vector<double> weights_;
};

/// The rows among which a resample draws: each class, or all.
std::vector<std::vector<std::uint32_t>> strata(const Metric& metric,
                                               std::span<const double> labels) {
  std::vector<std::vector<std::uint32_t>> out(metric.objective == Objective::binary ? 2 : 1);
  for (std::size_t i = 0; i < labels.size(); ++i)
    out[out.size() == 2 && labels[i] != 0 ? 1 : 0].push_back(static_cast<std::uint32_t>(i));
  return out;
}

void draw(const std::vector<std::vector<std::uint32_t>>& from, Rng& rng, Counts& counts) {
  std::ranges::fill(counts, 0);
  for (const auto& stratum : from) {
    const auto size = static_cast<double>(stratum.size());
    for (std::size_t k = 0; k < stratum.size(); ++k)
      ++counts[stratum[static_cast<std::size_t>(rng.uniform() * size)]];
  }
}

/// The linear interpolation between order statistics (Hyndman and Fan 1996, type 7).
double quantile(const std::vector<double>& sorted, double p) {
  const double place = p * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const auto above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (place - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

double sample_deviation(const std::vector<double>& values) {
  const auto n = static_cast<double>(values.size());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  double sum = 0;
  for (const double v : values) sum += (v - mean) * (v - mean);
  return std::sqrt(sum / (n - 1));
}

Status check_resamples(const BootstrapOptions& options) {
  MR_CHECK(check_options({options.confidence, options.margin}));
  if (options.resamples >= 100 && options.resamples <= 100'000) return {};
  return invalid_argument("resamples is " + std::to_string(options.resamples) +
                          "; it must be between 100 and 100000");
}

/// Between the percentiles of the values of the resamples.
Interval percentiles(std::vector<double> values, double confidence) {
  std::ranges::sort(values);
  const double tail = (1 - confidence) / 2;
  return {quantile(values, tail), quantile(values, 1 - tail)};
}

/// The comparison from improvements in rising order.
Comparison summarise(const std::vector<double>& sorted, double baseline, double candidate,
                     double improvement, const BootstrapOptions& options) {
  const auto n = static_cast<double>(sorted.size());
  const auto p_at_most = [&](double bound) {
    const auto end = std::ranges::upper_bound(sorted, bound);
    return (static_cast<double>(end - sorted.begin()) + 1) / (n + 1);
  };
  const auto not_below = sorted.end() - std::ranges::lower_bound(sorted, 0.0);
  const double p_at_least = (static_cast<double>(not_below) + 1) / (n + 1);
  const double tail = (1 - options.confidence) / 2;
  return {.baseline = baseline,
          .candidate = candidate,
          .improvement = improvement,
          .standard_error = sample_deviation(sorted),
          .interval = {quantile(sorted, tail), quantile(sorted, 1 - tail)},
          .p_two_sided = std::min(1.0, 2 * std::min(p_at_most(0), p_at_least)),
          .p_superior = p_at_most(0),
          .p_non_inferior = p_at_most(-options.margin)};
}

}  // namespace

Result<Bootstrap> paired_bootstrap(const Metric& metric, std::span<const double> labels,
                                   std::span<const double> baseline,
                                   std::span<const double> candidate,
                                   const BootstrapOptions& options) {
  MR_CHECK(check_resamples(options));
  MR_TRY(const double of_baseline, metric.evaluate({labels, baseline, {}, options.threshold}));
  MR_TRY(const double of_candidate, metric.evaluate({labels, candidate, {}, options.threshold}));
  const double sign = metric.higher_is_better ? 1 : -1;

  Measured a(metric, labels, baseline, options.threshold);
  Measured b(metric, labels, candidate, options.threshold);
  const auto from = strata(metric, labels);
  Counts drawn(labels.size());
  Rng rng(options.seed);
  Bootstrap out{};
  std::vector<double> of_candidates;
  for (int k = 0; k < options.resamples; ++k) {
    draw(from, rng, drawn);
    MR_TRY(const double first, a.in(drawn));
    MR_TRY(const double second, b.in(drawn));
    out.improvements.push_back(sign * (second - first));
    of_candidates.push_back(second);
  }
  out.candidate_interval = percentiles(std::move(of_candidates), options.confidence);
  std::ranges::sort(out.improvements);
  out.comparison = summarise(out.improvements, of_baseline, of_candidate,
                             sign * (of_candidate - of_baseline), options);
  return out;
}

Result<MetricInterval> bootstrap_interval(const Metric& metric, std::span<const double> labels,
                                          std::span<const double> predictions,
                                          const BootstrapOptions& options) {
  MR_CHECK(check_resamples(options));
  MR_TRY(const double value, metric.evaluate({labels, predictions, {}, options.threshold}));
  Measured measured(metric, labels, predictions, options.threshold);
  const auto from = strata(metric, labels);
  Counts drawn(labels.size());
  Rng rng(options.seed);
  std::vector<double> values;
  for (int k = 0; k < options.resamples; ++k) {
    draw(from, rng, drawn);
    MR_TRY(const double one, measured.in(drawn));
    values.push_back(one);
  }
  return MetricInterval{value, percentiles(std::move(values), options.confidence)};
}

}  // namespace millrace::ml
