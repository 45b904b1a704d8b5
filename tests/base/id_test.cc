#include "engine/base/id.h"

#include <gtest/gtest.h>

#include "engine/base/digest.h"

namespace millrace {
namespace {

TEST(Uuid, RoundTripsAndSortsByTime) {
  Rng rng(7);
  const Uuid early = Uuid::v7(*parse_rfc3339("2001-02-01"), rng);
  const Uuid late = Uuid::v7(*parse_rfc3339("2001-02-02"), rng);
  EXPECT_LT(early, late);
  EXPECT_EQ(*Uuid::parse(early.to_string()), early);
  EXPECT_EQ(early.to_string()[14], '7');
}

TEST(Uuid, RefusesMalformedText) {
  for (const char* text :
       {"", "123", "0190b2c4-0000-7000-8000-00000000000", "0190b2c4-0000-7000-8000-00000000000g",
        "0190b2c400007000800000000000000000000", "0190b2c400007000800000000000000xyz!!",
        "0190b2c4000070008000000000000000rest", "0190b2c4-0000-7000-8000-000000000000x",
        "0190b2c40-000-7000-8000-000000000000", "0190b2c4-0000-7000-8000-0000-0000000",
        "{0190b2c4-0000-7000-8000-0000000000}", "0190b2c4_0000_7000_8000_000000000000"})
    EXPECT_FALSE(Uuid::parse(text)) << text;
  EXPECT_TRUE(Uuid::parse("0190B2C4-0000-7000-8000-00000000000A"));
}

TEST(SpanId, IsTheSameForTheSameName) {
  EXPECT_EQ(span_id_of("a"), "af63dc4c8601ec8c");  // FNV-1a, 64 bits: Noll's test vectors
  EXPECT_EQ(span_id_of("foobar"), "85944171f73967e8");
}

TEST(Sha256, MatchesTheStandardVector) {  // FIPS 180-4, example "abc"
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_TRUE(is_sha256_hex(sha256_hex("")));
  EXPECT_FALSE(is_sha256_hex("../../etc/passwd"));
}

}  // namespace
}  // namespace millrace
