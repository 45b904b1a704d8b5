// Model: something trained that predicts; immutable, cheap to copy, safe to use from any thread.
//
// A binary model predicts the probability of 1, a regression model the number. Rows hold the
// features in the order of feature_names(); NaN is missing, an infinity is an error. Linear models
// put the training mean in place of a missing value. XGBoost's trees are walked by our own code
// (no lock, a few microseconds a row) and give XGBoost's own float arithmetic.
//
// A model is one JSON document, "format": "millrace.model"; a trained model is built by reading
// that document, so the one that serves is the one that was stored. A plain XGBoost 1.7 JSON model
// (gbtree or dart, one output) is read as well. parse() is safe on hostile text: every size, index
// and tree is checked, and the error says what is wrong.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/json.h"
#include "engine/base/result.h"
#include "engine/ml/dataset.h"

namespace millrace::ml {

class Model {
 public:
  /// At most Json::Limits::max_bytes.
  static Result<Model> parse(std::string_view text);
  static Result<Model> from_json(const Json& document);

  /// "logistic", "linear" or "xgboost".
  std::string_view algorithm() const;
  Objective objective() const;
  const std::vector<std::string>& feature_names() const;
  /// What it was trained with, as an object; empty for a plain XGBoost file.
  const Json& parameters() const;

  /// One prediction a row. REQUIRES of `rows`: as many columns as features, else an error.
  Result<std::vector<double>> predict(const Matrix& rows) const;
  Result<double> predict_row(std::span<const double> row) const;

  struct Importance {
    std::string feature;
    double value;
  };
  /// Every feature, the most important first: the mean gain of its splits (XGBoost's "gain"), or
  /// the size of its coefficient on the standardised scale.
  std::vector<Importance> importance() const;

  /// The document parse() reads. Equal trainings give equal text.
  const std::string& serialize() const;

 private:
  struct Body;
  explicit Model(std::shared_ptr<const Body> body) : body_(std::move(body)) {}
  static Result<Model> from_document(const Json& document);

  std::shared_ptr<const Body> body_;
};

}  // namespace millrace::ml
