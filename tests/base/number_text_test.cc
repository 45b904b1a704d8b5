#include "engine/base/number_text.h"

#include <gtest/gtest.h>

#include <limits>

namespace millrace {
namespace {

TEST(NumberText, WholeNumbersHaveNoPoint) {
  EXPECT_EQ(number_text(500), "500");
  EXPECT_EQ(number_text(-3), "-3");
  EXPECT_EQ(number_text(0), "0");
}

TEST(NumberText, OthersReadAsInJson) {
  EXPECT_EQ(number_text(0.05), "0.05");
  EXPECT_EQ(number_text(1e-9), "1e-09");
  EXPECT_EQ(number_text(1e300), "1e+300");
  EXPECT_EQ(number_text(std::numeric_limits<double>::infinity()), "null");
}

}  // namespace
}  // namespace millrace
