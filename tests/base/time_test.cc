#include "engine/base/time.h"

#include <gtest/gtest.h>

namespace millrace {
namespace {

TEST(Time, RoundTrips) {
  for (const char* text :
       {"2001-02-01T03:00:00Z", "1969-12-31T23:59:59.999999Z", "2024-02-29T00:00:00.500Z"})
    EXPECT_EQ(format_rfc3339(*parse_rfc3339(text)), text);
}

TEST(Time, UnderstandsOffsetsAndShortForms) {
  EXPECT_EQ(*parse_rfc3339("2001-02-01T03:00:00+02:00"), *parse_rfc3339("2001-02-01T01:00:00Z"));
  EXPECT_EQ(*parse_rfc3339("2001-02-01"), *parse_rfc3339("2001-02-01 00:00Z"));
}

TEST(Time, RefusesWhatIsNotOne) {
  for (const char* text : {"", "2001", "2001-13-01", "2001-02-30", "2001-02-01T25:00:00Z",
                           "2001-02-01x", "2001-02-01T03:00:00Zx", "2001-02-01T03:00:00+"})
    EXPECT_FALSE(parse_rfc3339(text)) << text;
}

}  // namespace
}  // namespace millrace
