// Clock and Rng: time and chance, handed in by constructor so that a test owns them.
#pragma once

#include <chrono>
#include <cstdint>

#include "engine/base/time.h"

namespace millrace {

/// Thread-safe. `now` is for records and schedules and may jump; `steady` is for durations and
/// never goes back.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Time now() const = 0;
  virtual std::chrono::steady_clock::time_point steady() const = 0;
};

/// The machine's clock. The only place that reads it.
class SystemClock final : public Clock {
 public:
  Time now() const override;
  std::chrono::steady_clock::time_point steady() const override;
};

/// xoshiro256** seeded by splitmix64 (Blackman and Vigna). Not thread-safe; not for secrets.
class Rng {
 public:
  explicit Rng(std::uint64_t seed);
  std::uint64_t next();
  /// Uniform in [0, 1).
  double uniform();
  /// Uniform in [0, bound); bound > 0.
  std::uint64_t below(std::uint64_t bound);

 private:
  std::uint64_t state_[4];
};

/// Entropy from the operating system, to seed an Rng in `main`.
std::uint64_t system_entropy();

}  // namespace millrace
