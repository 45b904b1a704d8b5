// The reduced set of ./run roundtrip, and its own yardsticks held to known answers.
#include <gtest/gtest.h>

#include "tests/base/temp_folder.h"
#include "tests/roundtrip/check.h"

namespace millrace::roundtrip {
namespace {

TEST(RoundTrip, GivesTablesBackUnchanged) {
  const TempFolder folder;
  Checker checker(folder.path());
  Tally tally;
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    const auto why = checker.check(seed, tally);
    EXPECT_FALSE(why) << *why;
  }
  // Tables that are always refused would prove nothing.
  EXPECT_LT(tally.refused * 3, tally.tables);
  EXPECT_GT(tally.cells, 3000u);
}

TEST(RoundTrip, GivesTablesBackUnchangedThroughParquet) {
  const TempFolder folder;
  Checker checker(folder.path());
  Tally tally;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    const auto why = checker.check_parquet(seed, tally);
    EXPECT_FALSE(why) << *why;
  }
  EXPECT_LT(tally.refused * 3, tally.tables);
  EXPECT_GT(tally.cells, 500u);
}

TEST(RoundTrip, SeesDifferences) {
  Column column;
  column.kind = Kind::decimal;
  Value value;
  value.null = false;
  value.exact = value.written = "2.50";
  EXPECT_EQ(difference(column, value, "DECIMAL(18,2)", "2.50"), "");
  EXPECT_EQ(difference(column, value, "DOUBLE", "2.5"), "");
  EXPECT_NE(difference(column, value, "BIGINT", "3"), "");
  EXPECT_NE(difference(column, value, "BIGINT", std::nullopt), "");
  EXPECT_NE(difference(column, value, "VARCHAR", "2.5"), "");
  value.exact = value.written = "12345678901234567890";
  EXPECT_NE(difference(column, value, "DOUBLE", "1.2345678901234567e+19"), "");
}

TEST(RoundTrip, KnowsNumbersAndDates) {
  EXPECT_TRUE(same_number("1e3", "1000.0"));
  EXPECT_TRUE(same_number("-0.0", "0"));
  EXPECT_FALSE(same_number("1.01", "1.001"));
  EXPECT_FALSE(same_number("1", "one"));
  // 2000-03-01 is day 11,017 since 1970 (POSIX: date -d @951868800).
  EXPECT_EQ(civil_of(11'017).year, 2000);
  EXPECT_EQ(civil_of(11'017).month, 3);
  EXPECT_EQ(civil_of(11'017).day, 1);
}

}  // namespace
}  // namespace millrace::roundtrip
