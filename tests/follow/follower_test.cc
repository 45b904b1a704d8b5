// Durable followers: in order, at least once, from where the cursor is.
#include "engine/follow/follower.h"

#include <atomic>

#include "tests/follow/journal.h"

namespace millrace::testing {
namespace {

using namespace follow;

/// What a follower has been given, shared with its test.
struct Notes {
  Mutex mutex;
  ConditionVariable changed;
  std::vector<std::int64_t> seqs GUARDED_BY(mutex);
  int failures GUARDED_BY(mutex) = 0;  // of the next calls
  int calls GUARDED_BY(mutex) = 0;

  void fail(int times) {
    const MutexLock lock(mutex);
    failures = times;
  }
  std::vector<std::int64_t> taken() {
    const MutexLock lock(mutex);
    return seqs;
  }
  bool wait_for(std::int64_t seq) {
    MutexLock lock(mutex);
    return changed.wait_for(lock, std::chrono::seconds{20},
                            [&]() REQUIRES(mutex) { return !seqs.empty() && seqs.back() >= seq; });
  }
};

class Recorder final : public Follower {
 public:
  Recorder(std::shared_ptr<Notes> notes, RunsOn where) : notes_(std::move(notes)), where_(where) {}
  std::string_view name() const override { return "recorder"; }
  RunsOn runs_on() const override { return where_; }
  Status take(std::span<const Event> events) override {
    {
      const MutexLock lock(notes_->mutex);
      ++notes_->calls;
      if (notes_->failures > 0) {
        --notes_->failures;
        return unavailable("the receiver is away");
      }
      for (const auto& event : events) notes_->seqs.push_back(event.seq);
    }
    notes_->changed.notify_all();
    return {};
  }

 private:
  const std::shared_ptr<Notes> notes_;
  const RunsOn where_;
};

class FollowerTest : public FollowTest {
 protected:
  /// Follows until `last` has been taken, and stops.
  std::vector<std::int64_t> follow_until(std::int64_t last, RunsOn where = RunsOn::leader,
                                         int failures = 0) {
    const auto notes = std::make_shared<Notes>();
    notes->fail(failures);
    Feed feed(stores(), clock_);
    Followers followers(feed, stores(), clock_, {.engine = "a", .leading = [] { return true; }});
    followers.add(std::make_unique<Recorder>(notes, where));
    feed.start();
    followers.start();
    EXPECT_TRUE(notes->wait_for(last));
    followers.stop();
    feed.stop();
    return notes->taken();
  }
  static std::vector<std::int64_t> from_to(std::int64_t first, std::int64_t last) {
    std::vector<std::int64_t> seqs;
    for (; first <= last; ++first) seqs.push_back(first);
    return seqs;
  }
};

TEST_F(FollowerTest, GoesOnWhereItStopped) {
  const Uuid run = start_run();
  append(many(run, 1'500));
  EXPECT_EQ(from_to(1, 1'502), follow_until(1'502));
  EXPECT_EQ(1'502, **stores().cursors.cursor("recorder"));
  append(many(run, 3));
  EXPECT_EQ(from_to(1'503, 1'505), follow_until(1'505));
}

TEST_F(FollowerTest, OnEveryEngineEachHasACursor) {
  start_run();
  EXPECT_EQ(from_to(1, 2), follow_until(2, RunsOn::every_engine));
  EXPECT_EQ(2, **stores().cursors.cursor("recorder@a"));
  EXPECT_EQ(std::nullopt, *stores().cursors.cursor("recorder"));
}

TEST_F(FollowerTest, AfterAnErrorTheSameEventsComeAgain) {
  start_run();
  EXPECT_EQ(from_to(1, 2), follow_until(2, RunsOn::leader, 2));
}

TEST_F(FollowerTest, OfTheLeaderAloneRestsUntilThisEngineLeads) {
  const Uuid run = start_run();
  const auto notes = std::make_shared<Notes>();
  std::atomic<bool> leads{false};
  Told asked;
  Feed feed(stores(), clock_);
  Followers followers(feed, stores(), clock_, {.engine = "a", .leading = [&] {
                                                 asked();
                                                 return leads.load();
                                               }});
  followers.add(std::make_unique<Recorder>(notes, RunsOn::leader));
  feed.start();
  followers.start();
  EXPECT_TRUE(asked.wait_for(1));
  {
    const MutexLock lock(notes->mutex);
    EXPECT_EQ(0, notes->calls);
  }
  leads = true;
  append(many(run, 1));  // wakes it
  EXPECT_TRUE(notes->wait_for(3));
  EXPECT_EQ(from_to(1, 3), notes->taken());
  followers.stop();
  feed.stop();
}

TEST_F(FollowerTest, ASlowOneHoldsUpNoOther) {
  const Uuid run = start_run();
  const auto stuck = std::make_shared<Notes>(), quick = std::make_shared<Notes>();
  stuck->fail(1'000'000);
  Feed feed(stores(), clock_);
  Followers followers(feed, stores(), clock_, {.engine = "a", .leading = {}});
  followers.add(std::make_unique<Recorder>(stuck, RunsOn::leader));
  followers.add(std::make_unique<Recorder>(quick, RunsOn::every_engine));
  feed.start();
  followers.start();
  append(many(run, 10));
  EXPECT_TRUE(quick->wait_for(12));
  followers.stop();
  feed.stop();
  EXPECT_TRUE(stuck->taken().empty());
}

}  // namespace
}  // namespace millrace::testing
