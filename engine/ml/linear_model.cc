#include "engine/ml/linear_model.h"

#include <cmath>

namespace millrace::ml {
namespace {

class LinearModel final : public Predictor {
 public:
  LinearModel(LinearFit fit, Objective objective)
      : fit_(std::move(fit)), slopes_(fit_.coefficients), objective_(objective) {
    for (std::size_t j = 0; j < slopes_.size(); ++j) slopes_[j] /= fit_.scales[j];
  }

  double predict_row(std::span<const double> row) const override {
    double margin = fit_.intercept;
    for (std::size_t j = 0; j < slopes_.size(); ++j) {
      const double centred = row[j] - fit_.means[j];
      margin += std::isnan(centred) ? 0.0 : slopes_[j] * centred;
    }
    return objective_ == Objective::binary ? logistic(margin) : margin;
  }

  void predict(const Matrix& rows, std::span<double> out) const override {
    for (std::size_t r = 0; r < rows.rows(); ++r) out[r] = predict_row(rows.row(r));
  }

  std::vector<double> importance() const override {
    auto out = fit_.coefficients;
    for (double& value : out) value = std::abs(value);
    return out;
  }

 private:
  LinearFit fit_;
  std::vector<double> slopes_;  // per unit of the feature itself
  Objective objective_;
};

Json numbers(const std::vector<double>& values) {
  return Json(Json::Array(values.begin(), values.end()));
}

Result<std::vector<double>> read_numbers(const Json& json, std::string_view name,
                                         std::size_t size) {
  const Json& list = json[name];
  if (!list.is_array() || list.size() != size)
    return invalid_argument("linear." + std::string(name) + " must be a list of " +
                            std::to_string(size) + " numbers");
  std::vector<double> out;
  out.reserve(size);
  for (const Json& item : list.items()) {
    if (!item.is_number() || !std::isfinite(item.as_double()))
      return invalid_argument("linear." + std::string(name) + "[" + std::to_string(out.size()) +
                              "] must be a finite number, not " +
                              std::string(type_name(item.type())));
    out.push_back(item.as_double());
  }
  return out;
}

}  // namespace

double logistic(double margin) {
  if (margin >= 0) return 1 / (1 + std::exp(-margin));
  const double odds = std::exp(margin);
  return odds / (1 + odds);
}

Json to_json(const LinearFit& fit) {
  return Json::object({{"intercept", fit.intercept},
                       {"coefficients", numbers(fit.coefficients)},
                       {"means", numbers(fit.means)},
                       {"scales", numbers(fit.scales)}});
}

Result<LinearFit> linear_fit_from_json(const Json& json, std::size_t features) {
  LinearFit fit;
  const Json& intercept = json["intercept"];
  if (!intercept.is_number() || !std::isfinite(intercept.as_double()))
    return invalid_argument("linear.intercept must be a finite number");
  fit.intercept = intercept.as_double();
  MR_TRY(fit.coefficients, read_numbers(json, "coefficients", features));
  MR_TRY(fit.means, read_numbers(json, "means", features));
  MR_TRY(fit.scales, read_numbers(json, "scales", features));
  for (std::size_t j = 0; j < features; ++j)
    if (!(fit.scales[j] > 0))
      return invalid_argument("linear.scales[" + std::to_string(j) + "] must be positive");
  return fit;
}

std::unique_ptr<const Predictor> make_linear_predictor(LinearFit fit, Objective objective) {
  return std::make_unique<LinearModel>(std::move(fit), objective);
}

}  // namespace millrace::ml
