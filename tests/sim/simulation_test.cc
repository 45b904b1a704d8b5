// The production planner and leader under simulated chaos. On a failure, see its script with
//   ./run sim --seed N --shrink
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <set>
#include <variant>

#include "engine/base/fields.h"
#include "engine/base/log.h"
#include "tests/sim/mix.h"
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
    for (const auto& [kind, count] : verdict.tally.effects_by_kind)
      tally.effects_by_kind[kind] += count;
  }
  // The chaos must have happened for its absence of harm to mean anything.
  EXPECT_GT(tally.runs, 2000);
  EXPECT_GT(tally.attempts, 10'000);
  EXPECT_GT(tally.effects, 1000);
  EXPECT_GT(tally.rejected, 500);
  EXPECT_EQ(tally.effects_by_kind.size(), std::variant_size_v<Effect>)
      << "an effect was never drawn";
  for (const auto& [kind, count] : tally.effects_by_kind) EXPECT_GT(count, 50) << kind;
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

TEST_F(Simulation, EachSeedDrawsAMixOfItsOwn) {
  std::set<std::string> mixes;
  std::array<int, kHappenings> absent{};
  int sound_stores = 0;
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    const Mix mix = draw_mix(seed);
    mixes.insert(to_string(mix));
    for (std::size_t i = 0; i < kHappenings; ++i) absent[i] += mix.steps[i] == 0;
    sound_stores += std::ranges::all_of(mix.store, [](double share) { return share == 0; });
  }
  EXPECT_EQ(mixes.size(), 500u);
  for (const auto happening : {Happening::crash, Happening::freeze, Happening::clock_jump})
    EXPECT_GT(absent[static_cast<std::size_t>(happening)], 100) << name_of(happening);
  EXPECT_GT(sound_stores, 0);
  EXPECT_EQ(absent[static_cast<std::size_t>(Happening::user)], 0);
}

TEST_F(Simulation, ASeedRepeatsExactly) {
  const Verdict first = simulate({.seed = 42}), second = simulate({.seed = 42});
  EXPECT_EQ(first.tally.events, second.tally.events);
  EXPECT_EQ(first.tally.attempts, second.tally.attempts);
  EXPECT_EQ(first.chaos.store_faults, second.chaos.store_faults);
}

}  // namespace
}  // namespace millrace::sim
