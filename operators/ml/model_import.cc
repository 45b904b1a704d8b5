#include "operators/ml/model_import.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "engine/base/file.h"
#include "engine/base/json_list.h"
#include "engine/base/number_text.h"
#include "engine/data/table_relation.h"
#include "engine/ml/model.h"
#include "operators/data/table_artifact.h"
#include "operators/ml/labelled_table.h"
#include "operators/ml/model_artifact.h"
#include "operators/ml/model_metrics.h"

namespace millrace::operators {
namespace {

/// What the first bytes say that the file is, if it is nothing that is read; "": nothing known.
std::string_view refused_format(std::string_view text) {
  if (text.starts_with("\x80") || text.starts_with("cnumpy") || text.starts_with("csklearn"))
    return "a pickle file, which runs a program when it is read. Write the model with "
           "save_model() of the Python helper file (`millrace sdk python`)";
  if (text.starts_with("PK\x03\x04"))
    return "a ZIP archive, such as a joblib, PyTorch or Keras file. Write an XGBoost model as "
           "JSON, "
           "or a linear one with save_model() of the Python helper file (`millrace sdk python`)";
  if (text.starts_with("binf") || text.starts_with("{L"))
    return "a binary XGBoost file. Write it as JSON: save_model(\"model.json\")";
  if (text.starts_with("tree\nversion")) return "a LightGBM file, which is not supported";
  return "";
}

Result<Json> read_document(std::string_view text, const std::string& what) {
  if (const auto format = refused_format(text); !format.empty())
    return make_error(ErrorCode::unsupported, what + " is " + std::string(format));
  auto document = Json::parse(text);
  if (!document)
    return make_error(ErrorCode::data_invalid,
                      what + " is no JSON file (" + document.error().message +
                          "); expected an XGBoost model in JSON, or what save_model() of the "
                          "Python helper file has written");
  return document;
}

/// An XGBoost file of a matrix without names calls its features f0, f1, ….
void name_features(Json& document, const std::vector<std::string>& features) {
  if (features.empty() || !document.is_object() || !document["learner"].is_object()) return;
  if (document["learner"]["feature_names"].size() > 0) return;
  Json learner = document["learner"];
  learner.set("feature_names", json_list(features));
  document.set("learner", std::move(learner));
}

Status check_features(const std::vector<std::string>& given, const std::vector<std::string>& own) {
  if (given.empty() || given == own) return {};
  if (given.size() != own.size())
    return invalid_argument("`features` names " + std::to_string(given.size()) +
                            " features; the model has " + std::to_string(own.size()));
  const auto at = std::ranges::mismatch(given, own);
  return invalid_argument("feature " + std::to_string(at.in1 - given.begin() + 1) +
                          " of the model is '" + *at.in2 + "', and `features` names '" + *at.in1 +
                          "'; the order must be that of the training");
}

struct Compared {
  std::size_t rows = 0;
  double largest = 0;
};

/// Compares with the predictions of the tool, in the order of the table.
Result<Compared> compare(OperatorContext& ctx, const ModelImport& op, const ml::Model& model) {
  MR_TRY(const StoredArtifact table, ctx.artifacts().get(op.data));
  MR_TRY(auto session, open_session(ctx, {table.path}));
  MR_TRY(const std::string relation, data::table_relation(session, table.path));
  MR_TRY(const ml::Matrix rows, read_features(session, relation, model.feature_names()));
  MR_TRY(const ml::Matrix theirs, read_features(session, relation, {op.prediction}));
  MR_TRY(const auto ours, model.predict(rows));
  Compared out{ours.size(), 0};
  for (std::size_t r = 0; r < ours.size(); ++r) {
    const double expected = theirs.row(r)[0];
    const double difference = std::abs(ours[r] - expected);
    if (!(difference <= op.tolerance * std::max(1.0, std::abs(expected))))
      return make_error(ErrorCode::data_invalid,
                        "row " + std::to_string(r + 1) +
                            " of `data`: the imported model predicts " + number_text(ours[r]) +
                            ", and the column '" + op.prediction + "' has " +
                            number_text(expected) +
                            ". Is it the column of this model (for a binary one the probability "
                            "of 1), and do the features have the values of the training?");
    out.largest = std::max(out.largest, difference);
  }
  return out;
}

Result<Json> metrics_of(OperatorContext& ctx, const ModelImport& op, const ml::Model& model) {
  for (const auto& [name, value] : op.metrics.members())
    if (!value.is_number())
      return invalid_argument("metrics." + name + " is " + std::string(type_name(value.type())) +
                              "; expected a number");
  Json out = Json::object();
  if (!op.label.empty() && !op.data.empty()) {
    TableColumns columns;
    columns.label = op.label;
    columns.features = model.feature_names();
    MR_TRY(const LabelledTable table, read_labelled(ctx, op.data, columns));
    MR_CHECK(check_labels(op.label, table.data.labels, model.objective()));
    MR_TRY(out, measure(model, table.data));
    ctx.log("on " + std::to_string(table.data.rows()) + " rows of `data`: " + numbers_in(out));
  }
  if (op.metrics.size() > 0) out.set("reported", op.metrics);
  out.set("importance", importance_json(model));
  return out;
}

/// The rows of the training, as the manifest of `train` describes them; null without `trained_on`.
Result<Json> training_split(OperatorContext& ctx, const ModelImport& op, const ml::Model& model) {
  if (op.trained_on.empty()) return Json();
  if (op.label.empty()) return invalid_argument("`trained_on` needs the parameter `label`");
  if (op.timestamp.empty() && !(op.trained_from.empty() && op.trained_to.empty()))
    return invalid_argument("`trained_from` and `trained_to` need the parameter `timestamp`");
  TableColumns columns;
  columns.label = op.label;
  columns.timestamp = op.timestamp;
  columns.features = model.feature_names();
  MR_TRY(const LabelledTable table, read_labelled(ctx, op.trained_on, columns));
  RowRange range{0, table.data.rows()};
  if (!op.timestamp.empty()) {
    MR_TRY(const Time from, time_or(op.trained_from, kTimeMin));
    MR_TRY(const Time to, time_or(op.trained_to, kTimeMax));
    range = rows_between(table.micros, from, to);
  }
  if (range.size() == 0)
    return make_error(ErrorCode::data_invalid,
                      "no row of `trained_on` is between trained_from and trained_to: it has " +
                          std::to_string(table.data.rows()) + " rows with a label");
  return Json::object({{"train", range_json(range, table.micros)}});
}

struct ModelFile {
  std::string text, what;
  std::vector<std::string> inputs;  // digests
};

Result<ModelFile> read_model_file(OperatorContext& ctx, const ModelImport& op) {
  if (op.file.empty()) {
    MR_TRY(std::string text,
           read_file(std::filesystem::path(ctx.attempt().base_dir) / op.path, kMaxModelBytes));
    return ModelFile{std::move(text), "the file '" + op.path + "'", {}};
  }
  MR_TRY(std::string text, ctx.artifacts().read(op.file, kMaxModelBytes));
  return ModelFile{std::move(text), "the artifact " + op.file.substr(0, 12), {op.file}};
}

}  // namespace

Result<Outcome> ModelImport::run(OperatorContext& ctx) const {
  if (data.empty() && !(prediction.empty() && (label.empty() || !trained_on.empty())))
    return invalid_argument("`label` and `prediction` are columns of `data`, which is not given");
  if (!metrics.is_object() || !settings.is_object())
    return invalid_argument("`metrics` and `params` must be mappings");
  MR_TRY(ModelFile read, read_model_file(ctx, *this));
  MR_TRY(Json document, read_document(read.text, read.what));
  name_features(document, features);
  auto parsed = ml::Model::from_json(document);
  if (!parsed) return std::move(parsed).error().at(read.what);
  const ml::Model& imported = *parsed;
  MR_CHECK(check_features(features, imported.feature_names()));
  Compared compared;
  if (!prediction.empty()) {
    MR_TRY(compared, compare(ctx, *this, imported));
    ctx.log("its predictions of " + std::to_string(compared.rows) +
            " rows are those of the tool; the largest difference is " +
            number_text(compared.largest));
  }
  MR_TRY(Json measured, metrics_of(ctx, *this, imported));
  MR_TRY(Json split, training_split(ctx, *this, imported));
  MR_TRY(const StoredArtifact stored, ctx.artifacts().put_text(imported.serialize()));
  const Json manifest = Json::object({{"format", "millrace.import"},
                                      {"format_version", 1},
                                      {"operator_version", version},
                                      {"file", file},
                                      {"path", path},
                                      {"tool", tool},
                                      {"data", trained_on},
                                      {"label", label},
                                      {"timestamp", timestamp},
                                      {"split", std::move(split)},
                                      {"features", json_list(imported.feature_names())},
                                      {"params", settings},
                                      {"model", stored.digest}});
  MR_TRY(const StoredArtifact record, ctx.artifacts().put_text(manifest.dump_pretty() + "\n"));
  for (const auto& table : {data, trained_on})
    if (!table.empty()) read.inputs.push_back(table);

  const std::string algorithm(imported.algorithm());
  Done done;
  done.effects.push_back(publish_stored(stored, "model", model, read.inputs));
  done.effects.push_back(publish_stored(record, "file", "manifest", read.inputs));
  done.effects.push_back(
      RegisterModel{model, stored.digest, algorithm, measured, settings, record.digest});
  done.outputs =
      Json::object({{"model", stored.digest},
                    {"algorithm", algorithm},
                    {"objective", ml::name(imported.objective())},
                    {"features", json_list(imported.feature_names())},
                    {"metrics", std::move(measured)},
                    {"rows", compared.rows},
                    {"max_difference", prediction.empty() ? Json() : Json(compared.largest)}});
  return Outcome{std::move(done)};
}

}  // namespace millrace::operators
