// The model is explored whole: the engine as it is keeps every invariant in every state that two
// engines and two tasks can come to, and each variant without a protection breaks the one that it
// is there for.
#include <gtest/gtest.h>

#include <iostream>

#include "tests/model/explore.h"

namespace millrace::model {
namespace {

TEST(Model, TheEngineKeepsEveryInvariantInEveryState) {
  std::size_t states = 0;
  for (const Bounds& bounds : standard_worlds()) {
    const Findings findings = explore(Rules{}, bounds);
    std::cout << findings.text() << "\n";
    EXPECT_EQ("none", to_string(findings.broken)) << findings.text();
    EXPECT_TRUE(findings.complete);
    states += findings.states;
  }
  EXPECT_GT(states, 100'000u);
}

TEST(Model, SaysWhenItGaveUp) {
  Bounds bounds;
  bounds.most_states = 100;
  EXPECT_FALSE(explore(Rules{}, bounds).complete);
}

class Broken : public ::testing::TestWithParam<Variant> {};

TEST_P(Broken, VariantFailsByTheInvariantThatItsProtectionIsFor) {
  const Findings findings = explore(GetParam().rules, GetParam().bounds);
  std::cout << findings.text() << "\n";
  EXPECT_EQ(to_string(GetParam().breaks), to_string(findings.broken));
  EXPECT_GT(findings.trace.size(), 0u);
  EXPECT_LT(findings.trace.size(), 20u);
}

std::string case_name(const ::testing::TestParamInfo<Variant>& info) { return info.param.name; }
INSTANTIATE_TEST_SUITE_P(Without, Broken, ::testing::ValuesIn(broken_variants()), case_name);

}  // namespace
}  // namespace millrace::model
