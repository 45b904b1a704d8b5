// SimClock: stands still until it is moved. Wall time may jump; steady time only goes on.
#pragma once

#include "engine/base/clock.h"

namespace millrace::sim {

/// Single-threaded.
class SimClock final : public Clock {
 public:
  explicit SimClock(Time start) : start_(start) {}
  Time now() const override { return start_ + passed_ + jumped_; }
  std::chrono::steady_clock::time_point steady() const override {
    return std::chrono::steady_clock::time_point(passed_);
  }
  /// Steady time, for people and for comparisons.
  Duration passed() const { return passed_; }
  void pass(Duration duration) { passed_ += duration; }
  /// Somebody sets the wall clock.
  void jump(Duration by) { jumped_ += by; }

 private:
  Time start_;
  Duration passed_{}, jumped_{};
};

}  // namespace millrace::sim
