#include "operators/ml/train.h"

#include <algorithm>
#include <type_traits>

#include "engine/base/json_list.h"
#include "engine/base/suggest.h"
#include "engine/data/sql.h"
#include "engine/ml/model.h"
#include "engine/ml/train.h"
#include "operators/ml/labelled_table.h"
#include "operators/ml/leakage.h"
#include "operators/ml/model_metrics.h"

namespace millrace::operators {
namespace {

struct Split {
  RowRange train, holdout;
};

/// The newest `share` of the rows [0, rows).
Split split_by_share(std::size_t rows, const std::vector<std::int64_t>& micros, double share) {
  std::size_t cut = rows - static_cast<std::size_t>(share * static_cast<double>(rows));
  // Rows of one moment stay together: half of them would tell of the other half.
  while (cut > 0 && cut < rows && !micros.empty() && micros[cut - 1] == micros[cut]) --cut;
  return {{0, cut}, {cut, rows}};
}

Result<Split> split_by_time(const Train& op, const std::vector<std::int64_t>& micros) {
  if (op.timestamp.empty())
    return invalid_argument("'holdout_from' and 'holdout_to' need the parameter 'timestamp'");
  MR_TRY(const Time to, time_or(op.holdout_to, kTimeMax));
  if (op.holdout_from.empty())
    return split_by_share(rows_between(micros, kTimeMin, to).last, micros, op.holdout_fraction);
  MR_TRY(const Time from, parse_rfc3339(op.holdout_from));
  if (from >= to) return invalid_argument("'holdout_from' must come before 'holdout_to'");
  return Split{rows_between(micros, kTimeMin, from), rows_between(micros, from, to)};
}

Result<Split> split_rows(const Train& op, const LabelledTable& table) {
  Split split = split_by_share(table.data.rows(), table.micros, op.holdout_fraction);
  if (!op.holdout_from.empty() || !op.holdout_to.empty()) {
    MR_TRY(split, split_by_time(op, table.micros));
  }
  if (split.holdout.size() == 0 && !op.holdout_from.empty())
    return make_error(ErrorCode::data_invalid,
                      "no row is held out: the table has " + std::to_string(table.data.rows()) +
                          ", none of them from " + op.holdout_from +
                          " on; give another holdout_from, or holdout_fraction");
  if (split.train.size() == 0)
    return make_error(ErrorCode::data_invalid, "no row is left to learn from: the table has " +
                                                   std::to_string(table.data.rows()) +
                                                   ", the holdout takes " +
                                                   std::to_string(split.holdout.size()));
  return split;
}

/// A model of one class has learnt nothing, and of a holdout of one class no AUC can be measured.
Status check_classes(const LabelledTable& table, const Split& split, ml::Objective objective) {
  if (objective != ml::Objective::binary) return {};
  const auto check = [&](const RowRange& range, std::string_view what, std::string_view cure) {
    for (std::size_t row = range.first + 1; row < range.last; ++row)
      if (table.data.labels[row] != table.data.labels[range.first]) return Status();
    return Status(make_error(
        ErrorCode::data_invalid,
        "every one of the " + std::to_string(range.size()) + " rows " + std::string(what) +
            " has the label " + Json(table.data.labels[range.first]).dump() + "; " +
            std::string(cure) +
            (table.micros.empty()
                 ? ". Without `timestamp` the last rows of the table are held out: is it sorted "
                   "by the label?"
                 : "")));
  };
  MR_CHECK(check(split.train, "to learn from", "a binary model needs both classes"));
  if (split.holdout.size() == 0) return {};
  return check(split.holdout, "held out",
               "the AUC needs both classes; hold out other or more rows, or none "
               "(holdout_fraction: 0)");
}

/// The warnings; an error for a feature that is the label in other words.
Result<std::vector<std::string>> check_leaks(const Train& op, const ml::Dataset& rows,
                                             ml::Objective objective) {
  std::vector<std::string> warnings;
  for (const Leak& leak : find_leaks(rows, objective)) {
    const bool allowed =
        std::ranges::find(op.allow_leakage, leak.feature) != op.allow_leakage.end();
    const std::string text = "feature '" + leak.feature + "' " + leak.text;
    if (leak.certain && !allowed)
      return make_error(ErrorCode::data_invalid,
                        text + ": it gives the label '" + op.label +
                            "' away. Leave it out, or name it in allow_leakage");
    warnings.push_back(text + "; is it known before the label is?");
  }
  return warnings;
}

/// The author's settings into the algorithm's own struct, whose ranges() name its parameters.
template <typename Params>
Result<Params> read_params(const Json& settings) {
  if (!settings.is_object()) return invalid_argument("parameter 'params' must be a mapping");
  Params params;
  std::vector<std::string> known;
  std::apply([&](const auto&... range) { (known.emplace_back(range.name), ...); },
             Params::ranges());
  for (const auto& setting : settings.members()) {
    const auto& key = setting.first;
    const auto& value = setting.second;
    if (!value.is_number())
      return invalid_argument("params." + key + " is " + std::string(type_name(value.type())) +
                              "; expected a number");
    bool found = false;
    const auto assign_if = [&](const auto& range) {
      if (range.name != key) return;
      using T = std::decay_t<decltype(range.low)>;
      if constexpr (std::is_floating_point_v<T>)
        params.*range.field = value.as_double();
      else
        params.*range.field = static_cast<T>(value.as_int(-1));
      found = true;
    };
    std::apply([&](const auto&... range) { (assign_if(range), ...); }, Params::ranges());
    if (!found)
      return invalid_argument("the algorithm has no parameter '" + key + "'" +
                              did_you_mean(key, known));
  }
  return params;
}

Result<ml::Objective> objective_of(const Train& op) {
  if (op.algorithm == "logistic") return ml::Objective::binary;
  if (op.algorithm == "linear") return ml::Objective::regression;
  return ml::objective_named(op.objective);
}

Result<ml::Model> learn(const Train& op, const ml::Dataset& data) {
  if (op.algorithm == "logistic") {
    MR_TRY(const auto params, read_params<ml::LogisticParams>(op.settings));
    return ml::train_logistic(data, params);
  }
  if (op.algorithm == "linear") {
    MR_TRY(const auto params, read_params<ml::LinearParams>(op.settings));
    return ml::train_linear(data, params);
  }
  MR_TRY(auto params, read_params<ml::XgboostParams>(op.settings));
  params.seed = op.seed;
  MR_TRY(const ml::Objective objective, objective_of(op));
  return ml::train_xgboost(data, objective, params);
}

Json manifest_of(const Train& op, const ml::Model& model, const Split& split,
                 const LabelledTable& table, const std::vector<std::string>& warnings,
                 const std::string& model_digest) {
  return Json::object({{"format", "millrace.training"},
                       {"format_version", 1},
                       {"operator_version", Train::version},
                       {"data", op.data},
                       {"label", op.label},
                       {"timestamp", op.timestamp},
                       {"features", json_list(model.feature_names())},
                       {"left_out", json_list(table.left_out)},
                       {"warnings", json_list(warnings)},
                       {"split", Json::object({{"train", range_json(split.train, table.micros)},
                                               {"holdout", range_json(split.holdout, table.micros)},
                                               {"unlabelled", table.unlabelled}})},
                       {"algorithm", op.algorithm},
                       {"objective", ml::name(model.objective())},
                       {"seed", op.seed},
                       {"params", model.parameters()},
                       {"model", model_digest}});
}

}  // namespace

Result<Outcome> Train::run(OperatorContext& ctx) const {
  if (std::ranges::find(features, label) != features.end())
    return invalid_argument("the label '" + label +
                            "' is among the features; a model that is given the answer has "
                            "nothing to learn");
  TableColumns columns{label, timestamp, features, entity};
  MR_TRY(const LabelledTable table, read_labelled(ctx, data, columns));
  MR_TRY(const ml::Objective learnt, objective_of(*this));
  MR_CHECK(check_labels(label, table.data.labels, learnt));
  MR_TRY(const Split split, split_rows(*this, table));
  ctx.log("learning from " + std::to_string(split.train.size()) + " rows, holding out " +
          std::to_string(split.holdout.size()) + ", leaving out " +
          std::to_string(table.unlabelled) + " without a label");

  if (!table.left_out.empty())
    ctx.log("not learnt from, as they hold no numbers: " + data::join(table.left_out, ", "));
  MR_CHECK(check_classes(table, split, learnt));

  const ml::Dataset train_rows = table.data.slice(split.train.first, split.train.last);
  MR_TRY(const auto warnings, check_leaks(*this, train_rows, learnt));
  for (const auto& warning : warnings) ctx.log("warning: " + warning);
  MR_TRY(const ml::Model trained, learn(*this, train_rows));
  MR_TRY(Json metrics, measure(trained, table.data.slice(split.holdout.first, split.holdout.last)));
  MR_TRY(Json train_metrics, measure(trained, train_rows));
  ctx.log("on the held-out rows:  " + numbers_in(metrics));
  ctx.log("on the training rows:  " + numbers_in(train_metrics));
  metrics.set("train", std::move(train_metrics));
  metrics.set("importance", importance_json(trained));

  MR_TRY(const StoredArtifact stored, ctx.artifacts().put_text(trained.serialize()));
  const Json manifest = manifest_of(*this, trained, split, table, warnings, stored.digest);
  MR_TRY(const StoredArtifact record, ctx.artifacts().put_text(manifest.dump_pretty() + "\n"));

  Done done;
  done.effects.push_back(publish_stored(stored, "model", model, {data}));
  done.effects.push_back(publish_stored(record, "file", "manifest", {data}));
  done.effects.push_back(
      RegisterModel{model, stored.digest, algorithm, metrics, trained.parameters(), record.digest});
  done.outputs = Json::object(
      {{"model", stored.digest},
       {"metrics", std::move(metrics)},
       {"manifest", record.digest},
       {"algorithm", algorithm},
       {"features", manifest["features"]},
       {"left_out", manifest["left_out"]},
       {"warnings", manifest["warnings"]},
       {"rows", Json::object({{"train", split.train.size()}, {"holdout", split.holdout.size()}})}});
  return Outcome{std::move(done)};
}

}  // namespace millrace::operators
