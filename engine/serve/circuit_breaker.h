// CircuitBreaker: is a candidate so much worse than the champion that it must lose its traffic now?
//
// Compares a candidate with the champion in a sliding window of one-second slots, and trips
// once: a new candidate gets a new breaker. Two reasons:
//
//  - errors: the lower end of the Wilson score interval (Wilson 1927; z = 2.58, since it is asked
//    again and again) of the candidate's error rate is above the champion's rate plus a margin. So
//    twenty failures of twenty trip at once, and a few in a thousand never do.
//  - latency: the candidate's 95th percentile is above `latency_factor` times the champion's and
//  above
//    it by `latency_floor_us`, so that the noise of very fast models trips nothing.
//
// Only time that is handed in counts. Thread-safe.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/json.h"
#include "engine/base/mutex.h"
#include "engine/serve/histogram.h"

namespace millrace::serve {

struct BreakerConfig {
  int window_seconds = 10;             // 1 … 60
  std::int64_t min_requests = 20;      // of the candidate, before errors count
  std::int64_t min_for_latency = 200;  // of each side, before latency counts
  double error_margin = 0.02;
  double latency_factor = 3;
  std::int64_t latency_floor_us = 20'000;
};

/// Lower end of the Wilson score interval of `hits` in `trials`; 0 without a trial.
double wilson_lower(std::int64_t hits, std::int64_t trials, double z);

class CircuitBreaker {
 public:
  using Instant = std::chrono::steady_clock::time_point;
  enum class Side { champion, candidate };

  explicit CircuitBreaker(BreakerConfig config);

  /// Counts one answer. Returns the evidence if this one trips the breaker; once at most.
  std::optional<Json> record(Side side, bool ok, std::int64_t latency_us, Instant now);
  bool tripped() const;
  /// What it sees now: counts, rates, percentiles and the state, for people.
  Json describe(Instant now) const;

 private:
  struct Sums {
    std::int64_t requests = 0;
    std::int64_t errors = 0;
    LatencyHistogram latency;
    double error_rate() const {
      return requests == 0 ? 0 : static_cast<double>(errors) / static_cast<double>(requests);
    }
  };
  struct Slot {
    std::int64_t second = -1;
    std::array<Sums, 2> sides;
  };

  std::array<Sums, 2> sums(std::int64_t second) const REQUIRES(mutex_);
  std::optional<std::string> reason(const std::array<Sums, 2>& sides) const;
  Json evidence(const std::array<Sums, 2>& sides) const REQUIRES(mutex_);

  const BreakerConfig config_;
  mutable Mutex mutex_;
  std::vector<Slot> slots_ GUARDED_BY(mutex_);  // a ring, by second
  bool tripped_ GUARDED_BY(mutex_) = false;
};

}  // namespace millrace::serve
