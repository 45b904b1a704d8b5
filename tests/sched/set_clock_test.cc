// The leader sees that the clock was set by comparing it with steady time.
#include <gtest/gtest.h>

#include "engine/sched/leader.h"
#include "engine/store/command.h"
#include "engine/store/mem_store.h"

namespace millrace {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;

class TwoClocks final : public Clock {
 public:
  Time now() const override { return from_micros(1'000'000'000'000'000) + passed_ + set_; }
  std::chrono::steady_clock::time_point steady() const override {
    return std::chrono::steady_clock::time_point(passed_);
  }
  void pass(Duration duration) { passed_ += duration; }
  void set(Duration by) { set_ += by; }

 private:
  Duration passed_{}, set_{};
};

class FakeExecutor final : public Executor {
 public:
  void on_report(Report) override {}
  void start(std::vector<StartAttempt> attempts) override {
    started += static_cast<int>(attempts.size());
  }
  void cancel(const AttemptKey&, bool) override { ++cancelled; }
  void kill_all() override {}
  int started = 0, cancelled = 0;
};

/// A term of leadership in which a task with a timeout of ten minutes is running.
class LeaderAndClock : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto lease = store_.stores().leadership.acquire(kMainShard, "one", hours{10});
    ASSERT_TRUE(lease.ok() && lease->has_value());
    PlannerOptions options;
    options.executor_of = [](const std::string&) {
      return kThreadExecutor;
    };  // of others the executor knows it
    auto leader = Leader::take_office(options, **lease, store_.stores(), executor_, clock_, Rng(1));
    ASSERT_TRUE(leader.ok());
    leader_ = *std::move(leader);
    DagSpec spec;
    spec.id = "clock";
    spec.tasks.resize(1);
    spec.tasks[0].id = "only";
    spec.tasks[0].op = "fake";
    spec.tasks[0].timeout = minutes{10};
    auto dag = Dag::make(std::move(spec));
    ASSERT_TRUE(dag.ok());
    RegisterDag registered;
    registered.dag = std::make_shared<const Dag>(*std::move(dag));
    step({registered});
    Command asked = make_command(TriggerRun{.dag = "clock"}, {});
    asked.id = Uuid{1, 1};
    ASSERT_TRUE(store_.stores().inbox.submit(asked).ok());
    step({CommandsWaiting{}});
    ASSERT_EQ(1, executor_.started);
  }
  void step(std::vector<Input> inputs = {}) { ASSERT_TRUE(leader_->step(std::move(inputs)).ok()); }

  TwoClocks clock_;
  MemStore store_{clock_};
  FakeExecutor executor_;
  std::unique_ptr<Leader> leader_;
};

TEST_F(LeaderAndClock, SetForwardItEndsNothing) {
  clock_.set(hours{1});
  step();
  EXPECT_EQ(0, executor_.cancelled);
  clock_.pass(minutes{10});
  step();
  EXPECT_EQ(1, executor_.cancelled);
}

TEST_F(LeaderAndClock, SetBackItHangsNothing) {
  clock_.set(-hours{1});
  step();
  clock_.pass(minutes{10});
  step();
  EXPECT_EQ(1, executor_.cancelled);
}

TEST_F(LeaderAndClock, AClockThatIsCorrectedABitIsNotSet) {
  const auto before = leader_->next_wakeup();
  clock_.set(milliseconds{300});
  step();
  EXPECT_EQ(before, leader_->next_wakeup());
}

}  // namespace
}  // namespace millrace
