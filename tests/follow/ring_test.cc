// The ring keeps the last events and counts what it holds.
#include "engine/follow/ring.h"

#include <gtest/gtest.h>

namespace millrace::follow {
namespace {

SpanPtr span(std::int64_t first, std::size_t count) {
  std::vector<Event> events(count);
  for (std::size_t i = 0; i < count; ++i) {
    events[i].seq = first + static_cast<std::int64_t>(i);
    events[i].body = TaskQueued{};
  }
  return std::make_shared<const Span>(std::move(events));
}

TEST(Ring, GivesWhatFollowsAPlace) {
  Ring ring({.events = 100});
  ring.begin(10);
  ring.push(span(11, 5));
  ring.push(span(16, 5));
  const auto all = ring.read(10, 1 << 20);
  EXPECT_FALSE(all.lost);
  EXPECT_EQ(2u, all.spans.size());
  EXPECT_EQ(20, all.last);
  EXPECT_EQ(16, ring.read(17, 1 << 20).spans.front()->first());
  EXPECT_TRUE(ring.read(20, 1 << 20).spans.empty());
  EXPECT_TRUE(ring.read(99, 1 << 20).spans.empty());
  const auto little = ring.read(10, 1);
  EXPECT_EQ(1u, little.spans.size());
  EXPECT_TRUE(little.more);
}

TEST(Ring, DropsTheOldestBeyondItsLimits) {
  Ring ring({.events = 10});
  ring.begin(0);
  for (int i = 0; i < 5; ++i) ring.push(span(1 + 4 * i, 4));
  EXPECT_TRUE(ring.read(11, 1 << 20).lost);  // 13 to 20 are left
  EXPECT_FALSE(ring.read(12, 1 << 20).lost);
  EXPECT_FALSE(ring.reaches_back_to(11));
  EXPECT_TRUE(ring.reaches_back_to(12));

  Ring small({.events = 100, .bytes = 2 * sizeof(Event)});
  small.begin(0);
  for (int i = 0; i < 5; ++i) small.push(span(1 + i, 1));
  EXPECT_TRUE(small.read(2, 1 << 20).lost);
  EXPECT_FALSE(small.read(3, 1 << 20).lost);
}

TEST(Ring, BeforeItBeginsEveryoneIsBehind) {
  Ring ring({});
  EXPECT_FALSE(ring.reaches_back_to(0));
  EXPECT_FALSE(ring.reaches_back_to(1'000));
}

TEST(Ring, CountsTheBytesOfWhatEventsCarry) {
  Event small, large;
  small.body = TaskSucceeded{};
  TaskSucceeded body;
  body.outputs = Json::object({{"text", std::string(10'000, 'x')}});
  large.body = body;
  EXPECT_LT(bytes_of(small), 2'000u);
  EXPECT_GT(bytes_of(large), 10'000u);
  EXPECT_LT(bytes_of(large), 12'000u);
}

}  // namespace
}  // namespace millrace::follow
