#include "operators/ml/evaluate.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>

#include "engine/op/query.h"
#include "operators/data/table_artifact.h"
#include "operators/ml/evaluation_report.h"
#include "operators/ml/holdout_check.h"
#include "operators/ml/judge.h"
#include "operators/ml/labelled_table.h"
#include "operators/ml/model_artifact.h"

namespace millrace::operators {
namespace {

constexpr std::size_t kTimedRows = 2000;

/// 95th percentile of single predictions, in microseconds.
Result<double> time_predictions(const ml::Model& model, const ml::Matrix& rows) {
  std::vector<double> micros;
  const std::size_t count = std::min(rows.rows(), kTimedRows);
  for (std::size_t row = 0; row < count; ++row) {
    const auto before = std::chrono::steady_clock::now();
    MR_TRY([[maybe_unused]] const double prediction, model.predict_row(rows.row(row)));
    const std::chrono::duration<double, std::micro> taken =
        std::chrono::steady_clock::now() - before;
    micros.push_back(taken.count());
  }
  if (micros.empty()) return 0.0;
  const auto p95 = micros.begin() + static_cast<std::ptrdiff_t>(micros.size() * 95 / 100);
  std::nth_element(micros.begin(), p95, micros.end());
  return *p95;
}

/// A model on the holdout. Models may have been trained on different features.
struct Scoring {
  ml::Objective objective;
  std::vector<double> labels;
  Candidate candidate;
};

Result<Scoring> score(OperatorContext& ctx, const Evaluate& op, const std::string& artifact) {
  MR_TRY(const ml::Model model, load_model(ctx, artifact));
  TableColumns columns{op.label, op.timestamp, model.feature_names(), {}};
  MR_TRY(const LabelledTable table, read_labelled(ctx, op.data, columns));
  MR_TRY(const Time first, time_or(op.from, kTimeMin));
  MR_TRY(const Time last, time_or(op.to, kTimeMax));
  RowRange range{0, table.data.rows()};
  if (!op.from.empty() || !op.to.empty()) {
    if (op.timestamp.empty())
      return invalid_argument("'from' and 'to' need the parameter 'timestamp'");
    range = rows_between(table.micros, first, last);
  }
  ml::Dataset rows = table.data.slice(range.first, range.last);
  MR_CHECK(check_labels(op.label, rows.labels, model.objective()));
  Scoring out{
      model.objective(), std::move(rows.labels), {artifact, std::string(model.algorithm()), {}, 0}};
  MR_TRY(out.candidate.predictions, model.predict(rows.features));
  MR_TRY(out.candidate.latency_p95_us, time_predictions(model, rows.features));
  return out;
}

Gates gates_of(const Evaluate& op) {
  Gates gates;
  gates.alpha = op.alpha;
  gates.min_effect = op.min_effect;
  gates.min_auc = op.first_min_auc;
  gates.min_r2 = op.first_min_r2;
  gates.max_ece_increase = op.max_ece_increase;
  gates.max_brier_increase = op.max_brier_increase;
  gates.max_latency_us = op.max_latency_us;
  gates.min_rows = op.min_rows;
  gates.threshold = op.threshold;
  gates.seed = op.seed;
  return gates;
}

/// The best that passes, else the best.
const Judgement& pick(const std::vector<Judgement>& all, bool higher_is_better) {
  return *std::ranges::max_element(all, [&](const Judgement& a, const Judgement& b) {
    if (a.passed() != b.passed()) return b.passed();
    return higher_is_better ? a.value < b.value : a.value > b.value;
  });
}

Json reasons_of(const Judgement& chosen) {
  Json out = Json::array();
  for (const Gate& gate : chosen.gates)
    if (gate.passed == chosen.passed()) out.push_back(gate.text);
  return out;
}

struct Field {
  std::vector<Candidate> challengers;
  std::vector<Candidate> champion;  // none or one
  std::vector<double> labels;
  ml::Objective objective = ml::Objective::binary;
};

Result<Field> gather(OperatorContext& ctx, const Evaluate& op, const std::string& champion) {
  Field field;
  std::vector<std::string> names = op.challengers;
  if (!champion.empty()) names.push_back(champion);
  for (const std::string& artifact : names) {
    MR_TRY(Scoring scored, score(ctx, op, artifact));
    if (!field.labels.empty() && scored.objective != field.objective)
      return invalid_argument("the models have different objectives; they cannot be compared");
    field.objective = scored.objective;
    field.labels = std::move(scored.labels);
    const bool is_champion = !champion.empty() && &artifact == &names.back();
    (is_champion ? field.champion : field.challengers).push_back(std::move(scored.candidate));
  }
  return field;
}

Result<HoldoutRows> holdout_rows(const Evaluate& op) {
  MR_TRY(const Time from, time_or(op.from, kTimeMin));
  MR_TRY(const Time to, time_or(op.to, kTimeMax));
  return HoldoutRows{op.data, op.label, op.timestamp, from, to};
}

Error learnt_from_holdout(const std::string& artifact, const TrainingRecord& training,
                          const Overlap& overlap) {
  return make_error(
      ErrorCode::data_invalid,
      "model " + artifact.substr(0, 12) + " has learnt from " +
          std::to_string(overlap.shared_rows) + " of the " + std::to_string(overlap.holdout_rows) +
          " rows of the holdout (its training took " + std::to_string(overlap.training_rows) +
          " rows of table " + training.data.substr(0, 12) +
          (overlap.by_chance > 0
               ? "; at most " + std::to_string(std::lround(overlap.by_chance)) + " are chance"
               : "") +
          "), so it says nothing about new rows. Give rows that training did not see: another "
          "table, or `timestamp` and `from` with the time at which train's holdout begins. "
          "max_overlap allows a share");
}

Json overlap_json(const std::string& artifact, const Overlap& overlap) {
  return Json::object({{"artifact", artifact},
                       {"training_rows", overlap.training_rows},
                       {"holdout_rows", overlap.holdout_rows},
                       {"shared_rows", overlap.shared_rows},
                       {"by_chance", overlap.by_chance}});
}

/// The overlap of each challenger, and the champion's where it is known. An error if a challenger
/// has learnt from the holdout, or if that is unknown; the champion may have: that favours it.
Result<Json> check_holdout(OperatorContext& ctx, const Evaluate& op, const std::string& champion) {
  Json out = Json::array();
  if (op.max_overlap >= 1) {
    ctx.log("max_overlap is 1: it was not checked which rows the models learnt from");
    return out;
  }
  MR_TRY(const HoldoutRows holdout, holdout_rows(op));
  const auto overlap_of = [&](const std::string& artifact) -> Result<Overlap> {
    MR_TRY(const TrainingRecord training, training_record(ctx, op.model, artifact));
    MR_TRY(const Overlap overlap, count_overlap(ctx, training, holdout));
    const double allowed = op.max_overlap * static_cast<double>(overlap.holdout_rows);
    if (artifact != champion && overlap.excess() > allowed)
      return learnt_from_holdout(artifact, training, overlap);
    return overlap;
  };
  for (const std::string& artifact : op.challengers) {
    auto overlap = overlap_of(artifact);
    if (!overlap && overlap.error().code == ErrorCode::not_found)
      return not_found("it is unknown whether model " + artifact.substr(0, 12) + " of '" +
                       op.model + "' has learnt from the holdout: " + overlap.error().message +
                       ". Train it again, or set max_overlap: 1 to compare it unchecked");
    if (!overlap) return std::move(overlap).error();
    ctx.log("model " + artifact.substr(0, 12) + " has learnt from " +
            std::to_string(overlap->shared_rows) + " of the " +
            std::to_string(overlap->holdout_rows) + " rows");
    out.push_back(overlap_json(artifact, *overlap));
  }
  if (champion.empty() || std::ranges::find(op.challengers, champion) != op.challengers.end())
    return out;
  if (const auto overlap = overlap_of(champion)) {
    if (overlap->excess() > 0)
      ctx.log("warning: the champion has learnt from " + std::to_string(overlap->shared_rows) +
              " of the " + std::to_string(overlap->holdout_rows) +
              " rows; the comparison favours it");
    out.push_back(overlap_json(champion, *overlap));
  }
  return out;
}

std::int64_t most_shared(const Json& overlaps, const std::string& champion) {
  std::int64_t most = 0;
  for (const auto& one : overlaps.items())
    if (one["artifact"].as_view() != champion) most = std::max(most, one["shared_rows"].as_int());
  return most;
}

}  // namespace

Result<Outcome> Evaluate::run(OperatorContext& ctx) const {
  if (challengers.empty()) return invalid_argument("parameter 'challengers' is empty");
  MR_TRY(const auto deployment, ctx.query(DeploymentQuery{model}));
  const std::string champion = artifact_of(deployment.champion);
  MR_TRY(const Field field, gather(ctx, *this, champion));
  MR_TRY(const Json overlaps, check_holdout(ctx, *this, champion));
  const Candidate* incumbent = field.champion.empty() ? nullptr : &field.champion.front();
  const Gates gates = gates_of(*this);
  MR_TRY(const auto all, judge(field.objective, field.labels, incumbent, field.challengers, gates));
  const ml::Metric& metric = primary_metric(field.objective);
  const Judgement& chosen = pick(all, metric.higher_is_better);
  const std::string decision = chosen.passed() ? "promote" : "refuse";

  EvaluationFacts facts{model, data, champion, decision, metric.name, field.labels.size(),
                        {},    {},   overlaps};
  if (incumbent != nullptr) {
    MR_TRY(facts.champion_metrics,
           metrics_json(field.objective, field.labels, incumbent->predictions, threshold));
    facts.champion_metrics.set("latency_p95_us", incumbent->latency_p95_us);
  }
  for (const Candidate& one : field.challengers) facts.algorithms.push_back(one.algorithm);
  const Json report = report_json(facts, all, chosen);
  std::vector<std::string> inputs = challengers;
  inputs.push_back(data);
  if (!champion.empty()) inputs.push_back(champion);
  MR_TRY(const PublishArtifact page,
         write_report(ctx, report_markdown(facts, all, chosen), "evaluation", inputs));

  Json reasons = reasons_of(chosen);
  ctx.log("decision: " + decision);
  for (const Json& reason : reasons.items()) ctx.log("  " + reason.as_string());
  Done done;
  const bool binary = field.objective == ml::Objective::binary;
  done.outputs = Json::object({{"decision", decision},
                               {"challenger", chosen.artifact},
                               {"champion", champion},
                               {"metric", metric.name},
                               {"auc_champion", binary ? facts.champion_metrics["auc"] : Json()},
                               {"auc_challenger", binary ? Json(chosen.value) : Json()},
                               {"value_champion", facts.champion_metrics[metric.name]},
                               {"value_challenger", chosen.value},
                               {"improvement", chosen.improvement},
                               {"p_value", chosen.p_adjusted},
                               {"reasons", std::move(reasons)},
                               {"rows", field.labels.size()},
                               {"shared_rows", most_shared(overlaps, champion)},
                               {"report", page.digest}});
  done.effects.push_back(page);
  done.effects.push_back(RecordEvaluation{model, champion, chosen.artifact, decision, report});
  return Outcome{std::move(done)};
}

}  // namespace millrace::operators
