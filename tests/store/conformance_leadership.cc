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

TEST_P(StoreTest, AClockThatIsSetBackDoesNotKeepADeadLeaderInOffice) {
  lead("one");
  clock().pass(-std::chrono::hours{1});
  EXPECT_TRUE(stores().leadership.acquire(kMainShard, "two", seconds{10})->has_value());
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
