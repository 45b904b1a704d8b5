#include "engine/sched/commands_seen.h"

#include <gtest/gtest.h>

#include "engine/base/clock.h"

namespace millrace {
namespace {

using HandOver = CommandsSeen::HandOver;
using std::chrono::milliseconds;

class CommandsSeenTest : public ::testing::Test {
 protected:
  static CommandsSeen::TimePoint at(int ms) { return CommandsSeen::TimePoint(milliseconds{ms}); }
  Uuid new_id() { return Uuid::v7(Time{}, rng_); }

  CommandsSeen seen_{at(-1)};

 private:
  Rng rng_{1};
};

TEST_F(CommandsSeenTest, WhatWasHandedOverIsNotReadUntilItsAnswerIsDurable) {
  const Uuid id = new_id();
  EXPECT_EQ(HandOver::take, seen_.hand_over(id, at(0), at(1)));
  EXPECT_FALSE(seen_.read(id, at(2)));
  EXPECT_TRUE(seen_.read(new_id(), at(2)));
  seen_.answers_are_durable();
  EXPECT_TRUE(seen_.read(id, at(3))) << "whoever reads it now has not seen its answer";
}

TEST_F(CommandsSeenTest, WhatWasReadIsNotTakenAsHandedOver) {
  const Uuid id = new_id();
  EXPECT_TRUE(seen_.read(id, at(10)));
  seen_.answers_are_durable();
  EXPECT_EQ(HandOver::seen, seen_.hand_over(id, at(0), at(20)));
}

TEST_F(CommandsSeenTest, AHandOverThatTookLongIsLookedUp) {
  EXPECT_EQ(HandOver::take, seen_.hand_over(new_id(), at(0), at(999)));
  EXPECT_EQ(HandOver::too_late, seen_.hand_over(new_id(), at(0), at(1000)));
}

TEST_F(CommandsSeenTest, AHandOverOfBeforeTheTermIsLookedUp) {
  CommandsSeen later(at(100));
  EXPECT_EQ(HandOver::too_late, later.hand_over(new_id(), at(100), at(101)));
  EXPECT_EQ(HandOver::take, later.hand_over(new_id(), at(101), at(101)));
}

// The last moment at which a hand-over is believed comes before what was read is forgotten.
TEST_F(CommandsSeenTest, WhatWasReadIsRememberedForAsLongAsAHandOverIsBelieved) {
  const Uuid id = new_id();
  EXPECT_TRUE(seen_.read(id, at(0)));
  EXPECT_TRUE(seen_.read(new_id(), at(999)));
  EXPECT_EQ(HandOver::seen, seen_.hand_over(id, at(0), at(999)));
  EXPECT_TRUE(seen_.read(new_id(), at(1001)));  // forgets
  EXPECT_EQ(HandOver::too_late, seen_.hand_over(id, at(0), at(1001)));
}

}  // namespace
}  // namespace millrace
