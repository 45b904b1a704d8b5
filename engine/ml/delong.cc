#include <algorithm>
#include <cmath>
#include <string>

#include "engine/ml/compare.h"
#include "engine/ml/distribution.h"
#include "engine/ml/verdict.h"

namespace millrace::ml {
namespace {

/// Of each positive: the share of negatives it beats. Of each negative: the share of positives that
/// beat it. Ties count one half.
struct Placements {
  std::vector<double> positive;
  std::vector<double> negative;

  double auc() const {
    double sum = 0;
    for (const double v : positive) sum += v;
    return sum / static_cast<double>(positive.size());
  }
};

struct Row {
  double score;
  std::size_t place;  // among the rows of its class
  bool positive;
};

/// One sort, then one pass over groups of equal scores.
Placements placements(std::span<const double> labels, std::span<const double> scores) {
  std::vector<Row> rows(labels.size());
  std::size_t positives = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const bool positive = labels[i] != 0;
    rows[i] = {scores[i], positive ? positives : i - positives, positive};
    positives += positive;
  }
  std::ranges::sort(rows, {}, &Row::score);
  const auto m = static_cast<double>(positives), n = static_cast<double>(labels.size()) - m;
  Placements out{std::vector<double>(positives), std::vector<double>(labels.size() - positives)};
  double positives_below = 0, negatives_below = 0;
  for (auto first = rows.begin(); first != rows.end();) {
    const auto last =
        std::find_if(first, rows.end(), [&](const Row& row) { return row.score != first->score; });
    const auto tied = static_cast<double>(std::ranges::count(first, last, true, &Row::positive));
    const auto tied_negative = static_cast<double>(last - first) - tied;
    for (; first != last; ++first) {
      if (first->positive)
        out.positive[first->place] = (negatives_below + tied_negative / 2) / n;
      else
        out.negative[first->place] = (m - positives_below - tied / 2) / m;
    }
    positives_below += tied;
    negatives_below += tied_negative;
  }
  return out;
}

double covariance(const std::vector<double>& a, const std::vector<double>& b) {
  const auto n = static_cast<double>(a.size());
  double mean_a = 0, mean_b = 0, sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    mean_a += a[i] / n;
    mean_b += b[i] / n;
  }
  for (std::size_t i = 0; i < a.size(); ++i) sum += (a[i] - mean_a) * (b[i] - mean_b);
  return sum / (n - 1);
}

/// Of two AUCs on the same rows; of one with itself, its variance.
double auc_covariance(const Placements& a, const Placements& b) {
  return covariance(a.positive, b.positive) / static_cast<double>(a.positive.size()) +
         covariance(a.negative, b.negative) / static_cast<double>(a.negative.size());
}

Placements difference(const Placements& a, const Placements& b) {
  Placements out = a;
  for (std::size_t i = 0; i < a.positive.size(); ++i) out.positive[i] -= b.positive[i];
  for (std::size_t i = 0; i < a.negative.size(); ++i) out.negative[i] -= b.negative[i];
  return out;
}

Status check_rows(std::span<const double> labels, std::span<const double> scores) {
  if (auto defined = auc({labels, scores}); !defined) return std::move(defined).error();
  const auto positives = std::ranges::count(labels, 1.0);
  if (positives < 2 || static_cast<std::ptrdiff_t>(labels.size()) - positives < 2)
    return make_error(ErrorCode::data_invalid,
                      "the variance of an AUC needs two rows of each class");
  return {};
}

}  // namespace

Result<AucEstimate> auc_with_interval(std::span<const double> labels,
                                      std::span<const double> scores, double confidence) {
  MR_CHECK(check_options({.confidence = confidence}));
  MR_CHECK(check_rows(labels, scores));
  const auto placed = placements(labels, scores);
  const double area = placed.auc(), variance = auc_covariance(placed, placed);
  const double reach = normal_quantile(0.5 + confidence / 2) * std::sqrt(variance);
  return AucEstimate{area, variance, {std::max(0.0, area - reach), std::min(1.0, area + reach)}};
}

Result<DeLong> delong_test(std::span<const double> labels, std::span<const double> baseline,
                           std::span<const double> candidate, const CompareOptions& options) {
  MR_CHECK(check_options(options));
  MR_CHECK(check_rows(labels, baseline));
  MR_CHECK(check_rows(labels, candidate));
  const auto a = placements(labels, baseline), b = placements(labels, candidate);
  const auto gap = difference(b, a);
  const double improvement = b.auc() - a.auc();
  // The variance of the difference from the differences: exactly 0 for equal rankings.
  const double error = std::sqrt(auc_covariance(gap, gap));
  return DeLong{normal_comparison(a.auc(), b.auc(), improvement, error, options),
                z_score(improvement, error), auc_covariance(a, a), auc_covariance(b, b),
                auc_covariance(a, b)};
}

}  // namespace millrace::ml
