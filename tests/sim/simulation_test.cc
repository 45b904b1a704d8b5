// The production planner and leader under simulated chaos. On a failure, repeat it alone with
//   millrace_sim --seed N
#include <gtest/gtest.h>

#include "tests/sim/world.h"

namespace millrace::sim {
namespace {

TEST(Simulation, FiveHundredSeedsKeepEveryPromise) {
  int runs = 0, crashes = 0, takeovers = 0, faults = 0, attempts = 0;
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    const Verdict verdict = simulate({.seed = seed});
    ASSERT_EQ(verdict.violation, "") << "seed " << seed;
    runs += verdict.runs;
    crashes += verdict.crashes;
    takeovers += verdict.takeovers;
    faults += verdict.store_faults;
    attempts += verdict.attempts;
  }
  // The chaos must have happened for its absence of harm to mean anything.
  EXPECT_GT(runs, 2000);
  EXPECT_GT(crashes, 1000);
  EXPECT_GT(takeovers, 2000);
  EXPECT_GT(faults, 2000);
  EXPECT_GT(attempts, 10'000);
}

TEST(Simulation, ASeedRepeatsExactly) {
  const Verdict first = simulate({.seed = 42}), second = simulate({.seed = 42});
  EXPECT_EQ(first.events, second.events);
  EXPECT_EQ(first.attempts, second.attempts);
  EXPECT_EQ(first.store_faults, second.store_faults);
}

/// True if within 100 seeds the oracle notices that `removed` is missing.
bool is_caught(Removed removed) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed)
    if (!simulate({.seed = seed, .removed = removed}).violation.empty()) return true;
  return false;
}

TEST(Simulation, TheOracleNoticesAMissingEpochFence) {
  EXPECT_TRUE(is_caught(Removed::journal_fence));
}

TEST(Simulation, TheOracleNoticesAnAppendThatIsNotExactlyOnce) {
  EXPECT_TRUE(is_caught(Removed::exactly_once_append));
}

}  // namespace
}  // namespace millrace::sim
