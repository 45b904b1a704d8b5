#include <thread>

#include "tests/store/conformance.h"

namespace millrace::testing {
namespace {

using std::chrono::seconds;

TEST_P(StoreTest, OneLeadsUntilItsLeaseLapses) {
  Leadership& leadership = stores().leadership;
  const auto first = leadership.acquire("main", "one", seconds{10});
  ASSERT_OK(first);
  ASSERT_TRUE(first->has_value());
  EXPECT_EQ(Duration{seconds{10}}, (*first)->ttl);

  EXPECT_FALSE(leadership.acquire("main", "two", seconds{10})->has_value());  // the first sighting
  clock().pass(seconds{9});
  const auto early = leadership.acquire("main", "two", seconds{10});
  ASSERT_OK(early);
  EXPECT_FALSE(early->has_value());

  clock().pass(seconds{1});
  const auto second = leadership.acquire("main", "two", seconds{10});
  ASSERT_OK(second);
  ASSERT_TRUE(second->has_value());
  EXPECT_GT((*second)->epoch, (*first)->epoch);
}

// When a lease was renewed last, an asker knows only from when it has begun to watch.
TEST_P(StoreTest, AStandbyWatchesForALeaseBeforeItTakesOver) {
  lead("one");
  clock().pass(seconds{60});
  EXPECT_FALSE(stores().leadership.acquire(kMainShard, "two", seconds{10})->has_value());
  clock().pass(seconds{5});
  EXPECT_FALSE(stores().leadership.acquire(kMainShard, "three", seconds{10})->has_value());
  clock().pass(seconds{5});
  EXPECT_FALSE(stores().leadership.acquire(kMainShard, "three", seconds{10})->has_value());
  EXPECT_TRUE(stores().leadership.acquire(kMainShard, "two", seconds{10})->has_value());
}

TEST_P(StoreTest, RenewingKeepsTheLease) {
  Leadership& leadership = stores().leadership;
  const std::int64_t epoch = lead("one");
  for (int i = 0; i < 5; ++i) {
    clock().pass(seconds{8});
    ASSERT_OK(leadership.renew(kMainShard, epoch, seconds{10}));
    EXPECT_FALSE(leadership.acquire(kMainShard, "two", seconds{10})->has_value());
  }
  clock().pass(seconds{60});
  EXPECT_OK(leadership.renew(kMainShard, epoch, seconds{10}));  // lapsed, but nobody took over
  EXPECT_FALSE(leadership.acquire(kMainShard, "two", seconds{10})->has_value());
}

// With two engines, each set clock deposed a healthy leader, and its tasks ran again.
TEST_P(StoreTest, ASetClockNeitherDeposesALeaderNorKeepsADeadOneInOffice) {
  Leadership& leadership = stores().leadership;
  const std::int64_t epoch = lead("one");
  for (const Duration by :
       {Duration(std::chrono::hours{1}), Duration(-std::chrono::hours{1}),
        Duration(std::chrono::hours{40 * 24}), Duration(-std::chrono::hours{40 * 24})}) {
    clock().set(by);
    for (int i = 0; i < 4; ++i) {
      EXPECT_FALSE(leadership.acquire(kMainShard, "two", seconds{10})->has_value());
      clock().pass(seconds{4});
      EXPECT_FALSE(leadership.acquire(kMainShard, "two", seconds{10})->has_value());
      ASSERT_OK(leadership.renew(kMainShard, epoch, seconds{10}));
    }
  }
  clock().set(-std::chrono::hours{1});
  EXPECT_FALSE(leadership.acquire(kMainShard, "two", seconds{10})->has_value());
  clock().pass(seconds{10});
  EXPECT_TRUE(leadership.acquire(kMainShard, "two", seconds{10})->has_value());
}

TEST_P(StoreTest, ARenewalWithoutTimeIsSeenAsWell) {
  Leadership& leadership = stores().leadership;
  const std::int64_t epoch = lead("one");
  EXPECT_FALSE(leadership.acquire(kMainShard, "two", seconds{10})->has_value());
  clock().pass(seconds{10});
  clock().set(-seconds{10});  // the end of the lease would be what it was
  ASSERT_OK(leadership.renew(kMainShard, epoch, seconds{10}));
  EXPECT_FALSE(leadership.acquire(kMainShard, "two", seconds{10})->has_value());
}

TEST_P(StoreTest, AFormerSelfThatIsKnownToBeDeadIsNotWaitedFor) {
  const std::int64_t before = lead("one");
  Leadership& leadership = stores().leadership;
  EXPECT_FALSE(leadership.acquire(kMainShard, "two", seconds{10}, "zero")->has_value());
  const auto lease = leadership.acquire(kMainShard, "two", seconds{10}, "one");
  ASSERT_TRUE(lease->has_value());
  EXPECT_GT((*lease)->epoch, before);
}

TEST_P(StoreTest, AnOldEpochCanNeitherRenewNorRelease) {
  const std::int64_t old_epoch = lead("one");
  clock().pass(seconds{11});
  const std::int64_t epoch = lead("two");
  Leadership& leadership = stores().leadership;
  EXPECT_CODE(ErrorCode::fenced, leadership.renew(kMainShard, old_epoch, seconds{10}));
  EXPECT_CODE(ErrorCode::fenced, leadership.release(kMainShard, old_epoch));
  EXPECT_CODE(ErrorCode::fenced, leadership.renew("nowhere", epoch, seconds{10}));
  EXPECT_OK(leadership.renew(kMainShard, epoch, seconds{10}));
}

TEST_P(StoreTest, AReleasedLeaseIsFreeAtOnceAndFenced) {
  Leadership& leadership = stores().leadership;
  const std::int64_t old_epoch = lead("one");
  ASSERT_OK(leadership.release(kMainShard, old_epoch));
  EXPECT_CODE(ErrorCode::fenced, leadership.renew(kMainShard, old_epoch, seconds{10}));
  EXPECT_CODE(ErrorCode::fenced, leadership.release(kMainShard, old_epoch));
  EXPECT_CODE(ErrorCode::fenced, stores().journal.append(batch({event({}, RunCancelRequested{})})));
  EXPECT_GT(lead("two"), old_epoch);
}

TEST_P(StoreTest, TheSameOwnerMayAcquireAnewUnderAGreaterEpoch) {
  const std::int64_t before = lead("one");
  EXPECT_GT(lead("one"), before);
}

TEST_P(StoreTest, ShardsAreLedIndependently) {
  lead("one");
  const auto other = stores().leadership.acquire("other", "two", seconds{10});
  ASSERT_OK(other);
  EXPECT_TRUE(other->has_value());
}

TEST_P(StoreTest, OfManyAtOnceOneBecomesLeader) {
  std::atomic<int> leaders = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&, i] {
      const auto lease =
          stores().leadership.acquire(kMainShard, "owner" + std::to_string(i), seconds{10});
      if (lease.ok() && lease->has_value()) ++leaders;
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(1, leaders);
}

}  // namespace
}  // namespace millrace::testing
