#include "engine/base/suggest.h"

#include <gtest/gtest.h>

namespace millrace {
namespace {

TEST(Suggest, FindsTheSlipAndNothingFarther) {
  const std::vector<std::string> names = {"validate", "train", "evaluate"};
  EXPECT_EQ(nearest("valdate", names), "validate");
  EXPECT_EQ(nearest("trian", names), "train");
  EXPECT_EQ(nearest("kubernetes", names), "");
  EXPECT_EQ(did_you_mean("evalaute", names), "; did you mean 'evaluate'?");
}

}  // namespace
}  // namespace millrace
