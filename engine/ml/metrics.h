// How good are predictions: the usual metrics, under their usual names.
//
// Pure functions, thread-safe. Definitions are those of scikit-learn (log loss is clipped to
// [eps, 1 - eps], precision and recall without a positive are 0, average precision is the step-wise
// sum); the AUC is the Mann-Whitney statistic with ties counted one half (Hanley and McNeil 1982,
// Radiology 143); "ece" is the expected calibration error over ten equal bins (Guo et al. 2017,
// ICML) of the predicted probability. A metric that the data leaves undefined (an AUC without a
// negative) is an error `data_invalid`, never a made-up number.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/ml/dataset.h"

namespace millrace::ml {

/// Labels beside predictions, row by row. The spans are borrowed for the call.
struct Scored {
  std::span<const double> labels;        // 0 or 1 for a binary metric
  std::span<const double> predictions;   // probabilities for a binary metric; any finite score for
                                         // auc, average_precision and the metrics with a threshold
  std::span<const double> weights = {};  // empty: every row counts once
  double threshold = 0.5;                // a prediction >= threshold says 1
};

struct Metric {
  std::string_view name;
  Objective objective;
  bool higher_is_better;
  std::string_view doc;
  Result<double> (*evaluate)(const Scored&);
  /// Where the metric is the mean over rows of something: that (of rmse, under the root).
  double (*row_loss)(double label, double prediction) = nullptr;
  bool root = false;
};

/// Every metric there is: auc, average_precision, log_loss, brier, accuracy, precision, recall, f1,
/// ece; rmse, mae, r2, mape.
std::span<const Metric> all_metrics();
/// The error suggests a name.
Result<Metric> metric_named(std::string_view name);

struct MetricValue {
  std::string_view name;
  double value;  // NaN where the data leaves it undefined
};
/// Every metric of the objective, in the order of the table. An error only if the rows are unfit.
Result<std::vector<MetricValue>> evaluate_all(Objective objective, const Scored& scored);

Result<double> auc(const Scored& scored);
Result<double> average_precision(const Scored& scored);
Result<double> log_loss(const Scored& scored);
Result<double> brier(const Scored& scored);
Result<double> accuracy(const Scored& scored);
Result<double> expected_calibration_error(const Scored& scored);
Result<double> rmse(const Scored& scored);
Result<double> r2(const Scored& scored);
/// A share, not per cent: 0.1 is ten per cent. Undefined where a label is 0.
Result<double> mape(const Scored& scored);

}  // namespace millrace::ml
