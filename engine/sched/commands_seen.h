// CommandsSeen: which commands a leader has had lately, so that one which comes by two ways, read
// from the inbox and handed over by who submitted it, is handled once.
//
// An answer in the journal keeps a command out of every later reading. So what has to be known is
// small: what was handed over and has no durable answer yet, against readings; and what was read
// while a hand-over could still be on its way, against hand-overs. A hand-over that took longer
// than `kLongest` is not trusted any more, nor one of before this term of leadership: another
// leader may have handled it.
#pragma once

#include <chrono>
#include <deque>
#include <set>

#include "engine/base/id.h"

namespace millrace {

/// Not thread-safe. Times are of a clock that never goes back.
class CommandsSeen {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::seconds kLongest{1};

  /// After `since` no other engine leads.
  explicit CommandsSeen(TimePoint since) : since_(since) {}

  enum class HandOver { take, seen, too_late };
  /// `take`: handle it now; it counts as seen. `seen`: it has been handled. `too_late`: nobody
  /// knows; read the inbox. `asked`: when its submission began.
  HandOver hand_over(const Uuid& command, TimePoint asked, TimePoint now);
  /// False: it was handed over, and its answer was not durable when the inbox was read.
  bool read(const Uuid& command, TimePoint now);
  /// Every answer so far can be seen by the next reading.
  void answers_are_durable() { unanswered_.clear(); }

 private:
  const TimePoint since_;
  std::set<Uuid> unanswered_;  // handed over
  std::set<Uuid> read_;
  std::deque<std::pair<TimePoint, Uuid>> read_in_order_;
};

}  // namespace millrace
