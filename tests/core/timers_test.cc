// Timers keep their remaining time when the wall clock is set: as timerfd_create(2) has it for
// CLOCK_MONOTONIC, which "is not affected by discontinuous changes in the system clock".
#include "engine/core/planner/timers.h"

#include <gtest/gtest.h>

namespace millrace {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

const Time kStart = *parse_rfc3339("2001-02-01T00:00:00Z");

Timer timer_in(Duration from_now, int task = 0) {
  return {kStart + from_now, Uuid{1, 1}, {task, -1}, 1, TimerKind::retry, {}};
}

TEST(Timers, TheEarliestIsTakenFirst) {
  Timers timers;
  for (const int minute : {3, 1, 2}) timers.add(timer_in(minutes{minute}, minute));
  EXPECT_EQ(timers.next(), kStart + minutes{1});
  EXPECT_FALSE(timers.take_due(kStart + minutes{1} - Duration{1}));
  EXPECT_EQ(timers.take_due(kStart + minutes{2})->ref.task, 1);
  EXPECT_EQ(timers.take_due(kStart + minutes{2})->ref.task, 2);
  EXPECT_FALSE(timers.take_due(kStart + minutes{2}));
  EXPECT_EQ(timers.next(), kStart + minutes{3});
}

TEST(Timers, ARemovedOneNeverComes) {
  Timers timers;
  timers.clock_was_set(hours{1});
  const Timer added = timers.add(timer_in(minutes{5}));
  timers.remove(added);
  EXPECT_FALSE(timers.next());
  EXPECT_FALSE(timers.take_due(kStart + hours{100}));
}

struct Jump {
  Duration by;
  Duration passed;  // since the timer of ten minutes was added, without the jump
  bool due;
};

TEST(Timers, AJumpOfTheClockChangesNoRemainingTime) {
  const Jump jumps[] = {
      {hours{0}, minutes{9}, false},    {hours{0}, minutes{10}, true},
      {hours{24}, minutes{9}, false},   {hours{24}, minutes{10}, true},
      {-hours{24}, minutes{9}, false},  {-hours{24}, minutes{10}, true},
      {hours{8760}, minutes{0}, false}, {-hours{8760}, minutes{11}, true},
  };
  for (const auto& jump : jumps) {
    SCOPED_TRACE(jump.by.count());
    Timers timers;
    timers.add(timer_in(minutes{10}));
    timers.clock_was_set(jump.by);
    EXPECT_EQ(timers.next(), kStart + minutes{10} + jump.by);
    EXPECT_EQ(timers.take_due(kStart + jump.by + jump.passed).has_value(), jump.due);
  }
}

TEST(Timers, OneAddedAfterAJumpCountsFromTheNewClock) {
  Timers timers;
  timers.clock_was_set(-hours{3});
  timers.add(timer_in(minutes{10}));
  EXPECT_EQ(timers.next(), kStart + minutes{10});
  EXPECT_FALSE(timers.take_due(kStart + minutes{9}));
  EXPECT_TRUE(timers.take_due(kStart + minutes{10}));
}

}  // namespace
}  // namespace millrace
