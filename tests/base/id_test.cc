#include "engine/base/id.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

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

// RFC 9562, section 6.2: those of one millisecond sort in the order in which they were made.
TEST(UuidSource, KeepsTheOrderWithinAMillisecond) {
  Rng rng(7);
  UuidSource source;
  const Time now = *parse_rfc3339("2001-02-01");
  Uuid last = source.next(now, rng);
  const std::string first = last.to_string();
  for (int i = 0; i < 100'000; ++i) {
    const Uuid next = source.next(now + std::chrono::microseconds(i / 100), rng);
    ASSERT_LT(last, next) << i;
    ASSERT_LT(last.to_string(), next.to_string()) << i;
    last = next;
  }
  EXPECT_EQ(last.to_string().substr(0, 13), first.substr(0, 13));  // the same millisecond
  EXPECT_EQ(last.to_string()[14], '7');
  EXPECT_EQ(last.low >> 62, 2u);  // the variant
}

TEST(UuidSource, KeepsTheOrderWhenTheClockStepsBackALittle) {
  Rng rng(7);
  UuidSource source;
  const Time now = *parse_rfc3339("2001-02-01");
  const Uuid first = source.next(now, rng);
  EXPECT_LT(first, source.next(now - std::chrono::seconds(2), rng));
  // After a day the ids have the right time: they are not bound to a clock that was wrong.
  EXPECT_LT(source.next(now - std::chrono::days(1), rng), first);
  EXPECT_LT(first, source.next(now + std::chrono::milliseconds(1), rng));
}

// One lock for the clock and the ids, as each owner of a source has it.
TEST(UuidSource, KeepsTheOrderAcrossThreads) {
  Rng rng(7);
  UuidSource source;
  std::mutex mutex;
  std::vector<Uuid> made;
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 2'000; ++i) {
        const std::lock_guard lock(mutex);
        made.push_back(source.next(Time{} + std::chrono::microseconds(made.size()), rng));
      }
    });
  threads.clear();
  EXPECT_EQ(made.size(), 8'000u);
  EXPECT_TRUE(std::ranges::is_sorted(made));
  EXPECT_EQ(std::set<Uuid>(made.begin(), made.end()).size(), 8'000u);
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
