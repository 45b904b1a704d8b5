#include "engine/ml/dataset.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <unordered_map>

#include "engine/base/suggest.h"

namespace millrace::ml {
namespace {

constexpr std::size_t kMaxFeatures = 4096;  // a Gram matrix of 128 MiB

Status check_labels(std::span<const double> labels, Objective objective) {
  for (std::size_t row = 0; row < labels.size(); ++row) {
    const double label = labels[row];
    if (objective == Objective::binary ? (label != 0 && label != 1) : !std::isfinite(label))
      return data_invalid("the label of row " + std::to_string(row + 1) + " is " +
                          std::to_string(label) +
                          (objective == Objective::binary ? "; a binary label is 0 or 1"
                                                          : "; it must be a finite number"));
  }
  return {};
}

Status check_weights(std::span<const double> weights) {
  double sum = 0;
  for (std::size_t row = 0; row < weights.size(); ++row) {
    if (!std::isfinite(weights[row]) || weights[row] < 0)
      return data_invalid("the weight of row " + std::to_string(row + 1) + " is " +
                          std::to_string(weights[row]) + "; it must be finite and not negative");
    sum += weights[row];
  }
  if (!weights.empty() && !(sum > 0)) return data_invalid("the weights add up to zero");
  return {};
}

std::vector<double> part(const std::vector<double>& values, std::size_t first, std::size_t last) {
  if (values.empty()) return {};
  return {values.begin() + static_cast<std::ptrdiff_t>(first),
          values.begin() + static_cast<std::ptrdiff_t>(last)};
}

}  // namespace

std::string_view name(Objective objective) {
  return objective == Objective::binary ? "binary" : "regression";
}

Result<Objective> objective_named(std::string_view text) {
  if (text == "binary") return Objective::binary;
  if (text == "regression") return Objective::regression;
  return invalid_argument("unknown objective '" + std::string(text.substr(0, 64)) + "'" +
                          did_you_mean(text, {"binary", "regression"}));
}

Result<Matrix> Matrix::from_rows(std::size_t rows, std::size_t columns,
                                 std::vector<double> values) {
  const bool fits = columns == 0 ? values.empty()
                                 : values.size() % columns == 0 && values.size() / columns == rows;
  if (!fits)
    return invalid_argument(std::to_string(values.size()) + " values do not make " +
                            std::to_string(rows) + " rows of " + std::to_string(columns));
  Matrix out;
  out.rows_ = rows;
  out.columns_ = columns;
  out.values_ = std::move(values);
  return out;
}

void Matrix::set_column(std::size_t column, std::span<const double> values) {
  assert(values.size() == rows_ && column < columns_);
  for (std::size_t r = 0; r < rows_; ++r) at(r, column) = values[r];
}

std::vector<double> Matrix::column(std::size_t column) const {
  std::vector<double> out(rows_);
  for (std::size_t r = 0; r < rows_; ++r) out[r] = at(r, column);
  return out;
}

Matrix Matrix::slice(std::size_t first, std::size_t last) const {
  assert(first <= last && last <= rows_);
  Matrix out;
  out.rows_ = last - first;
  out.columns_ = columns_;
  out.values_ = part(values_, first * columns_, last * columns_);
  return out;
}

Status check_feature_names(const std::vector<std::string>& names) {
  if (names.empty()) return invalid_argument("there is no feature");
  if (names.size() > kMaxFeatures)
    return make_error(
        ErrorCode::resource_exhausted,
        std::to_string(names.size()) + " features; at most " + std::to_string(kMaxFeatures));
  std::unordered_map<std::string_view, std::size_t> seen;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i].empty())
      return invalid_argument("the name of feature " + std::to_string(i) + " is empty");
    if (!seen.emplace(names[i], i).second)
      return invalid_argument("the feature '" + names[i].substr(0, 64) + "' stands twice");
  }
  return {};
}

Status Dataset::check(Objective objective) const {
  MR_CHECK(check_feature_names(feature_names));
  if (rows() == 0) return data_invalid("there is no row");
  if (features.columns() != feature_names.size())
    return invalid_argument(std::to_string(feature_names.size()) + " feature names for " +
                            std::to_string(features.columns()) + " columns");
  if (labels.size() != rows())
    return invalid_argument(std::to_string(labels.size()) + " labels for " +
                            std::to_string(rows()) + " rows");
  if (!weights.empty() && weights.size() != rows())
    return invalid_argument(std::to_string(weights.size()) + " weights for " +
                            std::to_string(rows()) + " rows");
  MR_CHECK(check_labels(labels, objective));
  MR_CHECK(check_weights(weights));
  const auto& all = features.values();
  const auto infinite = std::ranges::find_if(all, [](double x) { return std::isinf(x); });
  if (infinite != all.end()) {
    const auto index = static_cast<std::size_t>(infinite - all.begin());
    return data_invalid("feature '" + feature_names[index % features.columns()] + "' of row " +
                        std::to_string(index / features.columns() + 1) +
                        " is infinite; it must be a finite number or missing");
  }
  return {};
}

Status Dataset::check_learnable(Objective objective) const {
  MR_CHECK(check(objective));
  if (objective != Objective::binary) return {};
  bool seen[2] = {false, false};
  for (std::size_t row = 0; row < labels.size(); ++row)
    if (weights.empty() || weights[row] > 0) seen[labels[row] != 0 ? 1 : 0] = true;
  if (seen[0] && seen[1]) return {};
  return data_invalid("every label is " + std::string(seen[1] ? "1" : "0") +
                      "; a binary model needs both classes");
}

Dataset Dataset::slice(std::size_t first, std::size_t last) const {
  return {feature_names, features.slice(first, last), part(labels, first, last),
          part(weights, first, last)};
}

Result<Matrix> select_columns(const Matrix& matrix, const std::vector<std::string>& names,
                              const std::vector<std::string>& wanted) {
  if (names.size() != matrix.columns())
    return invalid_argument(std::to_string(names.size()) + " names for " +
                            std::to_string(matrix.columns()) + " columns");
  std::vector<std::size_t> from;
  for (const auto& want : wanted) {
    const auto found = std::ranges::find(names, want);
    if (found == names.end())
      return not_found("there is no column '" + want + "'" + did_you_mean(want, names));
    from.push_back(static_cast<std::size_t>(found - names.begin()));
  }
  Matrix out(matrix.rows(), wanted.size());
  for (std::size_t r = 0; r < matrix.rows(); ++r)
    for (std::size_t c = 0; c < from.size(); ++c) out.at(r, c) = matrix.at(r, from[c]);
  return out;
}

}  // namespace millrace::ml
