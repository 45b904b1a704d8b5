#include "engine/serve/traffic.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

namespace millrace::serve {
namespace {

// FNV-1a test vectors of its authors: http://www.isthe.com/chongo/src/fnv/test_fnv.c
TEST(Traffic, HashIsFnv1a) {
  EXPECT_EQ(0x811c9dc5u, fnv1a32(""));
  EXPECT_EQ(0xe40c292cu, fnv1a32("a"));
  EXPECT_EQ(0xbf9cf968u, fnv1a32("foobar"));
}

// Run from @growthbook/growthbook 1.8.0 (npm), hashVersion 2: hash("my-test", "1"), hash("exp",
// "user-42").
TEST(Traffic, PlaceIsThatOfGrowthBook) {
  EXPECT_DOUBLE_EQ(0.1871, place("my-test", "1"));
  EXPECT_DOUBLE_EQ(0.8121, place("exp", "user-42"));
}

TEST(Traffic, EachShareGetsItsPart) {
  constexpr int kEntities = 20'000;
  for (const double share : {0.01, 0.05, 0.25, 0.5, 0.9}) {
    int candidates = 0;
    for (int i = 0; i < kEntities; ++i)
      candidates += is_candidate(place("flights:abc", "user-" + std::to_string(i)), share);
    const double deviation = 4 * std::sqrt(share * (1 - share) / kEntities);  // four sigma
    EXPECT_NEAR(share, static_cast<double>(candidates) / kEntities, deviation) << share;
  }
}

TEST(Traffic, NoneAndAll) {
  for (int i = 0; i < 1000; ++i) {
    const double at = place("m", std::to_string(i));
    EXPECT_FALSE(is_candidate(at, 0));
    EXPECT_TRUE(is_candidate(at, 1));
  }
}

TEST(Traffic, ARisingShareMovesNobodyBack) {
  for (int i = 0; i < 2000; ++i) {
    const double at = place("flights:abc", "tail-" + std::to_string(i));
    bool was_candidate = false;
    for (int percent = 0; percent <= 100; ++percent) {
      const bool now = is_candidate(at, percent / 100.0);
      EXPECT_FALSE(was_candidate && !now) << i << " at " << percent;
      was_candidate = now;
    }
  }
}

TEST(Traffic, AnotherCanaryDrawsOtherEntities) {
  int both = 0, first = 0;
  for (int i = 0; i < 10'000; ++i) {
    const std::string entity = std::to_string(i);
    const bool a = is_candidate(place("m:one", entity), 0.1);
    first += a;
    both += a && is_candidate(place("m:two", entity), 0.1);
  }
  EXPECT_NEAR(0.1, static_cast<double>(both) / first, 0.05);
}

}  // namespace
}  // namespace millrace::serve
