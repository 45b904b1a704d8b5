#include "tests/sim/shrink.h"

#include <gtest/gtest.h>

#include "engine/base/log.h"

namespace millrace::sim {
namespace {

TEST(Shrink, WhatIsLeftBreaksTheSameRuleAndNothingInItIsIdle) {
  log::configure(log::Severity::error, log::Format::text);
  Options options{.chaos_steps = 60, .removed = Removed::exactly_once_append};
  while (simulate(options).violation.empty()) ++options.seed;
  const std::string rule = rule_of(simulate(options));
  const Shrunk shrunk = shrink(options);
  EXPECT_EQ(rule, rule_of(shrunk.verdict));
  EXPECT_LT(shrunk.tries, 3000);
  EXPECT_GE(shrunk.verdict.script.size(), 3u);
  EXPECT_LE(shrunk.verdict.script.size(), 20u);
  for (const Line& line : shrunk.verdict.script) {
    Options without = options;
    without.left_out = shrunk.left_out;
    if (line.decision.step == options.chaos_steps) continue;  // the calm at the end
    without.left_out.insert(line.decision);
    EXPECT_NE(rule, rule_of(simulate(without))) << line.text;
  }
}

TEST(Shrink, AStepLeftOutChangesNoOtherDraw) {
  Script whole(7, {}, false), shorter(7, {{1, -1}}, false);
  EXPECT_TRUE(whole.begin_step(1));
  EXPECT_FALSE(shorter.begin_step(1));
  whole.rng().next();
  EXPECT_TRUE(whole.begin_step(2));
  EXPECT_TRUE(shorter.begin_step(2));
  EXPECT_EQ(whole.rng().next(), shorter.rng().next());
}

}  // namespace
}  // namespace millrace::sim
