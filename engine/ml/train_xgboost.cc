#include <xgboost/c_api.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "engine/ml/metrics.h"
#include "engine/ml/model_document.h"
#include "engine/ml/params.h"
#include "engine/ml/train.h"

namespace millrace::ml {
namespace {

Status call(int code, std::string_view what) {
  if (code == 0) return {};
  const std::string_view reason = XGBGetLastError();  // the rest of it is a stack trace
  return internal_error("XGBoost, " + std::string(what) + ": " +
                        std::string(reason.substr(0, reason.find('\n'))));
}

/// The library's handles, freed with their owners.
class TrainingMatrix {
 public:
  TrainingMatrix() = default;
  ~TrainingMatrix() {
    if (handle_) XGDMatrixFree(handle_);
  }
  TrainingMatrix(const TrainingMatrix&) = delete;
  TrainingMatrix& operator=(const TrainingMatrix&) = delete;

  /// Copies the data.
  Status load(const Dataset& data, int threads) {
    const auto rows = data.rows(), columns = data.features.columns();
    const auto address = reinterpret_cast<std::uintptr_t>(data.features.values().data());
    const Json array = Json::object({{"data", Json::array({address, true})},
                                     {"shape", Json::array({rows, columns})},
                                     {"typestr", "<f8"},
                                     {"version", 3}});
    const std::string config = R"({"missing": NaN, "nthread": )" + std::to_string(threads) + "}";
    MR_CHECK(call(XGDMatrixCreateFromDense(array.dump().c_str(), config.c_str(), &handle_),
                  "reading the features"));
    MR_CHECK(set_floats("label", data.labels));
    return data.weights.empty() ? Status() : set_floats("weight", data.weights);
  }
  DMatrixHandle get() const { return handle_; }

 private:
  Status set_floats(const char* field, const std::vector<double>& values) {
    const std::vector<float> floats(values.begin(), values.end());
    return call(XGDMatrixSetFloatInfo(handle_, field, floats.data(), floats.size()), field);
  }

  DMatrixHandle handle_ = nullptr;
};

class Booster {
 public:
  Booster() = default;
  ~Booster() {
    if (handle_) XGBoosterFree(handle_);
  }
  Booster(const Booster&) = delete;
  Booster& operator=(const Booster&) = delete;

  Status create(const std::vector<DMatrixHandle>& matrices) {
    return call(XGBoosterCreate(matrices.data(), matrices.size(), &handle_), "creating");
  }
  Status set(const char* name, const std::string& value) {
    return call(XGBoosterSetParam(handle_, name, value.c_str()), name);
  }
  /// The model carries the names; those of a training matrix do not reach it.
  Status name_features(const std::vector<std::string>& features) {
    std::vector<const char*> names;
    for (const auto& feature : features) names.push_back(feature.c_str());
    return call(XGBoosterSetStrFeatureInfo(handle_, "feature_name", names.data(), names.size()),
                "naming the features");
  }
  Status update(int round, DMatrixHandle data) {
    return call(XGBoosterUpdateOneIter(handle_, round, data), "training");
  }
  Result<std::vector<double>> predict(DMatrixHandle data) const {
    bst_ulong size = 0;
    const float* values = nullptr;
    MR_CHECK(call(XGBoosterPredict(handle_, data, 0, 0, 0, &size, &values), "predicting"));
    return std::vector<double>(values, values + size);
  }
  /// The first `rounds` of this booster.
  Status slice_into(int rounds, Booster& out) const {
    return call(XGBoosterSlice(handle_, 0, rounds, 1, &out.handle_), "cutting");
  }
  Result<Json> to_json() const {
    bst_ulong size = 0;
    const char* text = nullptr;
    MR_CHECK(
        call(XGBoosterSaveModelToBuffer(handle_, R"({"format": "json"})", &size, &text), "saving"));
    return Json::parse({text, size});
  }

 private:
  BoosterHandle handle_ = nullptr;
};

std::string text_of(double value) { return Json(value).dump(); }

/// The mean label, kept off the ends of (0, 1) where it is a probability.
double base_score(const Dataset& data, Objective objective) {
  double sum = 0, total = 0;
  for (std::size_t r = 0; r < data.rows(); ++r) {
    const double w = data.weights.empty() ? 1.0 : data.weights[r];
    sum += w * data.labels[r];
    total += w;
  }
  return objective == Objective::binary ? std::clamp(sum / total, 1e-6, 1 - 1e-6) : sum / total;
}

Status configure(Booster& booster, const Dataset& data, Objective objective,
                 const XgboostParams& p) {
  const bool binary = objective == Objective::binary;
  const std::pair<const char*, std::string> settings[] = {
      {"verbosity", "0"},
      {"booster", "gbtree"},
      {"tree_method", "hist"},
      {"objective", binary ? "binary:logistic" : "reg:squarederror"},
      {"base_score", text_of(base_score(data, objective))},
      {"max_depth", std::to_string(p.max_depth)},
      {"eta", text_of(p.eta)},
      {"subsample", text_of(p.subsample)},
      {"colsample_bytree", text_of(p.colsample)},
      {"min_child_weight", text_of(p.min_child_weight)},
      {"lambda", text_of(p.lambda)},
      {"alpha", text_of(p.alpha)},
      {"gamma", text_of(p.gamma)},
      {"max_bin", std::to_string(p.max_bin)},
      {"seed", std::to_string(p.seed)},
      {"nthread", std::to_string(p.threads)},
  };
  for (const auto& [name, value] : settings) MR_CHECK(booster.set(name, value));
  return booster.name_features(data.feature_names);
}

/// XGBoost reads floats: what is finite as a double must stay so.
Status check_floats(const Dataset& data) {
  const auto too_large = [](double x) {
    return std::abs(x) > static_cast<double>(std::numeric_limits<float>::max());
  };
  const auto& values = data.features.values();
  if (const auto at = std::ranges::find_if(values, too_large); at != values.end()) {
    const auto column = static_cast<std::size_t>(at - values.begin()) % data.features.columns();
    return make_error(ErrorCode::data_invalid, "feature '" + data.feature_names[column] +
                                                   "' holds " + text_of(*at) +
                                                   ", which is too large for a float");
  }
  if (std::ranges::any_of(data.labels, too_large))
    return make_error(ErrorCode::data_invalid, "a label is too large for a float");
  return {};
}

/// How far the predictions are from the labels: what early stopping brings down.
Result<double> validation_loss(const Booster& booster, const TrainingMatrix& matrix,
                               const Dataset& rows, Objective objective) {
  MR_TRY(const auto predictions, booster.predict(matrix.get()));
  const Scored scored{rows.labels, predictions, rows.weights};
  return objective == Objective::binary ? log_loss(scored) : rmse(scored);
}

/// Trains until `early_stopping_rounds` rounds have brought nothing; returns the best count.
Result<int> train_until_best(Booster& booster, const TrainingMatrix& train,
                             const TrainingMatrix& judge, const Dataset& judge_rows,
                             Objective objective, const XgboostParams& p) {
  double best = std::numeric_limits<double>::infinity();
  int best_rounds = 0;
  for (int round = 0; round < p.rounds && round - best_rounds < p.early_stopping_rounds; ++round) {
    MR_CHECK(booster.update(round, train.get()));
    MR_TRY(const double loss, validation_loss(booster, judge, judge_rows, objective));
    if (loss < best) {
      best = loss;
      best_rounds = round + 1;
    }
  }
  return std::max(best_rounds, 1);
}

Result<Model> finish(const Booster& booster, const Dataset& data, Objective objective,
                     const XgboostParams& params, int rounds) {
  Json parameters = params_to_json(params);
  parameters.set("trained_rounds", rounds);
  MR_TRY(Json document, booster.to_json());
  return Model::from_json(
      model_document({"xgboost", objective, data.feature_names, std::move(parameters)}, "xgboost",
                     std::move(document)));
}

Result<Model> train_with_early_stopping(const Dataset& data, Objective objective,
                                        const XgboostParams& params) {
  const auto held_out = static_cast<std::size_t>(
      std::ceil(params.validation_share * static_cast<double>(data.rows())));
  if (held_out >= data.rows())
    return make_error(ErrorCode::data_invalid, "early stopping needs two rows or more");
  const Dataset fitted = data.slice(0, data.rows() - held_out);
  const Dataset judged = data.slice(data.rows() - held_out, data.rows());
  MR_CHECK(fitted.check_learnable(objective));  // the weights of either part may be zero
  MR_CHECK(judged.check(objective));
  TrainingMatrix train, judge;
  MR_CHECK(train.load(fitted, params.threads));
  MR_CHECK(judge.load(judged, params.threads));
  Booster booster, best;
  MR_CHECK(booster.create({train.get(), judge.get()}));
  MR_CHECK(configure(booster, fitted, objective, params));
  MR_TRY(const int rounds, train_until_best(booster, train, judge, judged, objective, params));
  MR_CHECK(booster.slice_into(rounds, best));
  return finish(best, data, objective, params, rounds);
}

}  // namespace

Result<Model> train_xgboost(const Dataset& data, Objective objective, const XgboostParams& params) {
  MR_CHECK(check_params(params));
  MR_CHECK(data.check_learnable(objective));
  MR_CHECK(check_floats(data));
  if (params.early_stopping_rounds > 0) return train_with_early_stopping(data, objective, params);
  TrainingMatrix train;
  MR_CHECK(train.load(data, params.threads));
  Booster booster;
  MR_CHECK(booster.create({train.get()}));
  MR_CHECK(configure(booster, data, objective, params));
  for (int round = 0; round < params.rounds; ++round) MR_CHECK(booster.update(round, train.get()));
  return finish(booster, data, objective, params, params.rounds);
}

}  // namespace millrace::ml
