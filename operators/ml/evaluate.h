// evaluate: champion against challengers on rows that none of them has seen, and a decision with
// every reason for it.
#pragma once

#include "engine/op/catalog.h"

namespace millrace::operators {

struct Evaluate {
  static constexpr std::string_view name = "evaluate";
  static constexpr std::string_view doc =
      "Compares challengers with the champion on one holdout: metrics with confidence intervals, "
      "DeLong's test (bootstrap for a regression) with Holm's correction for several challengers, "
      "McNemar's test, calibration and latency. Decides promote or refuse, and says why. Fails if "
      "a "
      "challenger has learnt from rows of the holdout, which its training manifest tells.";
  static constexpr int version = 1;

  std::string model, data, label, timestamp, from, to;
  std::vector<std::string> challengers;
  double alpha = 0, min_effect = 0, first_min_auc = 0, first_min_r2 = 0;
  double max_ece_increase = 0, max_brier_increase = 0, max_latency_us = 0, threshold = 0;
  double max_overlap = 0;
  long min_rows = 0, seed = 0;

  static auto params() {
    using E = Evaluate;
    return std::tuple{
        param("model", &E::model, "Name of the model").id().example("flights"),
        param("challengers", &E::challengers, "Digests of the trained models; one or several")
            .example("${{ tasks.train.outputs.model }}"),
        param("data", &E::data, "Digest of the holdout table (Parquet)")
            .example("${{ tasks.featurize.outputs.holdout }}"),
        param("label", &E::label, "Column with the truth").example("delayed"),
        param("timestamp", &E::timestamp, "Column with each row's time; needed for from and to")
            .def(""),
        param("from", &E::from, "Rows from this time on").def(""),
        param("to", &E::to, "Rows before this time").def(""),
        param("alpha", &E::alpha, "Level of the superiority test").def(0.05).range(1e-9, 0.5),
        param("min_effect", &E::min_effect, "Least improvement of the AUC (RMSE of a regression)")
            .def(0.0)
            .min(0),
        param("first_min_auc", &E::first_min_auc, "AUC that a first champion needs")
            .def(0.55)
            .range(0.5, 1),
        param("first_min_r2", &E::first_min_r2, "R2 that a first champion of a regression needs")
            .def(0.05)
            .range(0, 1),
        param("max_ece_increase", &E::max_ece_increase, "How much worse calibration may get")
            .def(0.02)
            .min(0),
        param("max_brier_increase", &E::max_brier_increase,
              "How much worse the Brier score may get")
            .def(0.002)
            .min(0),
        param("max_latency_us", &E::max_latency_us,
              "Limit for the 95th percentile of one prediction, in microseconds; 0: none")
            .def(1000)
            .min(0),
        param("min_rows", &E::min_rows, "Rows that the holdout needs").def(200).min(4),
        param("max_overlap", &E::max_overlap,
              "Share of the holdout's rows that a challenger may have learnt from, beyond what "
              "chance explains in a table whose rows repeat each other. 1: do not check")
            .def(0.0)
            .range(0, 1),
        param("threshold", &E::threshold, "Probability from which on the prediction is yes")
            .def(0.5)
            .range(0, 1),
        param("seed", &E::seed, "Of the bootstrap").def(0).min(0)};
  }
  static std::vector<std::pair<std::string, std::string>> outputs() {
    return {{"decision", "\"promote\" or \"refuse\""},
            {"challenger", "Digest of the best challenger"},
            {"champion", "Digest of the champion; \"\" when there is none yet"},
            {"auc_champion", "Its AUC; null when there is none"},
            {"auc_challenger", "The challenger's AUC"},
            {"p_value", "That the challenger is no better, adjusted for their number"},
            {"reasons", "One sentence for each gate that failed, or for what was passed"},
            {"improvement", "Of the primary metric over the champion's, or over guessing"},
            {"shared_rows", "Most rows of the holdout that one of the challengers learnt from"},
            {"report",
             "Digest of the report (Markdown). In the record of the evaluation, `interval` is the "
             "95 % interval of a challenger's own metric (AUC: DeLong; RMSE: bootstrap), and "
             "`improvement_interval` that of its improvement over the champion"}};
  }
  Result<Outcome> run(OperatorContext& ctx) const;
};

}  // namespace millrace::operators
