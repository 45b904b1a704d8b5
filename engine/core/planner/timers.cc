#include "engine/core/planner/timers.h"

namespace millrace {

std::optional<Timer> Timers::take_due(Time now) {
  if (timers_.empty() || timers_.begin()->at > monotonic(now)) return std::nullopt;
  const Timer due = *timers_.begin();
  timers_.erase(timers_.begin());
  return due;
}

std::optional<Time> Timers::next() const {
  if (timers_.empty()) return std::nullopt;
  return timers_.begin()->at + clock_set_by_;
}

}  // namespace millrace
