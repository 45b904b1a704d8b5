#include "engine/ml/distribution.h"

#include <boost/math/distributions/binomial.hpp>
#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/distributions/normal.hpp>
#include <cmath>
#include <limits>

namespace millrace::ml {
namespace {

using boost::math::policies::domain_error;
using boost::math::policies::ignore_error;
using boost::math::policies::overflow_error;
using boost::math::policies::policy;
/// Values, not exceptions, at the edges.
using Quiet = policy<domain_error<ignore_error>, overflow_error<ignore_error>>;

const boost::math::normal_distribution<double, Quiet> kNormal(0, 1);

}  // namespace

double normal_upper(double z) { return std::erfc(z / std::sqrt(2.0)) / 2; }

double normal_quantile(double p) {
  if (p <= 0) return -std::numeric_limits<double>::infinity();
  if (p >= 1) return std::numeric_limits<double>::infinity();
  return quantile(kNormal, p);
}

double chi_squared_upper(double x, double degrees) {
  if (x <= 0) return 1;
  const boost::math::chi_squared_distribution<double, Quiet> chi_squared(degrees);
  return cdf(complement(chi_squared, x));
}

double binomial_cdf(std::uint64_t successes, std::uint64_t trials, double p) {
  if (successes >= trials) return 1;
  const boost::math::binomial_distribution<double, Quiet> binomial(static_cast<double>(trials), p);
  return cdf(binomial, static_cast<double>(successes));
}

double kolmogorov_upper(double x) {
  if (std::isnan(x)) return x;
  // Below 0.04 the sum is 1 to the last digit, and its terms do not fall off.
  if (x < 0.04) return 1;
  if (x < 1) {  // the other form of the theta function, which converges fast for small x
    const double pi = 3.14159265358979323846, scale = pi * pi / (8 * x * x);
    double sum = 0;
    for (int k = 1; k < 40; k += 2) sum += std::exp(-k * k * scale);
    return 1 - std::sqrt(2 * pi) / x * sum;
  }
  double sum = 0;
  for (int k = 1; k < 40; ++k) sum += (k % 2 ? 2 : -2) * std::exp(-2.0 * k * k * x * x);
  return sum;
}

}  // namespace millrace::ml
