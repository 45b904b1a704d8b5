// A runner that was stopped (SIGSTOP) answers nothing and does not end. What it has begun ends by
// its deadline, and what it has not begun goes to another runner.
#include <signal.h>

#include "tests/exec/pool_fixture.h"

namespace millrace::test {
namespace {

class RunnerStopped : public PoolTest {
 protected:
  RunnerStopped() {
    config_.slots = 1;
    config_.silence_limit = 24h;  // a sign of life is not what these tests wait for
    config_.begin_limit = 24h;
  }
  /// An attempt that a stopped runner has and has not begun; the other slot is free.
  StartAttempt given_to_stopped_runner() {
    config_.slots = 2;
    stopped_runner();
    const auto start = attempt("echo", Json::object(), 1);
    pool().start({start, attempt("echo", Json::object(), 2)});
    auto other = start.key;
    other.ref.task = 2;
    outputs(wait(other));
    EXPECT_FALSE(reported(start.key));
    return start;
  }
  /// Of a runner that is idle and stopped.
  std::int64_t stopped_runner() {
    const auto pid = outputs(run(attempt("echo", Json::object(), 90)))["pid"].as_int();
    EXPECT_EQ(kill(static_cast<pid_t>(pid), SIGSTOP), 0);
    return pid;
  }
};

TEST_F(RunnerStopped, AnotherRunnerGetsWhatItHasNotBegun) {
  config_.begin_limit = 500ms;
  const auto stopped = stopped_runner();
  const auto start = attempt("echo");
  EXPECT_NE(outputs(run(start))["pid"].as_int(), stopped);
  EXPECT_FALSE(lost(start.key));
  EXPECT_TRUE(ended(static_cast<int>(stopped)));
}

// A task that waits is looked at by attempts with a checkpoint; a timeout that is shorter than the
// begin limit is no reason to end one that has not begun.
TEST_F(RunnerStopped, ALookThatItHasNotBegunIsNeitherLateNorLost) {
  config_.begin_limit = 1500ms;
  const auto stopped = stopped_runner();
  auto look = attempt("echo");
  look.info.checkpoint = Json::object({{"step", 2}});
  look.timeout = 1s;
  const Json seen = outputs(run(look));
  EXPECT_EQ(seen["checkpoint"], look.info.checkpoint);
  EXPECT_NE(seen["pid"].as_int(), stopped);
}

TEST_F(RunnerStopped, WhatItHasNotBegunIsCancelledAtOnce) {
  const auto start = given_to_stopped_runner();
  pool().cancel(start.key, false);
  EXPECT_EQ(wait(start.key).error().code, ErrorCode::cancelled);
  EXPECT_FALSE(has_begun(start.key));
}

// It cannot answer that it gives something back.
TEST_F(RunnerStopped, WhatWasHandedAheadToItGoesToOthers) {
  config_.slots = 2;
  const auto stops = attempt("die", Json::object({{"how", "stop"}}));
  std::vector<StartAttempt> all = {stops};
  for (int i = 1; i <= 20; ++i) all.push_back(attempt("echo", Json::object(), i));
  pool().start(all);
  for (std::size_t i = 1; i < all.size(); ++i) outputs(wait(all[i].key));
  EXPECT_FALSE(reported(stops.key));
  pool().cancel(stops.key, true);
  EXPECT_EQ(wait(stops.key).error().code, ErrorCode::cancelled);
}

// It is stopped before the engine has looked whether it began.
TEST_F(RunnerStopped, ItsDeadlineCountsFromItsBegin) {
  auto start = attempt("die", Json::object({{"how", "stop"}}));
  start.timeout = 300ms;
  start.grace = 0ms;
  const auto before = clock_.now();
  EXPECT_EQ(run(start).error().code, ErrorCode::timeout);
  ASSERT_TRUE(has_begun(start.key));
  EXPECT_GE(began_.at(start.key), before);
  EXPECT_GE(clock_.now() - began_.at(start.key), 300ms);
}

TEST_F(RunnerStopped, NothingThatItHasNotBegunKeepsADrainWaiting) {
  const auto start = given_to_stopped_runner();
  pool().hold();
  EXPECT_FALSE(wait(start.key).ok());
  EXPECT_TRUE(lost(start.key));
  EXPECT_FALSE(has_begun(start.key));
}

}  // namespace
}  // namespace millrace::test
