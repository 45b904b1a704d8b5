#include "engine/base/utf8.h"

#include <gtest/gtest.h>

namespace millrace {
namespace {

TEST(Utf8, ATextThatFitsIsNotShortened) {
  EXPECT_EQ(shortened("abc", 3), "abc");
  EXPECT_EQ(shortened("", 3), "");
}

TEST(Utf8, AShortenedTextEndsWithAnEllipsisWithinItsLimit) {
  EXPECT_EQ(shortened("abcdefgh", 6), "abc…");
}

// é has two bytes, of which the second does not fit.
TEST(Utf8, NoCodePointIsCutInTwo) { EXPECT_EQ(shortened("abéfgh", 6), "ab…"); }

}  // namespace
}  // namespace millrace
