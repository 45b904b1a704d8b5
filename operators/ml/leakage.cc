#include "operators/ml/leakage.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <optional>

namespace millrace::operators {
namespace {

constexpr std::size_t kLeastRows = 10;
constexpr std::size_t kLeastOfAClass = 5;
constexpr std::size_t kLeastRowsOfAPattern = 50;
/// Of the label's range. A FLOAT column keeps seven digits; a measurement never fits so well.
constexpr double kTolerance = 1e-6;

struct Pair {
  double feature, label;
};

std::vector<Pair> pairs_of(const ml::Dataset& rows, std::size_t column) {
  std::vector<Pair> out;
  for (std::size_t row = 0; row < rows.rows(); ++row)
    if (const double x = rows.features.at(row, column); !std::isnan(x))
      out.push_back({x, rows.labels[row]});
  return out;
}

std::size_t ones_of(const std::vector<Pair>& pairs) {
  return static_cast<std::size_t>(
      std::ranges::count_if(pairs, [](const Pair& pair) { return pair.label != 0; }));
}

bool enough_rows(const std::vector<Pair>& pairs, ml::Objective objective) {
  if (pairs.size() < kLeastRows) return false;
  if (objective == ml::Objective::regression) return true;
  const std::size_t ones = ones_of(pairs);
  return std::min(ones, pairs.size() - ones) >= kLeastOfAClass;
}

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", value);
  return text;
}

std::string affine_text(double slope, double intercept) {
  if (std::abs(slope - 1) < kTolerance && std::abs(intercept) < kTolerance) return "the label";
  std::string text = slope == 1 ? "label" : number(slope) + " * label";
  if (intercept != 0) text += (intercept < 0 ? " - " : " + ") + number(std::abs(intercept));
  return text;
}

/// feature = slope * label + intercept in every row: the line through the extremes of the label.
std::optional<std::string> affine_map(const std::vector<Pair>& pairs) {
  const auto [low, high] = std::ranges::minmax_element(pairs, {}, &Pair::label);
  const double range = high->label - low->label;
  if (!(range > 0) || high->feature == low->feature) return std::nullopt;
  const double slope = (high->feature - low->feature) / range;
  const double intercept = low->feature - slope * low->label;
  const double allowed = kTolerance * std::abs(high->feature - low->feature);
  const bool fits = std::ranges::all_of(pairs, [&](const Pair& pair) {
    return std::abs(slope * pair.label + intercept - pair.feature) <= allowed;
  });
  if (!fits) return std::nullopt;
  return affine_text(slope, intercept);
}

enum class Order { none, constant, of_label };

/// Whether the rows in order of the feature are in order of the label, rising or falling, and rows
/// of one value have one label; constant where all labels are equal.
Order order_of(std::vector<Pair> pairs) {
  std::ranges::sort(pairs, [](const Pair& a, const Pair& b) {
    return a.feature != b.feature ? a.feature < b.feature : a.label < b.label;
  });
  bool rises = true, falls = true, differs = false;
  for (std::size_t i = 1; i < pairs.size(); ++i) {
    const bool same_feature = pairs[i].feature == pairs[i - 1].feature;
    const double step = pairs[i].label - pairs[i - 1].label;
    if (same_feature && step != 0) return Order::none;
    rises = rises && step >= 0;
    falls = falls && step <= 0;
    differs = differs || step != 0;
  }
  if (!differs) return Order::constant;
  return rises || falls ? Order::of_label : Order::none;
}

bool has_order_of_label(const std::vector<Pair>& pairs) {
  // Nearly every feature is ruled out by a few rows, which saves the sort of all.
  constexpr std::size_t kFew = 1000;
  std::vector<Pair> few;
  for (std::size_t i = 0; i < pairs.size(); i += pairs.size() / kFew + 1) few.push_back(pairs[i]);
  return order_of(std::move(few)) != Order::none && order_of(pairs) == Order::of_label;
}

std::size_t distinct_labels(const std::vector<Pair>& pairs) {
  std::vector<double> labels;
  for (const Pair& pair : pairs) labels.push_back(pair.label);
  std::ranges::sort(labels);
  return static_cast<std::size_t>(std::unique(labels.begin(), labels.end()) - labels.begin());
}

bool is_missing_with_label(const ml::Dataset& rows, std::size_t column, double label) {
  for (std::size_t row = 0; row < rows.rows(); ++row)
    if (std::isnan(rows.features.at(row, column)) != (rows.labels[row] == label)) return false;
  return true;
}

std::optional<Leak> leak_of(const ml::Dataset& rows, std::size_t column, ml::Objective objective) {
  const std::string& name = rows.feature_names[column];
  const auto pairs = pairs_of(rows, column);
  const bool binary = objective == ml::Objective::binary;
  const std::string where = " in all " + std::to_string(pairs.size()) + " rows that have a value";
  if (enough_rows(pairs, objective))
    if (const auto map = affine_map(pairs)) return Leak{name, true, "is " + *map + where};
  if (rows.rows() < kLeastRowsOfAPattern) return std::nullopt;
  if (binary && (is_missing_with_label(rows, column, 0) || is_missing_with_label(rows, column, 1)))
    return Leak{name, false, "is missing exactly in the rows of one class"};
  const bool judged = pairs.size() >= kLeastRowsOfAPattern && enough_rows(pairs, objective) &&
                      (binary || distinct_labels(pairs) >= kLeastRowsOfAPattern / 2);
  if (judged && has_order_of_label(pairs))
    return Leak{name, false,
                (binary ? "separates the two classes without an error"
                        : "has the same order as the label") +
                    where};
  return std::nullopt;
}

}  // namespace

std::vector<Leak> find_leaks(const ml::Dataset& rows, ml::Objective objective) {
  std::vector<Leak> out;
  for (std::size_t column = 0; column < rows.feature_names.size(); ++column)
    if (auto leak = leak_of(rows, column, objective)) out.push_back(*std::move(leak));
  return out;
}

}  // namespace millrace::operators
