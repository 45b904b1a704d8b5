// Training: a Dataset in, a Model out. Deterministic: equal data, parameters, seed and threads give
// the same document, byte for byte.
//
// Functions block, are safe to call from several threads at once, and use one thread unless the
// parameters say more. Errors: invalid_argument for a parameter out of range (it names the range),
// data_invalid for labels or features that cannot be learnt from.
//
// Sources: logistic regression by Newton's method (iteratively reweighted least squares), ridge
// regression by the normal equations on standardised features: Hastie, Tibshirani, Friedman, "The
// Elements of Statistical Learning" (2nd ed.), 4.4.1 and 3.4.1. Boosted trees: Chen and Guestrin,
// "XGBoost" (KDD 2016), by the library, tree method hist.
#pragma once

#include <cstdint>
#include <string_view>
#include <tuple>

#include "engine/ml/dataset.h"
#include "engine/ml/model.h"

namespace millrace::ml {

/// One parameter of a training: its name, its member, and the range [low, high].
template <typename Params, typename T>
struct ParamRange {
  std::string_view name;
  T Params::*field;
  T low;
  T high;
};
template <typename Params, typename T>
constexpr ParamRange<Params, T> param_range(std::string_view name, T Params::*field, T low,
                                            T high) {
  return {name, field, low, high};
}

/// Minimises sum of weight * log loss + l2 / 2 * |coefficients|^2; the intercept is free.
/// Coefficients are on the standardised scale; missing values take the mean.
struct LogisticParams {
  double l2 = 1.0;
  int max_iterations = 100;
  double tolerance = 1e-9;  // of the largest mean gradient

  static constexpr auto ranges() {
    return std::tuple{param_range("l2", &LogisticParams::l2, 0.0, 1e12),
                      param_range("max_iterations", &LogisticParams::max_iterations, 1, 10000),
                      param_range("tolerance", &LogisticParams::tolerance, 1e-14, 1e-1)};
  }
};

/// Minimises sum of weight * squared error + l2 * |coefficients|^2; the intercept is free.
struct LinearParams {
  double l2 = 1.0;

  static constexpr auto ranges() {
    return std::tuple{param_range("l2", &LinearParams::l2, 0.0, 1e12)};
  }
};

/// XGBoost's own meanings; `lambda` and `alpha` are the L2 and L1 penalties of leaves. The base
/// score is the mean label. With early_stopping_rounds > 0 the last `validation_share` of the rows
/// (give them in order of time) judges the rounds, and the model ends with the best one.
struct XgboostParams {
  int rounds = 200;
  int max_depth = 6;
  double eta = 0.1;
  double subsample = 1.0;
  double colsample = 1.0;  // of each tree
  double min_child_weight = 1.0;
  double lambda = 1.0;
  double alpha = 0.0;
  double gamma = 0.0;
  int max_bin = 256;
  std::int64_t seed = 0;
  int threads = 1;
  int early_stopping_rounds = 0;  // 0: none
  double validation_share = 0.1;

  static constexpr auto ranges() {
    using P = XgboostParams;
    return std::tuple{param_range("rounds", &P::rounds, 1, 10000),
                      param_range("max_depth", &P::max_depth, 1, 16),
                      param_range("eta", &P::eta, 1e-6, 1.0),
                      param_range("subsample", &P::subsample, 1e-3, 1.0),
                      param_range("colsample", &P::colsample, 1e-3, 1.0),
                      param_range("min_child_weight", &P::min_child_weight, 0.0, 1e12),
                      param_range("lambda", &P::lambda, 0.0, 1e12),
                      param_range("alpha", &P::alpha, 0.0, 1e12),
                      param_range("gamma", &P::gamma, 0.0, 1e12),
                      param_range("max_bin", &P::max_bin, 2, 4096),
                      param_range("seed", &P::seed, std::int64_t{0}, std::int64_t{0x7fffffff}),
                      param_range("threads", &P::threads, 1, 256),
                      param_range("early_stopping_rounds", &P::early_stopping_rounds, 0, 10000),
                      param_range("validation_share", &P::validation_share, 0.01, 0.5)};
  }
};

Result<Model> train_logistic(const Dataset& data, const LogisticParams& params = {});
Result<Model> train_linear(const Dataset& data, const LinearParams& params = {});
Result<Model> train_xgboost(const Dataset& data, Objective objective,
                            const XgboostParams& params = {});

}  // namespace millrace::ml
