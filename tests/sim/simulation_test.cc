// The production planner and leader under simulated chaos. On a failure, see its script with
//   ./run sim --seed N --shrink
#include <gtest/gtest.h>

#include "engine/base/log.h"
#include "tests/sim/world.h"

namespace millrace::sim {
namespace {

class Simulation : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { log::configure(log::Severity::error, log::Format::text); }
};

TEST_F(Simulation, FiveHundredSeedsKeepEveryPromise) {
  Chaos sum;
  oracle::Tally tally;
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    const Verdict verdict = simulate({.seed = seed});
    ASSERT_EQ(verdict.violation, "") << "seed " << seed;
    const Chaos& c = verdict.chaos;
    sum.crashes += c.crashes;
    sum.resignations += c.resignations;
    sum.freezes += c.freezes;
    sum.runner_deaths += c.runner_deaths;
    sum.clock_jumps += c.clock_jumps;
    sum.takeovers += c.takeovers;
    sum.store_faults += c.store_faults;
    sum.slow_calls += c.slow_calls;
    sum.late_appends += c.late_appends;
    sum.deploys += c.deploys;
    tally.runs += verdict.tally.runs;
    tally.attempts += verdict.tally.attempts;
    tally.effects += verdict.tally.effects;
    tally.rejected += verdict.tally.rejected;
  }
  // The chaos must have happened for its absence of harm to mean anything.
  EXPECT_GT(tally.runs, 2000);
  EXPECT_GT(tally.attempts, 10'000);
  EXPECT_GT(tally.effects, 1000);
  EXPECT_GT(tally.rejected, 500);
  EXPECT_GT(sum.crashes, 1000);
  EXPECT_GT(sum.takeovers, 2000);
  EXPECT_GT(sum.store_faults, 2000);
  EXPECT_GT(sum.slow_calls, 200);
  EXPECT_GT(sum.late_appends, 200);
  EXPECT_GT(sum.resignations, 200);
  EXPECT_GT(sum.freezes, 1000);
  EXPECT_GT(sum.runner_deaths, 500);
  EXPECT_GT(sum.clock_jumps, 500);
  EXPECT_GT(sum.deploys, 500);
}

TEST_F(Simulation, ASeedRepeatsExactly) {
  const Verdict first = simulate({.seed = 42}), second = simulate({.seed = 42});
  EXPECT_EQ(first.tally.events, second.tally.events);
  EXPECT_EQ(first.tally.attempts, second.tally.attempts);
  EXPECT_EQ(first.chaos.store_faults, second.chaos.store_faults);
}

}  // namespace
}  // namespace millrace::sim
