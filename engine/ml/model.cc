#include "engine/ml/model.h"

#include <algorithm>
#include <cmath>

#include "engine/base/suggest.h"
#include "engine/ml/linear_model.h"
#include "engine/ml/model_document.h"
#include "engine/ml/predictor.h"
#include "engine/ml/xgboost_json.h"

namespace millrace::ml {

struct Model::Body {
  std::string algorithm;
  Objective objective = Objective::binary;
  std::vector<std::string> feature_names;
  Json parameters;
  std::unique_ptr<const Predictor> predictor;
  std::string text;
};

namespace {

/// A plain XGBoost file, in our document.
Result<Json> wrap_xgboost(const Json& plain) {
  MR_TRY(const auto model, read_xgboost_json(plain));
  return model_document({"xgboost", model.objective, model.feature_names, Json::object()},
                        "xgboost", plain);
}

Status check_format(const Json& document) {
  if (!document.is_object())
    return invalid_argument("a model is a JSON object, not " +
                            std::string(type_name(document.type())));
  if (document["format"].as_view() != kModelFormat)
    return invalid_argument(
        "\"format\" must be \"millrace.model\"; an XGBoost JSON model is "
        "recognised by its \"learner\"");
  if (const auto version = document["format_version"].as_int(); version != kModelFormatVersion)
    return make_error(ErrorCode::unsupported, "model format version " + std::to_string(version) +
                                                  " is not " + std::to_string(kModelFormatVersion));
  return {};
}

Result<std::vector<std::string>> read_features(const Json& document) {
  std::vector<std::string> names;
  for (const Json& item : document["features"].items()) {
    if (!item.is_string()) return invalid_argument("\"features\" must hold strings");
    names.emplace_back(item.as_view());
  }
  MR_CHECK(check_feature_names(names));
  return names;
}

Error mismatch(std::string_view what) {
  return invalid_argument(std::string(what) +
                          " of the XGBoost model are not those of the document");
}

Result<std::unique_ptr<const Predictor>> read_predictor(const Json& document,
                                                        std::string_view algorithm,
                                                        Objective objective,
                                                        const std::vector<std::string>& features) {
  if (algorithm == "xgboost") {
    MR_TRY(auto model, read_xgboost_json(document["xgboost"]));
    if (model.objective != objective) return mismatch("objective and labels");
    if (model.feature_names != features) return mismatch("the features");
    return make_tree_predictor(std::move(model.ensemble));
  }
  if (algorithm != "logistic" && algorithm != "linear")
    return make_error(ErrorCode::unsupported,
                      "unknown algorithm '" + std::string(algorithm.substr(0, 64)) + "'" +
                          did_you_mean(algorithm, {"logistic", "linear", "xgboost"}));
  if ((algorithm == "logistic") != (objective == Objective::binary))
    return invalid_argument("a " + std::string(algorithm) + " model is not " +
                            std::string(name(objective)));
  MR_TRY(auto fit, linear_fit_from_json(document["linear"], features.size()));
  return make_linear_predictor(std::move(fit), objective);
}

/// The first infinite value, as an error that names its feature.
Status check_finite(std::span<const double> row, const std::vector<std::string>& names) {
  for (std::size_t j = 0; j < row.size(); ++j)
    if (std::isinf(row[j]))
      return make_error(
          ErrorCode::data_invalid,
          "feature '" + names[j] + "' is infinite; it must be a finite number or missing");
  return {};
}

Error wrong_width(std::size_t given, std::size_t wanted) {
  return invalid_argument("a row has " + std::to_string(given) + " values; the model has " +
                          std::to_string(wanted) + " features");
}

Error overflow() {
  return make_error(ErrorCode::data_invalid, "the prediction overflows: a feature is too large");
}

}  // namespace

Json model_document(ModelHead head, std::string_view section, Json body) {
  Json features = Json::array();
  for (const auto& feature : head.feature_names) features.push_back(feature);
  return Json::object({{"format", kModelFormat},
                       {"format_version", kModelFormatVersion},
                       {"algorithm", head.algorithm},
                       {"objective", name(head.objective)},
                       {"features", std::move(features)},
                       {"parameters", std::move(head.parameters)},
                       {std::string(section), std::move(body)}});
}

Result<Model> Model::parse(std::string_view text) {
  MR_TRY(const Json document, Json::parse(text));
  return from_json(document);
}

Result<Model> Model::from_json(const Json& document) {
  if (!document.contains("learner")) return from_document(document);
  MR_TRY(const Json wrapped, wrap_xgboost(document));
  return from_document(wrapped);
}

Result<Model> Model::from_document(const Json& document) {
  MR_CHECK(check_format(document));
  auto body = std::make_shared<Body>();
  body->algorithm = document["algorithm"].as_string();
  MR_TRY(body->objective, objective_named(document["objective"].as_view()));
  MR_TRY(body->feature_names, read_features(document));
  body->parameters = document["parameters"];
  if (body->parameters.is_null()) body->parameters = Json::object();
  if (!body->parameters.is_object()) return invalid_argument("\"parameters\" must be a mapping");
  MR_TRY(body->predictor,
         read_predictor(document, body->algorithm, body->objective, body->feature_names));
  body->text = document.dump();
  if (constexpr auto most = Json::Limits{}.max_bytes; body->text.size() > most)
    return make_error(ErrorCode::resource_exhausted,
                      "the model takes " + std::to_string(body->text.size()) +
                          " bytes of JSON; at most " + std::to_string(most) +
                          ". Fewer rounds or a smaller depth help.");
  return Model(std::move(body));
}

std::string_view Model::algorithm() const { return body_->algorithm; }
Objective Model::objective() const { return body_->objective; }
const std::vector<std::string>& Model::feature_names() const { return body_->feature_names; }
const Json& Model::parameters() const { return body_->parameters; }
const std::string& Model::serialize() const { return body_->text; }

Result<double> Model::predict_row(std::span<const double> row) const {
  if (row.size() != body_->feature_names.size())
    return wrong_width(row.size(), body_->feature_names.size());
  MR_CHECK(check_finite(row, body_->feature_names));
  const double prediction = body_->predictor->predict_row(row);
  if (!std::isfinite(prediction)) return overflow();
  return prediction;
}

Result<std::vector<double>> Model::predict(const Matrix& rows) const {
  if (rows.columns() != body_->feature_names.size())
    return wrong_width(rows.columns(), body_->feature_names.size());
  for (std::size_t r = 0; r < rows.rows(); ++r)
    MR_CHECK(check_finite(rows.row(r), body_->feature_names));
  std::vector<double> out(rows.rows());
  body_->predictor->predict(rows, out);
  if (!std::ranges::all_of(out, [](double p) { return std::isfinite(p); })) return overflow();
  return out;
}

std::vector<Model::Importance> Model::importance() const {
  const auto values = body_->predictor->importance();
  std::vector<Importance> out;
  for (std::size_t j = 0; j < values.size(); ++j)
    out.push_back({body_->feature_names[j], values[j]});
  std::ranges::stable_sort(out, std::ranges::greater{}, &Importance::value);
  return out;
}

}  // namespace millrace::ml
