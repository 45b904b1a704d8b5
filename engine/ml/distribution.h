// Distribution functions of the tests in compare.h and drift.h. Pure, thread-safe, never throw;
// NaN in gives NaN out.
#pragma once

#include <cstdint>

namespace millrace::ml {

/// 1 - cdf, without loss in the tail.
double normal_upper(double z);
/// -infinity at 0 and below, +infinity at 1 and above.
double normal_quantile(double p);
/// P(X >= x). REQUIRES: degrees > 0.
double chi_squared_upper(double x, double degrees);
/// P(X <= successes). REQUIRES: 0 <= p <= 1.
double binomial_cdf(std::uint64_t successes, std::uint64_t trials, double p);
/// P(K >= x) of Kolmogorov's limiting distribution.
double kolmogorov_upper(double x);

}  // namespace millrace::ml
