#include "engine/ml/standardise.h"

#include <cmath>

namespace millrace::ml {
namespace {

/// Calls visit(column, value, weight) for each value that is there.
template <typename Visit>
void for_each_value(const Dataset& data, Visit visit) {
  for (std::size_t r = 0; r < data.rows(); ++r) {
    const auto row = data.features.row(r);
    const double weight = weight_of(data, r);
    for (std::size_t j = 0; j < row.size(); ++j)
      if (!std::isnan(row[j])) visit(j, row[j], weight);
  }
}

}  // namespace

double weight_of(const Dataset& data, std::size_t row) {
  return data.weights.empty() ? 1.0 : data.weights[row];
}

double total_weight(const Dataset& data) {
  double sum = 0;
  for (std::size_t r = 0; r < data.rows(); ++r) sum += weight_of(data, r);
  return sum;
}

Result<Scaling> Scaling::of(const Dataset& data) {
  const std::size_t columns = data.features.columns();
  Scaling out{std::vector<double>(columns), std::vector<double>(columns)};
  std::vector<double> weights(columns);
  for_each_value(data, [&](std::size_t j, double x, double w) {
    out.means[j] += w * x;
    weights[j] += w;
  });
  for (std::size_t j = 0; j < columns; ++j)
    out.means[j] = weights[j] > 0 ? out.means[j] / weights[j] : 0.0;
  for_each_value(data, [&](std::size_t j, double x, double w) {
    out.scales[j] += w * (x - out.means[j]) * (x - out.means[j]);
  });
  const double all = total_weight(data);
  for (std::size_t j = 0; j < columns; ++j) {
    const double deviation = std::sqrt(out.scales[j] / all);
    if (!std::isfinite(deviation))
      return make_error(ErrorCode::data_invalid, "the values of feature '" + data.feature_names[j] +
                                                     "' are too large to standardise");
    // Below this the deviation is the rounding of the mean: the feature is constant.
    out.scales[j] = deviation > 1e-14 * std::abs(out.means[j]) ? deviation : 1.0;
  }
  return out;
}

void Scaling::fill(const Matrix& features, std::size_t first, Block& block) const {
  const auto columns = static_cast<Eigen::Index>(features.columns());
  for (Eigen::Index r = 0; r < block.rows(); ++r) {
    const auto row = features.row(first + static_cast<std::size_t>(r));
    for (Eigen::Index j = 0; j < columns; ++j) {
      const auto c = static_cast<std::size_t>(j);
      const double z = (row[c] - means[c]) / scales[c];
      block(r, j) = std::isnan(z) ? 0.0 : z;
    }
    block(r, columns) = 1.0;
  }
}

}  // namespace millrace::ml
