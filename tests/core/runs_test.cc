// Which runs are open, and which of one DAG may begin: "max_active_runs: the maximum number of
// active DAG runs, beyond this number of DAG runs in a running state, the scheduler won't create
// new active DAG runs" (Airflow, airflow.models.dag). Ours exist, and wait in the order of their
// creation.
#include "engine/core/planner/runs.h"

#include <gtest/gtest.h>

namespace millrace {
namespace {

millrace::Run make(std::uint64_t number, RunStatus status = RunStatus::running) {
  millrace::Run out;
  out.id = Uuid{1, number};
  out.status = status;
  return out;
}

class RunsTest : public ::testing::Test {
 protected:
  void end(std::uint64_t number) {
    runs_.find(Uuid{1, number})->status = RunStatus::success;
    runs_.finish(Uuid{1, number});
  }

  Runs runs_;
};

TEST_F(RunsTest, AFinishedRunIsReadableUntilItIsForgotten) {
  runs_.add(make(2));
  runs_.add(make(1));
  EXPECT_EQ(runs_.ids(), (std::vector{Uuid{1, 1}, Uuid{1, 2}}));
  end(1);
  EXPECT_EQ(runs_.open(), 1);
  EXPECT_NE(runs_.find(Uuid{1, 1}), nullptr);
  EXPECT_EQ(runs_.find_open(Uuid{1, 1}), nullptr);
  runs_.forget_finished();
  EXPECT_EQ(runs_.find(Uuid{1, 1}), nullptr);
  EXPECT_NE(runs_.find_open(Uuid{1, 2}), nullptr);
  EXPECT_EQ(runs_.open(), 1);
}

TEST_F(RunsTest, AnOldRunThatIsOpenedAgainIsNotForgotten) {
  runs_.add(make(1, RunStatus::failed));
  EXPECT_EQ(runs_.open(), 0);
  runs_.find(Uuid{1, 1})->status = RunStatus::running;
  runs_.reopen(Uuid{1, 1});
  EXPECT_EQ(runs_.open(), 1);
  runs_.forget_finished();
  EXPECT_NE(runs_.find_open(Uuid{1, 1}), nullptr);
}

TEST_F(RunsTest, ABrokenRunIsRefusedWithItsReason) {
  runs_.restore_broken(Uuid{1, 3}, "event 7 is missing");
  EXPECT_TRUE(runs_.check_in_order(Uuid{1, 1}));
  const Status refused = runs_.check_in_order(Uuid{1, 3});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::conflict);
  EXPECT_NE(refused.error().message.find("out of order: event 7 is missing"), std::string::npos);
}

TEST(RunQueueTest, HeldRunsBeginInTheirOrderAsOthersEnd) {
  constexpr RunLimits kTwo{.max_active = 2};
  RunQueue queue;
  for (std::uint64_t number = 1; number <= 5; ++number) {
    if (queue.may_begin(kTwo, false))
      queue.begin(Uuid{1, number}, false);
    else
      queue.hold(Uuid{1, number}, false);
    EXPECT_EQ(queue.is_full(2), number >= 2);
  }
  EXPECT_EQ(queue.active(), 2);
  EXPECT_TRUE(queue.holds(Uuid{1, 3}));
  EXPECT_FALSE(queue.take_next(kTwo)) << "no room";
  queue.end(Uuid{1, 4});  // it was cancelled while it was held back
  EXPECT_FALSE(queue.take_next(kTwo));
  queue.end(Uuid{1, 1});
  EXPECT_EQ(queue.take_next(kTwo), (Uuid{1, 3}));
  queue.begin(Uuid{1, 3}, false);
  EXPECT_FALSE(queue.take_next(kTwo));
  queue.end(Uuid{1, 2});
  queue.end(Uuid{1, 3});
  EXPECT_EQ(queue.take_next(kTwo), (Uuid{1, 5}));
  EXPECT_FALSE(queue.take_next(kTwo));
  EXPECT_EQ(queue.active(), 0);
}

TEST(RunQueueTest, ScheduledRunsThatStayApartWaitForEachOtherAlone) {
  constexpr RunLimits kApart{.max_active = 9, .apart = true};
  const Uuid first{1, 1}, second{1, 2}, manual{1, 3};
  RunQueue queue;
  queue.begin(first, true);
  EXPECT_FALSE(queue.may_begin(kApart, true));
  EXPECT_TRUE(queue.may_begin(kApart, false)) << "one that a user asked for";
  EXPECT_TRUE(queue.may_begin({.max_active = 9}, true)) << "a DAG that lets them overlap";
  queue.hold(second, true);
  queue.hold(manual, false);
  EXPECT_EQ(queue.held_scheduled(), std::vector{second});
  EXPECT_EQ(queue.take_next(kApart), manual);
  queue.end(first, true);
  EXPECT_FALSE(queue.take_next(kApart)) << "programs of the first still run";
  queue.gone(first);
  EXPECT_EQ(queue.take_next(kApart), second);
}

}  // namespace
}  // namespace millrace
