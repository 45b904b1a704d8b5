#include "engine/ml/drift.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

#include "engine/ml/distribution.h"

namespace millrace::ml {
namespace {

/// The values that are there, rising.
Result<std::vector<double>> sorted_values(std::span<const double> values, std::string_view which) {
  std::vector<double> out;
  out.reserve(values.size());
  for (const double x : values) {
    if (std::isinf(x))
      return data_invalid("the " + std::string(which) + " holds an infinite value");
    if (!std::isnan(x)) out.push_back(x);
  }
  if (out.empty()) return data_invalid("the " + std::string(which) + " holds no value");
  std::ranges::sort(out);
  return out;
}

/// The shares of the counts.
Result<std::vector<double>> shares(std::span<const std::uint64_t> counts, std::string_view which) {
  std::vector<double> out(counts.begin(), counts.end());
  const double total = std::accumulate(out.begin(), out.end(), 0.0);
  if (!(total > 0)) return data_invalid("the " + std::string(which) + " counts nothing");
  for (double& share : out) share /= total;
  return out;
}

struct SharePair {
  std::vector<double> reference;
  std::vector<double> current;
};

Result<SharePair> share_pair(std::span<const std::uint64_t> reference,
                             std::span<const std::uint64_t> current) {
  if (reference.size() != current.size())
    return invalid_argument(std::to_string(reference.size()) + " bins of the reference for " +
                            std::to_string(current.size()) + " of the current sample");
  SharePair out;
  MR_TRY(out.reference, shares(reference, "reference"));
  MR_TRY(out.current, shares(current, "current sample"));
  return out;
}

/// Calls step(F(x), G(x), width to the next value) at each distinct value of either sample.
template <typename Step>
void walk(const std::vector<double>& a, const std::vector<double>& b, Step step) {
  std::size_t i = 0, j = 0;
  while (i < a.size() || j < b.size()) {
    const double x = j == b.size() || (i < a.size() && a[i] <= b[j]) ? a[i] : b[j];
    while (i < a.size() && a[i] == x) ++i;
    while (j < b.size() && b[j] == x) ++j;
    const double next = i == a.size() && j == b.size()                    ? x
                        : j == b.size() || (i < a.size() && a[i] <= b[j]) ? a[i]
                                                                          : b[j];
    step(static_cast<double>(i) / static_cast<double>(a.size()),
         static_cast<double>(j) / static_cast<double>(b.size()), next - x);
  }
}

double population_deviation(const std::vector<double>& values) {
  const auto n = static_cast<double>(values.size());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  double sum = 0;
  for (const double x : values) sum += (x - mean) * (x - mean);
  return std::sqrt(sum / n);
}

}  // namespace

Result<std::vector<double>> quantile_edges(std::span<const double> reference, std::size_t bins) {
  if (bins < 2 || bins > 1000)
    return invalid_argument(std::to_string(bins) + " bins; there must be 2 to 1000");
  MR_TRY(const auto values, sorted_values(reference, "reference"));
  std::vector<double> edges;
  for (std::size_t k = 1; k < bins; ++k) {
    const double edge = values[(values.size() - 1) * k / bins];
    if (edge < values.back() && (edges.empty() || edge > edges.back())) edges.push_back(edge);
  }
  return edges;
}

std::vector<std::uint64_t> count_bins(std::span<const double> values,
                                      std::span<const double> edges) {
  std::vector<std::uint64_t> counts(edges.size() + 2);
  for (const double x : values) {
    const auto bin =
        std::isnan(x)
            ? edges.size() + 1
            : static_cast<std::size_t>(std::ranges::lower_bound(edges, x) - edges.begin());
    ++counts[bin];
  }
  return counts;
}

Result<double> population_stability_index(std::span<const std::uint64_t> reference,
                                          std::span<const std::uint64_t> current) {
  MR_TRY(const auto pair, share_pair(reference, current));
  constexpr double kEmpty = 1e-4;
  double sum = 0;
  for (std::size_t k = 0; k < pair.reference.size(); ++k) {
    if (reference[k] == 0 && current[k] == 0) continue;
    const double p = std::max(pair.reference[k], kEmpty), q = std::max(pair.current[k], kEmpty);
    sum += (q - p) * std::log(q / p);
  }
  return sum;
}

Result<double> jensen_shannon_distance(std::span<const std::uint64_t> reference,
                                       std::span<const std::uint64_t> current) {
  MR_TRY(const auto pair, share_pair(reference, current));
  double divergence = 0;
  for (std::size_t k = 0; k < pair.reference.size(); ++k) {
    const double p = pair.reference[k], q = pair.current[k], middle = (p + q) / 2;
    if (p > 0) divergence += p * std::log(p / middle) / 2;
    if (q > 0) divergence += q * std::log(q / middle) / 2;
  }
  return std::sqrt(std::max(0.0, divergence));
}

Result<KolmogorovSmirnov> ks_test(std::span<const double> reference,
                                  std::span<const double> current) {
  MR_TRY(const auto a, sorted_values(reference, "reference"));
  MR_TRY(const auto b, sorted_values(current, "current sample"));
  double gap = 0;
  walk(a, b, [&](double f, double g, double) { gap = std::max(gap, std::abs(f - g)); });
  const auto n = static_cast<double>(a.size()), m = static_cast<double>(b.size());
  return KolmogorovSmirnov{gap, kolmogorov_upper(gap * std::sqrt(n * m / (n + m)))};
}

Result<double> wasserstein_distance(std::span<const double> reference,
                                    std::span<const double> current) {
  MR_TRY(const auto a, sorted_values(reference, "reference"));
  MR_TRY(const auto b, sorted_values(current, "current sample"));
  double area = 0;
  walk(a, b, [&](double f, double g, double width) { area += std::abs(f - g) * width; });
  return area;
}

Result<double> normed_wasserstein_distance(std::span<const double> reference,
                                           std::span<const double> current) {
  MR_TRY(const double distance, wasserstein_distance(reference, current));
  MR_TRY(const auto values, sorted_values(reference, "reference"));
  return distance / std::max(population_deviation(values), 1e-3);
}

}  // namespace millrace::ml
