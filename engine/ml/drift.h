// Has a column changed? Distances between a reference sample and a current one.
//
// Pure functions, thread-safe. NaN is missing: it has a bin of its own in counts, and the distances
// of samples leave it out. Errors: data_invalid for empty samples and infinities, invalid_argument
// for sizes that do not fit.
//
// Sources: population stability index, Siddiqi 2006 ("Credit Risk Scorecards"): below 0.1 stable,
// above 0.25 shifted. Jensen-Shannon distance (natural logarithm, square root of the divergence),
// Endres and Schindelin 2003 (IEEE Trans. Inf. Theory 49). Kolmogorov-Smirnov with the limiting
// distribution, Smirnov 1948. Wasserstein: the area between the two distribution functions,
// Vallender 1974.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/base/result.h"

namespace millrace::ml {

/// Inner edges that cut the reference into at most `bins` parts of equal share, rising and
/// distinct. Empty where the values do not differ. Bins: 2 … 1000.
Result<std::vector<double>> quantile_edges(std::span<const double> reference,
                                           std::size_t bins = 10);

/// edges.size() + 2 counts: value <= edges[0], …, value > the last edge, and missing.
std::vector<std::uint64_t> count_bins(std::span<const double> values,
                                      std::span<const double> edges);

/// Of counts over the same bins (or categories). An empty bin counts as a share of 0.0001.
Result<double> population_stability_index(std::span<const std::uint64_t> reference,
                                          std::span<const std::uint64_t> current);
/// 0 (equal) … 0.8326 (sqrt of ln 2: nothing in common).
Result<double> jensen_shannon_distance(std::span<const std::uint64_t> reference,
                                       std::span<const std::uint64_t> current);

struct KolmogorovSmirnov {
  double statistic;  // the largest gap between the two distribution functions
  double p_value;    // asymptotic: good from some dozens of rows each, conservative with ties
};
Result<KolmogorovSmirnov> ks_test(std::span<const double> reference,
                                  std::span<const double> current);

/// In units of the column.
Result<double> wasserstein_distance(std::span<const double> reference,
                                    std::span<const double> current);
/// Over the standard deviation of the reference (at least 0.001), so that columns compare.
Result<double> normed_wasserstein_distance(std::span<const double> reference,
                                           std::span<const double> current);

}  // namespace millrace::ml
