// Standardise: features to mean 0 and deviation 1, missing values to the mean, block by block, so
// that a linear training holds a few thousand rows beside the data. Private to this module.
//
// Shapes: a block is rows x (features + 1); its last column is 1, for the intercept.
#pragma once

#include <Eigen/Dense>
#include <vector>

#include "engine/ml/dataset.h"

namespace millrace::ml {

using Block = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
inline constexpr std::size_t kBlockRows = 2048;

struct Scaling {
  std::vector<double> means;   // of the values that are there; 0 where there is none
  std::vector<double> scales;  // population deviation with missing at the mean; 1 for a constant

  /// Weighted by the dataset's weights; two passes, so that a large mean costs no digits.
  /// An error for a feature whose values are too large to square.
  static Result<Scaling> of(const Dataset& data);
  /// Rows [first, first + block.rows()) of the data.
  void fill(const Matrix& features, std::size_t first, Block& block) const;
};

double weight_of(const Dataset& data, std::size_t row);
double total_weight(const Dataset& data);

}  // namespace millrace::ml
