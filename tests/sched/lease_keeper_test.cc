// A lease is given up in time, whatever the store does.
#include "engine/sched/lease_keeper.h"

#include <gtest/gtest.h>

#include <future>

namespace millrace {
namespace {

using std::chrono::milliseconds;

constexpr Lease kShort{7, milliseconds{300}};

/// Renews as the test says.
class Store final : public Leadership {
 public:
  explicit Store(std::function<Status()> renew) : renew_(std::move(renew)) {}
  Result<std::optional<Lease>> acquire(std::string_view, std::string_view, Duration,
                                       std::string_view) override {
    return std::optional<Lease>();
  }
  Status renew(std::string_view, std::int64_t epoch, Duration) override {
    EXPECT_EQ(epoch, kShort.epoch);
    return renew_();
  }
  Status release(std::string_view, std::int64_t) override { return {}; }

 private:
  std::function<Status()> renew_;
};

/// Blocks until the keeper has told of the loss.
void expect_lost(Leadership& store) {
  const SystemClock clock;
  std::promise<void> lost;
  LeaseKeeper keeper(store, "main", kShort, clock, clock.steady(), [&] { lost.set_value(); });
  lost.get_future().wait();
  EXPECT_FALSE(keeper.held());
}

TEST(LeaseKeeper, GivesUpThoughARenewalHangs) {
  std::promise<void> end;
  auto hangs = end.get_future().share();
  Store store([hangs]() -> Status {
    hangs.wait();
    return {};
  });
  const SystemClock clock;
  std::promise<void> lost;
  LeaseKeeper keeper(store, "main", kShort, clock, clock.steady(), [&] { lost.set_value(); });
  lost.get_future().wait();  // the renewal still hangs
  EXPECT_FALSE(keeper.held());
  end.set_value();
}

TEST(LeaseKeeper, GivesUpWhenAnotherLeads) {
  Store store([]() -> Status { return make_error(ErrorCode::fenced, "epoch 8 leads"); });
  expect_lost(store);
}

TEST(LeaseKeeper, GivesUpWhenTheStoreStaysAway) {
  int asked = 0;
  Store store([&]() -> Status {
    ++asked;
    return unavailable("away");
  });
  expect_lost(store);
  EXPECT_GT(asked, 1);
}

// A renewal that is under way while the lease is released finds that it has gone.
TEST(LeaseKeeper, DoesNotReportItsOwnReleaseAsALoss) {
  std::promise<void> asked, released;
  bool once = false;
  Store store([&]() -> Status {
    if (!std::exchange(once, true)) asked.set_value();
    released.get_future().wait();
    return make_error(ErrorCode::fenced, "epoch 7 of shard 'main' is not the current one");
  });
  const SystemClock clock;
  bool lost = false;
  {
    LeaseKeeper keeper(store, "main", kShort, clock, clock.steady(), [&] { lost = true; });
    asked.get_future().wait();
    EXPECT_TRUE(keeper.release());
    EXPECT_FALSE(keeper.held());
    released.set_value();
  }
  EXPECT_FALSE(lost);
}

TEST(LeaseKeeper, HoldsOnWhileItIsRenewed) {
  std::promise<void> renewed;
  int times = 0;
  Store store([&]() -> Status {
    if (++times == 10) renewed.set_value();
    return {};
  });
  const SystemClock clock;
  bool lost = false;
  {
    LeaseKeeper keeper(store, "main", kShort, clock, clock.steady(), [&] { lost = true; });
    renewed.get_future().wait();  // three times as long as the lease lasts without it
    EXPECT_TRUE(keeper.held());
  }
  EXPECT_FALSE(lost);
}

}  // namespace
}  // namespace millrace
