// A pool gives its slots by priority, as ninja's pools and Airflow's do: "priority_weight defines
// priorities in the executor queue" (Airflow, "Priority Weights"; a greater weight goes first). How
// many attempts are handed out ahead follows Little's law: L = λW, so an attempt that takes W with
// L in hand takes W · slots / L alone.
#include "engine/core/planner/pool.h"

#include <gtest/gtest.h>

#include "engine/core/planner/pools.h"

namespace millrace {
namespace {

using std::chrono::milliseconds;

PoolOptions slots(int count) {
  return {.name = "process", .executor = std::string(kProcessExecutor), .slots = count};
}

struct Room {
  const char* name;
  std::vector<int> waiting;  // priorities of attempts that have not begun
  int begun;
  int priority;  // of the next one
  bool at_most_once;
  int usual_ms;  // how long attempts take with all that is in hand; -1: none has ended yet
  bool expected;
};

/// Two slots, and three attempts more for each while attempts alone take less than 50 ms.
const Room kRooms[] = {
    {"AFreeSlot", {}, 1, 0, false, -1, true},
    {"AllBusyAndNothingKnown", {}, 2, 0, false, -1, false},
    {"AllBusyWithLongOnes", {}, 2, 0, false, 60, false},
    {"AllBusyWithShortOnes", {}, 2, 0, false, 40, true},
    // Four in hand, 90 ms each: 45 ms alone.
    {"ShortOnesThatWaitForEachOther", {0, 0}, 2, 0, false, 90, true},
    {"LongOnesThatWaitForEachOther", {0, 0}, 2, 0, false, 120, false},
    {"AsManyAheadAsThereMayBe", {0, 0, 0, 0, 0, 0}, 2, 0, false, 1, false},
    {"AnUrgentOneBeforeThoseAhead", {0, 0, 0, 0, 0, 0}, 2, 1, false, 1, true},
    {"AnUrgentOneBeforeAnotherThatHasNotBegun", {0}, 1, 5, false, -1, true},
    {"AnUrgentOneDoesNotStopWhatHasBegun", {}, 2, 5, false, -1, false},
    {"NoLessUrgentOneWaits", {5, 5}, 0, 5, false, -1, false},
    {"AtMostOnceWaitsForASlot", {}, 2, 0, true, 1, false},
    {"AtMostOnceTakesAFreeSlot", {}, 1, 0, true, 1, true},
};

class PoolRoom : public ::testing::TestWithParam<Room> {};

TEST_P(PoolRoom, IsThereForTheNext) {
  const Room& room = GetParam();
  PoolOptions options = slots(2);
  options.ahead_per_slot = 3;
  Pool pool(options);
  for (int i = 0; i < room.begun; ++i) {
    pool.dispatch(0);
    pool.begin(0);
  }
  for (const int priority : room.waiting) pool.dispatch(priority);
  if (room.usual_ms >= 0) pool.note_length(milliseconds{room.usual_ms});
  EXPECT_EQ(pool.has_room(room.priority, room.at_most_once), room.expected);
  EXPECT_EQ(pool.in_hand(), room.begun + static_cast<int>(room.waiting.size()));
  EXPECT_EQ(pool.waiting(), static_cast<int>(room.waiting.size()));
}

INSTANTIATE_TEST_SUITE_P(All, PoolRoom, ::testing::ValuesIn(kRooms),
                         [](const auto& room) { return room.param.name; });

TEST(Pool, HandsNothingAheadWithoutBeingToldTo) {
  Pool pool(slots(1));
  pool.dispatch(0);
  pool.note_length(milliseconds{1});
  EXPECT_FALSE(pool.has_room(0, false));
  EXPECT_EQ(pool.slack(), Duration::zero());
}

TEST(Pool, ResultsMayWaitWhileMoreIsInHandThanThereAreSlots) {
  PoolOptions options = slots(1);
  options.ahead_per_slot = 4;
  Pool pool(options);
  pool.dispatch(0);
  pool.note_length(milliseconds{30});
  EXPECT_EQ(pool.slack(), Duration::zero());
  pool.dispatch(0);
  EXPECT_EQ(pool.slack(), Duration{milliseconds{10}}) << "a third of the usual length";
  pool.note_length(std::chrono::seconds{60});
  EXPECT_EQ(pool.slack(), Duration{milliseconds{25}}) << "and never longer than a person sees";
}

TEST(Pool, AClosedOneHasNoRoom) {
  Pool pool(slots(4));
  pool.set_open(false);
  EXPECT_FALSE(pool.has_room(9, false));
  pool.set_open(true);
  EXPECT_TRUE(pool.has_room(0, false));
  EXPECT_FALSE(Pool(slots(0)).has_room(9, false));
}

TEST(Pool, TheMoreUrgentIsReadyFirstThenTheFirstThatCame) {
  Pool pool(slots(1));
  pool.ready().insert({0, 1, {}, {1, -1}});
  pool.ready().insert({5, 3, {}, {3, -1}});
  pool.ready().insert({5, 2, {}, {2, -1}});
  std::vector<int> order;
  for (const Ready& next : pool.ready()) order.push_back(next.ref.task);
  EXPECT_EQ(order, (std::vector<int>{2, 3, 1}));
}

class PoolsTest : public ::testing::Test {
 protected:
  static AttemptKey key(int task, int attempt = 1) { return {Uuid{1, 1}, {task, -1}, attempt, 1}; }

  Pools pools_{{slots(2),
                {.name = "thread",
                 .executor = std::string(kThreadExecutor),
                 .slots = 8,
                 .begins_at_once = true}}};
};

TEST_F(PoolsTest, AnExecutorHasItsPoolAndOthersTheFirst) {
  EXPECT_EQ(pools_.index_of(kProcessExecutor), 0u);
  EXPECT_EQ(pools_.index_of(kThreadExecutor), 1u);
  EXPECT_EQ(pools_.index_of("slurm"), 0u);
}

TEST_F(PoolsTest, AnAttemptHoldsItsPlaceUntilItsEnd) {
  pools_.dispatch(key(1), {.pool = 0, .priority = 3});
  pools_.dispatch(key(2), {.pool = 1, .begun = true});
  EXPECT_EQ(pools_.in_hand(), 2);
  EXPECT_EQ(pools_.waiting(), 1);
  EXPECT_TRUE(pools_.begin(key(1)));
  EXPECT_TRUE(pools_.begin(key(1))) << "told twice";
  EXPECT_EQ(pools_.waiting(), 0);
  EXPECT_FALSE(pools_.begin(key(1, 2)));
  EXPECT_EQ(pools_.end(key(1))->priority, 3);
  EXPECT_FALSE(pools_.end(key(1)));
  EXPECT_EQ(pools_.of_run(Uuid{1, 1}), std::vector{key(2)});
  EXPECT_TRUE(pools_.end(key(2)));
  EXPECT_EQ(pools_.in_hand(), 0);
}

TEST_F(PoolsTest, OneThatNeverBeganLeavesNothingBehind) {
  pools_.dispatch(key(1), {.pool = 0, .priority = 3});
  EXPECT_TRUE(pools_.end(key(1)));
  EXPECT_EQ(pools_.waiting(), 0);
  EXPECT_EQ(pools_.queued(), 0);
}

TEST_F(PoolsTest, ABlockedInstanceIsReadyWhenItsAttemptHasEnded) {
  pools_.dispatch(key(1), {.pool = 0});
  pools_.begin(key(1));
  pools_.block({0, 1, Uuid{1, 1}, {1, -1}}, 0);
  EXPECT_EQ(pools_.queued(), 1);
  EXPECT_TRUE(pools_[0].ready().empty());
  pools_.dispatch(key(2), {.pool = 0});
  pools_.end(key(2));
  EXPECT_TRUE(pools_[0].ready().empty()) << "another instance's";
  pools_.end(key(1));
  EXPECT_EQ(pools_[0].ready().size(), 1u);
  EXPECT_EQ(pools_.of_instance(Uuid{1, 1}, {1, -1}), std::nullopt);
}

}  // namespace
}  // namespace millrace
