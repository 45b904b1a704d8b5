#include "engine/core/planner/pool.h"

#include <algorithm>
#include <cassert>

namespace millrace {

int Pool::waiting_behind(int priority) const {
  int behind = 0;
  for (const auto& [other, count] : waiting_by_priority_)
    if (other < priority) behind += count;
  return behind;
}

bool Pool::has_room(int priority, bool at_most_once) const {
  const int slots = options_.slots;
  if (!open_ || slots == 0) return false;
  if (in_hand_ < slots) return true;
  // What has not begun and is less urgent lets this one go first.
  const int behind = waiting_behind(priority);
  if (behind > 0 && waiting_ - behind < slots) return true;
  // Where a dispatch may be the only one, there is none before a slot is free.
  if (at_most_once) return false;
  // `usual` includes the wait behind those ahead. By Little's law an attempt alone takes the share
  // of it that slots are of those in hand.
  const bool are_short = usual_ / in_hand_ * slots < options_.short_attempt;
  return are_short && in_hand_ - behind < slots * (1 + options_.ahead_per_slot);
}

void Pool::dispatch(int priority) {
  ++in_hand_;
  if (options_.begins_at_once) return;
  ++waiting_;
  ++waiting_by_priority_[priority];
}

void Pool::begin(int priority) {
  --waiting_;
  const auto count = waiting_by_priority_.find(priority);
  assert(count != waiting_by_priority_.end() && waiting_ >= 0 && "it was not waiting");
  if (--count->second == 0) waiting_by_priority_.erase(count);
}

/// A moving average; the first attempt counts whole.
void Pool::note_length(Duration taken) {
  constexpr int kWindow = 8;
  usual_ = usual_ == Duration::max() ? taken : usual_ + (taken - usual_) / kWindow;
}

Duration Pool::slack() const {
  constexpr Duration kMost = std::chrono::milliseconds{25};
  if (in_hand_ <= options_.slots || options_.ahead_per_slot == 0) return Duration::zero();
  // `usual` includes the wait behind those ahead: meanwhile a slot takes a third of what it has.
  return std::min(kMost, usual_ / 3);
}

}  // namespace millrace
