// Judging a challenger: the gates between an offline comparison and a promotion. Pure.
//
// Every gate is listed with what it saw, passed or not, so that a decision explains itself.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/base/json.h"
#include "engine/ml/compare.h"
#include "engine/ml/metrics.h"

namespace millrace::operators {

struct Gates {
  double alpha = 0.05;    // of the family of challengers (Holm)
  double min_effect = 0;  // least improvement of the primary metric
  double min_auc = 0.55;  // of a first champion, of which chance has 0.5
  double min_r2 = 0.05;   // of a first champion, of which the mean has 0
  double max_ece_increase = 0.02;
  double max_brier_increase = 0.002;
  double max_latency_us = 1000;  // 95th percentile of a single prediction; 0: no gate
  long min_rows = 200;
  double threshold = 0.5;
  long seed = 0;
};

/// One model on the holdout.
struct Candidate {
  std::string artifact;
  std::string algorithm;
  std::vector<double> predictions;
  double latency_p95_us = 0;
};

struct Gate {
  std::string name;
  bool passed = false;
  std::string text;  // one sentence with the numbers
};

struct Judgement {
  std::string artifact;
  double value = 0;             // of the primary metric
  ml::Interval interval{0, 0};  // of the value, 95 %, whatever the objective
  double improvement = 0;       // over the champion, or over guessing; > 0: better
  std::optional<ml::Interval> improvement_interval;  // over a champion, 95 %
  double p_value = 1;                                // that there is no improvement; not adjusted
  double p_adjusted = 1;                             // for the number of challengers
  Json metrics = Json::object();
  Json tests = Json::object();  // DeLong, McNemar, bootstrap: everything they said
  std::vector<Gate> gates;

  bool passed() const;
};

/// Each challenger against the champion (nullptr: there is none yet), in the order given.
/// `data_invalid` where the rows allow no answer, e.g. labels of one class.
Result<std::vector<Judgement>> judge(ml::Objective objective, const std::vector<double>& labels,
                                     const Candidate* champion,
                                     const std::vector<Candidate>& challengers, const Gates& gates);

/// "auc" or "rmse".
const ml::Metric& primary_metric(ml::Objective objective);
/// Every metric of the objective; null where undefined.
Result<Json> metrics_json(ml::Objective objective, const std::vector<double>& labels,
                          const std::vector<double>& predictions, double threshold);

}  // namespace millrace::operators
