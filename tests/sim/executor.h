// An Executor on simulated time: an attempt ends when the clock passes its end, with an outcome
// drawn from the seed.
#pragma once

#include <map>
#include <vector>

#include "engine/base/clock.h"
#include "engine/core/executor.h"

namespace millrace::sim {

/// The simulation's clock: stands still until it is moved. Single-threaded.
class FakeClock final : public Clock {
 public:
  explicit FakeClock(Time start) : now_(start) {}
  Time now() const override { return now_; }
  std::chrono::steady_clock::time_point steady() const override {
    return std::chrono::steady_clock::time_point(now_.time_since_epoch());
  }
  void advance_to(Time time) { now_ = std::max(now_, time); }

 private:
  Time now_;
};

class FakeExecutor final : public Executor {
 public:
  FakeExecutor(FakeClock& clock, Rng& rng) : clock_(clock), rng_(rng) {}

  void on_report(Report) override {}
  void start(std::vector<StartAttempt> attempts) override;
  void cancel(const AttemptKey& key) override;
  void kill_all() override { running_.clear(); }

  /// When the next attempt ends; nullopt: none is running.
  std::optional<Time> next_end() const;
  /// Attempts that have ended by now, in an order drawn from the seed.
  std::vector<AttemptResult> take_ended();
  std::size_t started() const { return started_; }

 private:
  struct Running {
    Time end;
    AttemptResult result;
  };
  Result<Outcome> draw_outcome(const StartAttempt& attempt);

  FakeClock& clock_;
  Rng& rng_;
  std::map<AttemptKey, Running> running_;
  std::size_t started_ = 0;
};

}  // namespace millrace::sim
