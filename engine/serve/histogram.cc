#include "engine/serve/histogram.h"

#include <algorithm>
#include <numeric>

namespace millrace::serve {

void LatencyHistogram::add(std::int64_t latency_us) {
  const auto* bound = std::ranges::lower_bound(kLatencyBoundsUs, latency_us);
  ++counts[static_cast<std::size_t>(bound - std::begin(kLatencyBoundsUs))];
  sum_us += static_cast<double>(latency_us);
}

void LatencyHistogram::merge(const LatencyHistogram& other) {
  for (std::size_t i = 0; i < counts.size(); ++i) counts[i] += other.counts[i];
  sum_us += other.sum_us;
}

std::int64_t LatencyHistogram::total() const {
  return std::accumulate(counts.begin(), counts.end(), std::int64_t{0});
}

double LatencyHistogram::quantile_us(double q) const {
  const double rank = q * static_cast<double>(total());
  if (rank <= 0) return 0;
  double below = 0;
  for (std::size_t i = 0; i < kBounds; ++i) {
    const auto here = static_cast<double>(counts[i]);
    if (below + here >= rank) {
      const auto low = i == 0 ? 0.0 : static_cast<double>(kLatencyBoundsUs[i - 1]);
      const auto high = static_cast<double>(kLatencyBoundsUs[i]);
      return low + (high - low) * (rank - below) / here;
    }
    below += here;
  }
  return static_cast<double>(kLatencyBoundsUs[kBounds - 1]);
}

}  // namespace millrace::serve
