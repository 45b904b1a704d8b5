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

// RFC 3339: the examples of section 5.8, the grammar of 5.6, and the cases of the JSON Schema test
// suite (optional/format/date-time.json).
TEST(Time, ReadsTheVectorsOfRfc3339) {
  struct Case {
    const char* text;
    const char* utc;
  };
  for (const auto& [text, utc] : std::initializer_list<Case>{
           {"1985-04-12T23:20:50.52Z", "1985-04-12T23:20:50.520Z"},
           {"1996-12-19T16:39:57-08:00", "1996-12-20T00:39:57Z"},
           {"1990-12-31T23:59:60Z", "1991-01-01T00:00:00Z"},
           {"1990-12-31T15:59:60-08:00", "1991-01-01T00:00:00Z"},
           {"1937-01-01T12:00:27.87+00:20", "1937-01-01T11:40:27.870Z"},
           {"1963-06-19T08:30:06.283185Z", "1963-06-19T08:30:06.283185Z"},
           {"1963-06-19t08:30:06.283185z", "1963-06-19T08:30:06.283185Z"},
           {"1990-12-31T15:59:50.123-08:00", "1990-12-31T23:59:50.123Z"},
           {"1998-12-31T15:59:60.123-08:00", "1999-01-01T00:00:00.123Z"},
           {"2016-07-01T01:59:60+02:00", "2016-07-01T00:00:00Z"},
           {"2001-02-01T00:00:00-00:00", "2001-02-01T00:00:00Z"},
           {"2001-02-01T00:00:00.1234567891234Z", "2001-02-01T00:00:00.123456Z"}}) {
    const auto time = parse_date_time(text);
    ASSERT_TRUE(time) << text;
    EXPECT_EQ(format_rfc3339(*time), utc) << text;
    EXPECT_EQ(*parse_rfc3339(text), *time) << text;
  }
}

TEST(Time, RefusesTheInvalidVectorsOfRfc3339) {
  for (const char* text : {"1990-02-31T15:59:59.123-08:00",
                           "1990-12-31T15:59:59-24:00",
                           "1990-12-31T15:59:59+00:60",
                           "1998-12-31T23:58:60Z",
                           "1998-12-31T22:59:60Z",
                           "1998-12-31T23:59:61Z",
                           "1998-12-31T23:59:60-08:00",
                           "2001-03-31T23:59:60Z",
                           "06/19/1963 08:30:06 PST",
                           "2013-350T01:01:01",
                           "1963-6-19T08:30:06.283185Z",
                           "1963-06-1T08:30:06.283185Z",
                           "1963-06-1\xe0\xa7\xaaT00:00:00Z",
                           "1963-06-11T0\xe0\xa7\xaa:00:00Z",
                           "2001-02-01T03:00:00+01",
                           "2001-02-01T03:00:00+0100",
                           "2001-02-01T03:00:00+1:00",
                           "2001-02-01T03:00:00.Z",
                           "2001-02-01T03:00:00,5Z",
                           "2001-02-01T24:00:00Z",
                           "2001-02-01T03:60:00Z",
                           "+2001-02-01T03:00:00Z",
                           "2001-02-01T03:00:00 Z",
                           "2001-02-01T03:00:00Z+01:00",
                           "12001-02-01T03:00:00Z"}) {
    EXPECT_FALSE(parse_date_time(text)) << text;
    EXPECT_FALSE(parse_rfc3339(text)) << text;
  }
  for (const char* text : {"2001-02-01", "2001-02-01T03:00Z", "2001-02-01T03:00:00"}) {
    EXPECT_FALSE(parse_date_time(text)) << text;
    EXPECT_TRUE(parse_rfc3339(text)) << text;
  }
}

}  // namespace
}  // namespace millrace
