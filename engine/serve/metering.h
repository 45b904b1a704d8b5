// Metering: what each version of each model did, in one-second windows for the store and as totals
// for Prometheus.
//
// The business metric of a version is the mean score of its outcomes: business_sum / outcomes, and
// a variance from business_sum_squares. Thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/mutex.h"
#include "engine/base/time.h"
#include "engine/serve/histogram.h"
#include "engine/store/rows.h"

namespace millrace::serve {

/// The role of a version that a client named itself. It is no sample of the traffic: it counts in
/// the totals, and in no window.
inline constexpr std::string_view kDirect = "direct";

/// One version in one role ("champion", "baseline", "candidate" or kDirect).
struct SeriesKey {
  std::string model;
  std::string artifact;
  std::string role;
  friend auto operator<=>(const SeriesKey&, const SeriesKey&) = default;
};

/// How a prediction is scored against its outcome; a higher score is better.
enum class BusinessMetric {
  negative_squared_error,  // -(outcome - prediction)^2: the negative Brier score of a probability
  hit,                     // 1 if both are on the same side of 0.5, else 0
};
double score(BusinessMetric metric, double prediction, double outcome);

struct SeriesTotals {
  std::int64_t requests = 0;
  std::int64_t errors = 0;
  LatencyHistogram latency;
  std::vector<std::int64_t> predictions;  // counts; bounds: prediction_bounds()
  double prediction_sum = 0;
  std::int64_t outcomes = 0;
  double business_sum = 0;
};

/// Upper bounds of the prediction histogram: tenths for probabilities, powers of ten (of either
/// sign) for numbers; one more bucket takes what is above.
const std::vector<double>& prediction_bounds(bool probability);

class Metering {
 public:
  explicit Metering(Duration window = std::chrono::seconds(1)) : window_(window) {}

  /// One answered request: its predictions are those of its rows; none for a failure.
  struct Answer {
    std::int64_t latency_us = 0;
    bool ok = true;
    bool probability = true;
    const std::vector<double>* predictions = nullptr;  // borrowed for the call
  };
  /// `revision` is that of the deployment which was served; a window holds one revision.
  void answered(const SeriesKey& key, int version, const Answer& answer, Time now,
                std::int64_t revision = 0);
  void outcome(const SeriesKey& key, int version, double score, Time now,
               std::int64_t revision = 0);
  /// The circuit breaker opened.
  void tripped(const SeriesKey& key, int version, Time now, std::int64_t revision = 0);

  /// Windows that have ended, or all that hold something (`everything`); they are the caller's
  /// then. A window ends when the clock shows another one, earlier or later: the clock may be set.
  std::vector<ServingWindow> take_windows(Time now, bool everything = false);
  /// Windows lost because the store was away for hours.
  std::int64_t dropped_windows() const;

  struct Series {
    SeriesKey key;
    int version = 0;
    bool probability = true;
    SeriesTotals totals;
  };
  /// Totals since the start, by key.
  std::vector<Series> totals() const;

 private:
  struct State {
    Series series;
    ServingWindow window;
    LatencyHistogram latency;  // of the window
    bool used = false;         // the window holds something
  };
  State& state(const SeriesKey& key, int version, Time now, std::int64_t revision) REQUIRES(mutex_);
  Time start_of(Time now) const { return Time{now.time_since_epoch() / window_ * window_}; }
  void close(State& state) REQUIRES(mutex_);

  const Duration window_;
  mutable Mutex mutex_;
  std::map<SeriesKey, State> states_ GUARDED_BY(mutex_);
  std::vector<ServingWindow> closed_ GUARDED_BY(mutex_);
  std::int64_t dropped_windows_ GUARDED_BY(mutex_) = 0;
};

}  // namespace millrace::serve
