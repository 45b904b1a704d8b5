// LatencyHistogram: counts of latencies in the store's buckets (kLatencyBoundsUs), and percentiles
// out of them. A value type; not thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>

#include "engine/store/store.h"

namespace millrace::serve {

struct LatencyHistogram {
  static constexpr std::size_t kBounds = std::size(kLatencyBoundsUs);
  std::array<std::int64_t, kBounds + 1> counts{};
  double sum_us = 0;

  void add(std::int64_t latency_us);
  void merge(const LatencyHistogram& other);
  std::int64_t total() const;
  /// Interpolated within its bucket, as PromQL's histogram_quantile does: above the last bound it
  /// is that bound. 0 when empty. `q` in [0, 1].
  double quantile_us(double q) const;
};

}  // namespace millrace::serve
