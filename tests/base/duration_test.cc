#include "engine/base/duration.h"

#include <gtest/gtest.h>

namespace millrace {
namespace {

using namespace std::chrono_literals;

TEST(Duration, ReadsUnitsAndSums) {
  EXPECT_EQ(*parse_duration("250ms"), Duration(250ms));
  EXPECT_EQ(*parse_duration("1h30m"), Duration(90min));
  EXPECT_EQ(*parse_duration("1.5s"), Duration(1500ms));
  EXPECT_EQ(*parse_duration("2w"), Duration(14 * 24h));
}

TEST(Duration, RefusesWhatIsNotOne) {
  for (const char* text : {"", "5", "s", "5 s", "-1s", "1x", "1s2", "999999999999w", "200000d"})
    EXPECT_FALSE(parse_duration(text)) << text;
  EXPECT_NE(parse_duration("5").error().message.find("unit is missing"), std::string::npos);
}

TEST(Duration, FormatsWhatItReadsBack) {
  for (const Duration d : {Duration(0s), Duration(250ms), Duration(90min), Duration(36h + 1us)})
    EXPECT_EQ(*parse_duration(format_duration(d)), d) << format_duration(d);
}

}  // namespace
}  // namespace millrace
