#include "operators/ml/batch_predict.h"

#include <algorithm>
#include <cctype>
#include <numeric>

#include "engine/base/file.h"
#include "engine/data/sql.h"
#include "engine/data/table_relation.h"
#include "engine/ml/model.h"
#include "engine/op/query.h"
#include "operators/data/table_artifact.h"
#include "operators/ml/labelled_table.h"
#include "operators/ml/model_artifact.h"

namespace millrace::operators {

Result<std::string> BatchPredict::predictor(OperatorContext& ctx) const {
  if (!artifact.empty()) return artifact;
  MR_TRY(const auto deployment, ctx.query(DeploymentQuery{model}));
  if (deployment.champion) return deployment.champion->artifact;
  return not_found("model '" + model + "' has no champion yet");
}

/// DuckDB tells names apart without regard to case, and would rename the second: prediction_1.
Status BatchPredict::check_column(const std::vector<std::string>& names) const {
  const auto lower = [](std::string text) {
    std::ranges::transform(text, text.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
  };
  for (const auto& taken : names) {
    if (std::ranges::count_if(names, [&](const auto& n) { return lower(n) == lower(taken); }) > 1)
      return invalid_argument("`keep` names the column '" + taken + "' twice");
    if (lower(taken) == lower(column))
      return invalid_argument("the table has a column '" + taken +
                              "' already; name the prediction otherwise with `column`, or list "
                              "the columns to keep with `keep`");
  }
  return {};
}

Result<Outcome> BatchPredict::run(OperatorContext& ctx) const {
  MR_TRY(const std::string digest, predictor(ctx));
  MR_TRY(const ml::Model trained, load_model(ctx, digest));
  MR_TRY(const StoredArtifact input, ctx.artifacts().get(data));
  MR_TRY(auto session, open_session(ctx, {input.path}));
  MR_TRY(const std::string relation, millrace::data::table_relation(session, input.path));
  MR_TRY(const auto shape, session.query("SELECT * FROM " + relation + " LIMIT 0"));
  std::vector<std::string> kept_names = keep;
  if (keep.empty())
    for (const auto& one : shape.columns) kept_names.push_back(one.name);
  MR_CHECK(check_column(kept_names));
  MR_TRY(const ml::Matrix rows, read_features(session, relation, trained.feature_names()));
  MR_TRY(std::vector<double> predictions, trained.predict(rows));
  const double sum = std::accumulate(predictions.begin(), predictions.end(), 0.0);
  const std::size_t count = predictions.size();
  MR_CHECK(session.create_table(
      "predictions", {millrace::data::ColumnData::of_numbers(column, std::move(predictions))}));

  const std::string kept = millrace::data::identifier_list(kept_names);
  MR_TRY(TableArtifact table, write_table(ctx, session,
                                          "SELECT * FROM (SELECT " + kept + " FROM " + relation +
                                              ") POSITIONAL JOIN predictions",
                                          "predictions", {data, digest}));
  Done done;
  done.outputs =
      Json::object({{"table", table.stored.digest},
                    {"rows", count},
                    {"artifact", digest},
                    {"mean", count > 0 ? Json(sum / static_cast<double>(count)) : Json()}});
  done.effects.push_back(std::move(table.effect));
  return Outcome{std::move(done)};
}

}  // namespace millrace::operators
