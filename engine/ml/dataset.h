// Matrix and Dataset: numbers to learn from, as plain data.
//
// A Matrix is row-major, rows x columns of double; NaN means missing, infinities are refused by
// its readers. A Dataset adds names, labels and weights. Value types, not thread-safe to
// change.
#pragma once

#include <cstddef>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"

namespace millrace::ml {

/// What is learnt: a 0/1 outcome (predictions are probabilities), or a number.
enum class Objective { binary, regression };
std::string_view name(Objective objective);
Result<Objective> objective_named(std::string_view text);

inline constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

class Matrix {
 public:
  Matrix() = default;
  Matrix(std::size_t rows, std::size_t columns, double fill = kMissing)
      : rows_(rows), columns_(columns), values_(rows * columns, fill) {}
  /// `values` row after row; its length must be rows x columns.
  static Result<Matrix> from_rows(std::size_t rows, std::size_t columns,
                                  std::vector<double> values);

  std::size_t rows() const { return rows_; }
  std::size_t columns() const { return columns_; }
  double at(std::size_t row, std::size_t column) const { return values_[row * columns_ + column]; }
  double& at(std::size_t row, std::size_t column) { return values_[row * columns_ + column]; }
  std::span<const double> row(std::size_t row) const {
    return {values_.data() + row * columns_, columns_};
  }
  std::span<double> row(std::size_t row) { return {values_.data() + row * columns_, columns_}; }
  const std::vector<double>& values() const { return values_; }

  /// REQUIRES: values.size() == rows(), column < columns().
  void set_column(std::size_t column, std::span<const double> values);
  std::vector<double> column(std::size_t column) const;
  /// Rows [first, last). REQUIRES: first <= last <= rows().
  Matrix slice(std::size_t first, std::size_t last) const;

 private:
  std::size_t rows_ = 0;
  std::size_t columns_ = 0;
  std::vector<double> values_;
};

struct Dataset {
  std::vector<std::string> feature_names;
  Matrix features;
  std::vector<double> labels;
  std::vector<double> weights;  // empty: every row counts once

  std::size_t rows() const { return features.rows(); }
  /// Sizes agree, names are unique and not empty, features are finite or NaN, labels fit the
  /// objective, weights are finite and >= 0 with a positive sum. The error names row (from 1) and
  /// column.
  Status check(Objective objective) const;
  /// What training asks for besides: a binary label has rows of both classes with a weight.
  Status check_learnable(Objective objective) const;
  /// Rows [first, last), for a split by time. REQUIRES: first <= last <= rows().
  Dataset slice(std::size_t first, std::size_t last) const;
};

/// Unique, not empty, at most 4096 of them.
Status check_feature_names(const std::vector<std::string>& names);

/// The columns `wanted`, in that order; an unknown name is an error with a suggestion.
Result<Matrix> select_columns(const Matrix& matrix, const std::vector<std::string>& names,
                              const std::vector<std::string>& wanted);

}  // namespace millrace::ml
