// Predictor: the arithmetic of one kind of model. Private to this module; immutable, thread-safe.
#pragma once

#include <span>
#include <vector>

#include "engine/ml/dataset.h"

namespace millrace::ml {

class Predictor {
 public:
  virtual ~Predictor() = default;
  /// REQUIRES: as many values as features, none infinite.
  virtual double predict_row(std::span<const double> row) const = 0;
  /// REQUIRES: as many columns as features, none infinite; out.size() == rows.rows().
  virtual void predict(const Matrix& rows, std::span<double> out) const = 0;
  /// By feature index.
  virtual std::vector<double> importance() const = 0;
};

}  // namespace millrace::ml
