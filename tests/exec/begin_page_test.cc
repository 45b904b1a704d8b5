#include "engine/exec/begin_page.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <thread>

namespace millrace::exec {
namespace {

class BeginPageTest : public ::testing::Test {
 protected:
  BeginPage engine_;
  BeginPage runner_{dup(engine_.fd())};
};

TEST_F(BeginPageTest, TellsWhatTheRunnerHasBegun) {
  ASSERT_TRUE(engine_.usable() && runner_.usable());
  engine_.give(0, 7);
  EXPECT_FALSE(engine_.begun(0, 7));
  const auto before = std::chrono::steady_clock::now();
  EXPECT_TRUE(runner_.begin(0, 7));
  ASSERT_TRUE(engine_.begun(0, 7));
  EXPECT_GE(*engine_.begun(0, 7), before);
  EXPECT_FALSE(engine_.take_back(0, 7));
  EXPECT_FALSE(engine_.begun(1, 7));
}

TEST_F(BeginPageTest, WhatWasTakenBackIsNotBegun) {
  engine_.give(1, 7);
  EXPECT_TRUE(engine_.take_back(1, 7));
  EXPECT_FALSE(runner_.begin(1, 7));
  // Also when another attempt has its place.
  engine_.give(1, 8);
  EXPECT_FALSE(runner_.begin(1, 7));
  EXPECT_TRUE(runner_.begin(1, 8));
  EXPECT_FALSE(engine_.begun(1, 7));
  EXPECT_FALSE(engine_.take_back(1, 7));
}

TEST_F(BeginPageTest, OneOfTheTwoGetsAnAttemptNeverBoth) {
  for (std::int64_t id = 1; id <= 200; ++id) {
    engine_.give(0, id);
    bool begun = false;
    std::thread runner([&] { begun = runner_.begin(0, id); });
    const bool taken = engine_.take_back(0, id);
    runner.join();
    ASSERT_NE(begun, taken) << id;
    ASSERT_EQ(engine_.begun(0, id).has_value(), begun) << id;
  }
}

}  // namespace
}  // namespace millrace::exec
