// Timers: when task instances go on by themselves. They run by monotonic time: the wall clock minus
// all jumps seen since this planner started. A retry of 10 minutes stays one when the clock is set.
//
// Not thread-safe: a value, owned by the planner.
#pragma once

#include <optional>
#include <set>

#include "engine/base/id.h"
#include "engine/base/time.h"
#include "engine/core/events/common.h"

namespace millrace {

enum class TimerKind {
  retry,     // the next attempt may begin
  wake,      // a deferral is over
  deadline,  // an attempt runs too long
};

struct Timer {
  Time at{};
  Uuid run;
  TaskRef ref;
  int attempt = 0;
  TimerKind kind = TimerKind::retry;
  Time recorded{};  // the instance's `wake`, or `attempt_started` of a deadline: else it is stale
  friend auto operator<=>(const Timer&, const Timer&) = default;
};

class Timers {
 public:
  /// `timer.at` is by the wall clock. Returns the timer as it was added: `remove` takes that.
  Timer add(Timer timer) {
    timer.at = monotonic(timer.at);
    timers_.insert(timer);
    return timer;
  }
  void remove(const Timer& added) { timers_.erase(added); }
  /// The earliest that is due, if any.
  std::optional<Timer> take_due(Time now);
  /// When the next one is due, by the wall clock.
  std::optional<Time> next() const;

  /// The wall clock jumped by `by`. Deadlines, retries and deferrals keep their remaining time.
  void clock_was_set(Duration by) { clock_set_by_ += by; }
  Time monotonic(Time now) const { return now - clock_set_by_; }

 private:
  std::set<Timer> timers_;  // `at` is monotonic
  Duration clock_set_by_{};
};

}  // namespace millrace
