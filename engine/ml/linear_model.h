// LinearModel: intercept + sum of coefficient * (x - mean) / scale, through a logistic or no link.
//
// Coefficients are on the standardised scale, so that a missing value, put to the mean, adds
// nothing. Private to this module; immutable, thread-safe.
#pragma once

#include <memory>

#include "engine/base/json.h"
#include "engine/ml/predictor.h"

namespace millrace::ml {

struct LinearFit {
  double intercept = 0;
  std::vector<double> coefficients;
  std::vector<double> means;
  std::vector<double> scales;  // > 0
};

/// 1 / (1 + exp(-margin)), without overflow.
double logistic(double margin);

Json to_json(const LinearFit& fit);
/// Lengths equal `features`; all numbers are finite.
Result<LinearFit> linear_fit_from_json(const Json& json, std::size_t features);

std::unique_ptr<const Predictor> make_linear_predictor(LinearFit fit, Objective objective);

}  // namespace millrace::ml
