#include "operators/ml/judge.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "engine/ml/distribution.h"

namespace millrace::operators {
namespace {

using ml::Objective;
using Labels = std::vector<double>;

std::string text_of(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", value);
  return text;
}

/// After "p": "= 0.013". A probability that no double can tell from zero is still not zero.
std::string probability_text(double p) { return p < 1e-300 ? "< 1e-300" : "= " + text_of(p); }

Json interval_json(const ml::Interval& interval) {
  return Json::array({interval.low, interval.high});
}

Json comparison_json(const ml::Comparison& c) {
  return Json::object({{"champion", c.baseline},
                       {"challenger", c.candidate},
                       {"improvement", c.improvement},
                       {"standard_error", c.standard_error},
                       {"interval", interval_json(c.interval)},
                       {"p_two_sided", c.p_two_sided},
                       {"p_superior", c.p_superior}});
}

Gate gate(std::string name, bool passed, std::string text) {
  return {std::move(name), passed, std::move(text)};
}

// --- against a champion ------------------------------------------------------------------------

Status compare_auc(const Labels& labels, const Candidate& champion, const Candidate& challenger,
                   Judgement& out) {
  MR_TRY(const auto own, ml::auc_with_interval(labels, challenger.predictions));
  MR_TRY(const auto delong, ml::delong_test(labels, champion.predictions, challenger.predictions));
  out.value = own.auc;
  out.interval = own.interval;
  out.improvement = delong.comparison.improvement;
  out.improvement_interval = delong.comparison.interval;
  out.p_value = delong.comparison.p_superior;
  Json test = comparison_json(delong.comparison);
  test.set("z", delong.z);
  out.tests.set("delong", std::move(test));
  return {};
}

Status compare_errors(const Labels& labels, const Candidate& champion, const Candidate& challenger,
                      const Gates& gates, Judgement& out) {
  ml::BootstrapOptions options;
  options.seed = static_cast<std::uint64_t>(gates.seed);
  MR_TRY(const auto bootstrap,
         ml::paired_bootstrap(primary_metric(Objective::regression), labels, champion.predictions,
                              challenger.predictions, options));
  out.value = bootstrap.comparison.candidate;
  out.interval = bootstrap.candidate_interval;
  out.improvement = bootstrap.comparison.improvement;
  out.improvement_interval = bootstrap.comparison.interval;
  out.p_value = bootstrap.comparison.p_superior;
  Json test = comparison_json(bootstrap.comparison);
  test.set("resamples", bootstrap.improvements.size());
  test.set("seed", gates.seed);
  out.tests.set("bootstrap", std::move(test));
  return {};
}

/// Ranking better must not mean deciding worse.
Status gate_decisions(const Labels& labels, const Candidate& champion, const Candidate& challenger,
                      const Gates& gates, Judgement& out) {
  MR_TRY(const auto test,
         ml::mcnemar_test(labels, champion.predictions, challenger.predictions, gates.threshold));
  out.tests.set("mcnemar", Json::object({{"only_champion_right", test.only_baseline},
                                         {"only_challenger_right", test.only_candidate},
                                         {"exact", test.exact},
                                         {"statistic", test.statistic},
                                         {"p_two_sided", test.p_two_sided}}));
  const bool worse = test.only_baseline > test.only_candidate && test.p_two_sided < gates.alpha;
  out.gates.push_back(gate(
      "decisions", !worse,
      "at threshold " + text_of(gates.threshold) + " only the challenger is right on " +
          std::to_string(test.only_candidate) + " rows, only the champion on " +
          std::to_string(test.only_baseline) + " (McNemar p = " + text_of(test.p_two_sided) + ")"));
  return {};
}

void gate_calibration(const Json& champion, const Gates& gates, Judgement& out) {
  const auto check = [&](const char* metric, double allowed) {
    const double before = champion[metric].as_double(), after = out.metrics[metric].as_double();
    out.gates.push_back(gate(metric, after <= before + allowed,
                             std::string(metric) + " is " + text_of(after) + " against " +
                                 text_of(before) + "; it may be worse by " + text_of(allowed)));
  };
  check("ece", gates.max_ece_increase);
  check("brier", gates.max_brier_increase);
}

Status judge_against(Objective objective, const Labels& labels, const Candidate& champion,
                     const Json& champion_metrics, const Candidate& challenger, const Gates& gates,
                     Judgement& out) {
  out.gates.push_back(gate("new", challenger.artifact != champion.artifact,
                           challenger.artifact == champion.artifact
                               ? "the challenger is the champion itself"
                               : "the challenger is not the champion"));
  MR_CHECK(objective == Objective::binary
               ? compare_auc(labels, champion, challenger, out)
               : compare_errors(labels, champion, challenger, gates, out));
  out.gates.push_back(gate("effect", out.improvement >= gates.min_effect,
                           std::string(primary_metric(objective).name) + " improves by " +
                               text_of(out.improvement) + "; at least " +
                               text_of(gates.min_effect) + " is asked for"));
  if (objective != Objective::binary) return {};
  MR_CHECK(gate_decisions(labels, champion, challenger, gates, out));
  gate_calibration(champion_metrics, gates, out);
  return {};
}

// --- the first champion ------------------------------------------------------------------------

Status judge_first(Objective objective, const Labels& labels, const Candidate& challenger,
                   const Gates& gates, Judgement& out) {
  if (objective == Objective::regression) {
    const double r2 = out.metrics["r2"].as_double();
    ml::BootstrapOptions options;
    options.seed = static_cast<std::uint64_t>(gates.seed);
    MR_TRY(const auto own, ml::bootstrap_interval(primary_metric(objective), labels,
                                                  challenger.predictions, options));
    out.value = own.value;
    out.interval = own.interval;
    out.improvement = r2;
    out.p_value = 0;
    out.gates.push_back(gate("first", r2 >= gates.min_r2,
                             "r2 is " + text_of(r2) + "; a first champion needs " +
                                 text_of(gates.min_r2) + ", the mean alone has 0"));
    return {};
  }
  MR_TRY(const auto own, ml::auc_with_interval(labels, challenger.predictions));
  out.value = own.auc;
  out.interval = own.interval;
  out.improvement = own.auc - 0.5;
  const double error = std::sqrt(own.variance);
  out.p_value = error > 0 ? ml::normal_upper(out.improvement / error) : out.improvement > 0 ? 0 : 1;
  out.gates.push_back(gate("first", own.auc >= gates.min_auc,
                           "auc is " + text_of(own.auc) + "; a first champion needs " +
                               text_of(gates.min_auc) + ", guessing has 0.5"));
  return {};
}

// --- both --------------------------------------------------------------------------------------

void gate_rows(std::size_t rows, const Gates& gates, Judgement& out) {
  out.gates.push_back(gate("rows", static_cast<long>(rows) >= gates.min_rows,
                           std::to_string(rows) + " rows are held out; at least " +
                               std::to_string(gates.min_rows) + " are asked for"));
}

void gate_latency(const Candidate& challenger, const Gates& gates, Judgement& out) {
  out.metrics.set("latency_p95_us", challenger.latency_p95_us);
  if (gates.max_latency_us <= 0) return;
  out.gates.push_back(gate("latency", challenger.latency_p95_us <= gates.max_latency_us,
                           "95 % of single predictions take at most " +
                               text_of(challenger.latency_p95_us) + " us; the limit is " +
                               text_of(gates.max_latency_us) + " us"));
}

/// The best of several is better by chance alone: each p-value pays for the others.
void gate_significance(std::vector<Judgement>& all, bool tested, const Gates& gates) {
  std::vector<double> p_values;
  for (const auto& one : all) p_values.push_back(one.p_value);
  const auto adjusted = ml::holm_adjusted(p_values);
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i].p_adjusted = adjusted[i];
    if (!tested) {
      all[i].gates.push_back(gate("significance", true, "there is no champion to test against"));
      continue;
    }
    std::string text = "p " + probability_text(all[i].p_value);
    if (all.size() > 1)
      text += ", p " + probability_text(adjusted[i]) + " when adjusted for " +
              std::to_string(all.size()) + " challengers (Holm)";
    all[i].gates.push_back(gate("significance", adjusted[i] < gates.alpha,
                                text + "; it must be below " + text_of(gates.alpha)));
  }
}

}  // namespace

bool Judgement::passed() const {
  return std::ranges::all_of(gates, [](const Gate& one) { return one.passed; });
}

const ml::Metric& primary_metric(Objective objective) {
  static const ml::Metric kAuc = *ml::metric_named("auc"), kRmse = *ml::metric_named("rmse");
  return objective == Objective::binary ? kAuc : kRmse;
}

Result<Json> metrics_json(Objective objective, const Labels& labels,
                          const std::vector<double>& predictions, double threshold) {
  MR_TRY(const auto values, ml::evaluate_all(objective, {labels, predictions, {}, threshold}));
  Json out = Json::object();
  for (const auto& metric : values)
    out.set(metric.name, std::isfinite(metric.value) ? Json(metric.value) : Json());
  return out;
}

Result<std::vector<Judgement>> judge(Objective objective, const Labels& labels,
                                     const Candidate* champion,
                                     const std::vector<Candidate>& challengers,
                                     const Gates& gates) {
  Json champion_metrics;
  if (champion != nullptr) {
    MR_TRY(champion_metrics,
           metrics_json(objective, labels, champion->predictions, gates.threshold));
  }
  std::vector<Judgement> out;
  for (const Candidate& challenger : challengers) {
    Judgement& one = out.emplace_back();
    one.artifact = challenger.artifact;
    gate_rows(labels.size(), gates, one);
    MR_TRY(one.metrics, metrics_json(objective, labels, challenger.predictions, gates.threshold));
    MR_CHECK(champion != nullptr ? judge_against(objective, labels, *champion, champion_metrics,
                                                 challenger, gates, one)
                                 : judge_first(objective, labels, challenger, gates, one));
    gate_latency(challenger, gates, one);
  }
  // Without a champion, an AUC is tested against guessing; of a regression nothing is tested.
  gate_significance(out, champion != nullptr || objective == Objective::binary, gates);
  return out;
}

}  // namespace millrace::operators
