#include "engine/ml/metrics.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string>

#include "engine/base/suggest.h"

namespace millrace::ml {

static Result<double> mae(const Scored& scored);
static Result<double> f1(const Scored& scored);

static Result<double> recall(const Scored& scored);
static Result<double> precision(const Scored& scored);

namespace {

enum class Expect { scores, probabilities, numbers };

Error undefined(std::string message) {
  return make_error(ErrorCode::data_invalid, std::move(message));
}

Error bad_row(std::string_view what, std::size_t row, double value, std::string_view wanted) {
  return undefined("the " + std::string(what) + " of row " + std::to_string(row + 1) + " is " +
                   std::to_string(value) + "; it must be " + std::string(wanted));
}

Status check(const Scored& s, Expect expect) {
  const std::size_t n = s.labels.size();
  if (n == 0) return undefined("there is no row to measure");
  if (s.predictions.size() != n || (!s.weights.empty() && s.weights.size() != n))
    return invalid_argument("there are " + std::to_string(n) + " labels, " +
                            std::to_string(s.predictions.size()) + " predictions and " +
                            std::to_string(s.weights.size()) + " weights");
  for (std::size_t i = 0; i < n; ++i) {
    const double y = s.labels[i], p = s.predictions[i];
    if (expect == Expect::numbers ? !std::isfinite(y) : (y != 0 && y != 1))
      return bad_row("label", i, y, expect == Expect::numbers ? "finite" : "0 or 1");
    if (!std::isfinite(p)) return bad_row("prediction", i, p, "finite");
    if (expect == Expect::probabilities && (p < 0 || p > 1))
      return bad_row("prediction", i, p, "a probability");
  }
  double sum = s.weights.empty() ? 1 : 0;
  for (std::size_t i = 0; i < s.weights.size(); ++i) {
    if (!std::isfinite(s.weights[i]) || s.weights[i] < 0)
      return bad_row("weight", i, s.weights[i], "finite and not negative");
    sum += s.weights[i];
  }
  if (!(sum > 0)) return undefined("the weights add up to zero");
  return {};
}

double weight(const Scored& s, std::size_t i) { return s.weights.empty() ? 1.0 : s.weights[i]; }

/// The weighted mean of loss(label, prediction).
template <typename Loss>
double mean(const Scored& s, Loss loss) {
  double sum = 0, total = 0;
  for (std::size_t i = 0; i < s.labels.size(); ++i) {
    const double w = weight(s, i);
    if (w == 0) continue;  // a bootstrap leaves out a third of the rows
    sum += w * loss(s.labels[i], s.predictions[i]);
    total += w;
  }
  return sum / total;
}

struct Ranked {
  double score;
  double positive;  // weight, if the label is 1
  double negative;
};

/// Rows by rising score; rows that come sorted are not sorted again.
std::vector<Ranked> rank(const Scored& s) {
  std::vector<Ranked> rows(s.labels.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const double w = weight(s, i);
    rows[i] = {s.predictions[i], s.labels[i] * w, (1 - s.labels[i]) * w};
  }
  if (!std::ranges::is_sorted(s.predictions)) std::ranges::sort(rows, {}, &Ranked::score);
  return rows;
}

/// Calls group(positive, negative) for each run of equal scores between `row` and `end`.
template <typename Row, typename Group>
void for_each_tie(Row row, Row end, Group group) {
  while (row != end) {
    const double score = row->score;
    double positive = 0, negative = 0;
    for (; row != end && row->score == score; ++row) {
      positive += row->positive;
      negative += row->negative;
    }
    group(positive, negative);
  }
}

struct Confusion {
  double true_positive = 0, false_positive = 0, true_negative = 0, false_negative = 0;
};

Result<Confusion> confusion(const Scored& s) {
  MR_CHECK(check(s, Expect::scores));
  std::array<double, 4> cell{};
  for (std::size_t i = 0; i < s.labels.size(); ++i)
    cell[(s.labels[i] != 0 ? 2u : 0u) + (s.predictions[i] >= s.threshold ? 1u : 0u)] +=
        weight(s, i);
  return Confusion{.true_positive = cell[3],
                   .false_positive = cell[1],
                   .true_negative = cell[0],
                   .false_negative = cell[2]};
}

double ratio_or_zero(double part, double whole) { return whole > 0 ? part / whole : 0.0; }

double log_loss_of(double y, double p) {
  constexpr double kEps = std::numeric_limits<double>::epsilon();
  const double q = std::clamp(p, kEps, 1 - kEps);
  return y != 0 ? -std::log(q) : -std::log1p(-q);
}
double square_of(double y, double p) { return (y - p) * (y - p); }
double distance_of(double y, double p) { return std::abs(y - p); }
double relative_of(double y, double p) { return std::abs((y - p) / y); }

constexpr std::array kTable = {
    Metric{"auc", Objective::binary, true, "Area under the ROC curve", auc},
    Metric{"average_precision", Objective::binary, true, "Area under the precision-recall steps",
           average_precision},
    Metric{"log_loss", Objective::binary, false, "Mean negative log likelihood", log_loss,
           log_loss_of},
    Metric{"brier", Objective::binary, false, "Mean squared error of the probability", brier,
           square_of},
    Metric{"accuracy", Objective::binary, true, "Share of rows classified right", accuracy},
    Metric{"precision", Objective::binary, true, "Share of predicted positives that are",
           precision},
    Metric{"recall", Objective::binary, true, "Share of positives that are found", recall},
    Metric{"f1", Objective::binary, true, "Harmonic mean of precision and recall", f1},
    Metric{"ece", Objective::binary, false, "Expected calibration error, ten bins",
           expected_calibration_error},
    Metric{"rmse", Objective::regression, false, "Root mean squared error", rmse, square_of, true},
    Metric{"mae", Objective::regression, false, "Mean absolute error", mae, distance_of},
    Metric{"r2", Objective::regression, true, "Share of the variance explained", r2},
    Metric{"mape", Objective::regression, false, "Mean absolute error as a share of the label",
           mape, relative_of},
};

}  // namespace

Result<double> auc(const Scored& s) {
  MR_CHECK(check(s, Expect::scores));
  const auto rows = rank(s);
  double wins = 0, positives = 0, negatives_below = 0;
  for_each_tie(rows.begin(), rows.end(), [&](double positive, double negative) {
    wins += positive * (negatives_below + negative / 2);
    positives += positive;
    negatives_below += negative;
  });
  if (positives == 0 || negatives_below == 0)
    return undefined("the AUC needs both classes; every label is " +
                     std::string(positives == 0 ? "0" : "1"));
  return wins / (positives * negatives_below);
}

Result<double> average_precision(const Scored& s) {
  MR_CHECK(check(s, Expect::scores));
  const auto rows = rank(s);
  double area = 0, found = 0, called = 0;
  for_each_tie(rows.rbegin(), rows.rend(), [&](double positive, double negative) {
    found += positive;
    called += positive + negative;
    if (called > 0) area += positive * found / called;
  });
  if (found == 0) return undefined("the average precision needs a positive; every label is 0");
  return area / found;
}

Result<double> log_loss(const Scored& s) {
  MR_CHECK(check(s, Expect::probabilities));
  return mean(s, log_loss_of);
}

Result<double> brier(const Scored& s) {
  MR_CHECK(check(s, Expect::probabilities));
  return mean(s, square_of);
}

Result<double> accuracy(const Scored& s) {
  MR_TRY(const auto c, confusion(s));
  const double right = c.true_positive + c.true_negative;
  return right / (right + c.false_positive + c.false_negative);
}

Result<double> precision(const Scored& s) {
  MR_TRY(const auto c, confusion(s));
  return ratio_or_zero(c.true_positive, c.true_positive + c.false_positive);
}

Result<double> recall(const Scored& s) {
  MR_TRY(const auto c, confusion(s));
  return ratio_or_zero(c.true_positive, c.true_positive + c.false_negative);
}

Result<double> f1(const Scored& s) {
  MR_TRY(const auto c, confusion(s));
  return ratio_or_zero(2 * c.true_positive,
                       2 * c.true_positive + c.false_positive + c.false_negative);
}

Result<double> expected_calibration_error(const Scored& s) {
  MR_CHECK(check(s, Expect::probabilities));
  constexpr std::size_t kBins = 10;
  std::array<double, kBins> excess{};  // of outcome over prediction, summed
  double total = 0;
  for (std::size_t i = 0; i < s.labels.size(); ++i) {
    const double w = weight(s, i);
    const auto bin = static_cast<std::size_t>(s.predictions[i] * kBins);
    excess[std::min(bin, kBins - 1)] += w * (s.labels[i] - s.predictions[i]);
    total += w;
  }
  double error = 0;
  for (const double e : excess) error += std::abs(e);
  return error / total;
}

Result<double> rmse(const Scored& s) {
  MR_CHECK(check(s, Expect::numbers));
  return std::sqrt(mean(s, square_of));
}

Result<double> mae(const Scored& s) {
  MR_CHECK(check(s, Expect::numbers));
  return mean(s, distance_of);
}

Result<double> r2(const Scored& s) {
  MR_CHECK(check(s, Expect::numbers));
  const double middle = mean(s, [](double y, double) { return y; });
  const double spread = mean(s, [&](double y, double) { return (y - middle) * (y - middle); });
  if (spread == 0) return undefined("R2 needs labels that differ");
  return 1 - mean(s, square_of) / spread;
}

Result<double> mape(const Scored& s) {
  MR_CHECK(check(s, Expect::numbers));
  const auto zero = std::ranges::find(s.labels, 0.0);
  if (zero != s.labels.end())
    return undefined("MAPE is undefined: the label of row " +
                     std::to_string(zero - s.labels.begin() + 1) + " is 0");
  return mean(s, relative_of);
}

std::span<const Metric> all_metrics() { return kTable; }

Result<Metric> metric_named(std::string_view wanted) {
  std::vector<std::string> names;
  for (const auto& metric : kTable) {
    if (metric.name == wanted) return metric;
    names.emplace_back(metric.name);
  }
  return invalid_argument("unknown metric '" + std::string(wanted.substr(0, 64)) + "'" +
                          did_you_mean(wanted, names));
}

Result<std::vector<MetricValue>> evaluate_all(Objective objective, const Scored& scored) {
  MR_CHECK(check(scored, objective == Objective::binary ? Expect::probabilities : Expect::numbers));
  std::vector<MetricValue> out;
  for (const auto& metric : kTable)
    if (metric.objective == objective)
      out.push_back({metric.name, metric.evaluate(scored).value_or(kMissing)});
  return out;
}

}  // namespace millrace::ml
