#include "engine/serve/circuit_breaker.h"

#include <gtest/gtest.h>

#include <cmath>

namespace millrace::serve {
namespace {

using Side = CircuitBreaker::Side;
using std::chrono::milliseconds;
using std::chrono::seconds;

class Breaker : public ::testing::Test {
 protected:
  std::optional<Json> record(Side side, bool ok, std::int64_t latency_us = 1000) {
    auto evidence = breaker_.record(side, ok, latency_us, now_);
    if (evidence) evidence_ = evidence;
    return evidence;
  }
  void record_many(Side side, int count, bool ok, std::int64_t latency_us = 1000) {
    for (int i = 0; i < count; ++i) record(side, ok, latency_us);
  }

  BreakerConfig config_;
  CircuitBreaker breaker_{config_};
  CircuitBreaker::Instant now_{std::chrono::hours(1)};
  std::optional<Json> evidence_;
};

// Where the score interval has a simple closed form: all hits, and one half.
TEST(WilsonLower, ClosedForms) {
  EXPECT_DOUBLE_EQ(0, wilson_lower(0, 0, 2.58));
  EXPECT_NEAR(0, wilson_lower(0, 50, 2.58), 1e-15);
  // All of n: n / (n + z²).
  EXPECT_NEAR(20 / (20 + 2.58 * 2.58), wilson_lower(20, 20, 2.58), 1e-12);
  // p = 1/2, n = 100: centre is 1/2, half-width is z/2 · sqrt(n + z²) / (n + z²).
  const double z = 1.96, n = 100;
  EXPECT_NEAR(0.5 - z / 2 / std::sqrt(n + z * z), wilson_lower(50, 100, z), 1e-12);
}

TEST_F(Breaker, ACandidateThatAlwaysFailsTripsAtTheMinimum) {
  record_many(Side::champion, 100, true);
  record_many(Side::candidate, 19, false);
  EXPECT_FALSE(evidence_);
  EXPECT_TRUE(record(Side::candidate, false));
  EXPECT_TRUE(breaker_.tripped());
  EXPECT_EQ("error rate", (*evidence_)["reason"].as_string());
  EXPECT_EQ(20, (*evidence_)["candidate"]["errors"].as_int());
  EXPECT_EQ(100, (*evidence_)["champion"]["requests"].as_int());
}

TEST_F(Breaker, TripsOnce) {
  record_many(Side::candidate, 20, false);
  ASSERT_TRUE(evidence_);
  evidence_.reset();
  record_many(Side::candidate, 100, false);
  EXPECT_FALSE(evidence_);
}

TEST_F(Breaker, AFewFailuresDoNotTrip) {
  for (int i = 0; i < 5000; ++i) {
    record(Side::champion, true);
    record(Side::candidate, i % 200 != 0);  // one in two hundred
  }
  EXPECT_FALSE(breaker_.tripped());
}

TEST_F(Breaker, FailuresThatTheChampionSharesDoNotTrip) {
  for (int i = 0; i < 2000; ++i) {
    record(Side::champion, i % 5 != 0);
    record(Side::candidate, i % 5 != 0);
  }
  EXPECT_FALSE(breaker_.tripped());
}

TEST_F(Breaker, WhatLeftTheWindowIsForgotten) {
  record_many(Side::candidate, 19, false);
  now_ += seconds(config_.window_seconds);
  record_many(Side::candidate, 19, false);
  EXPECT_FALSE(breaker_.tripped());
  EXPECT_EQ(19, breaker_.describe(now_)["candidate"]["requests"].as_int());
}

TEST_F(Breaker, ASlowCandidateTrips) {
  for (int i = 0; i < 320; ++i) {
    record(Side::champion, true, 10'000);
    record(Side::candidate, true, 90'000);
    now_ += milliseconds(10);
  }
  ASSERT_TRUE(evidence_);
  EXPECT_EQ("latency", (*evidence_)["reason"].as_string());
}

TEST_F(Breaker, SlowerByLittleDoesNotTrip) {
  for (int i = 0; i < 1000; ++i) {
    record(Side::champion, true, 100);
    record(Side::candidate, true, 10'000);  // a hundred times as slow, and still fast
    now_ += milliseconds(1);
  }
  EXPECT_FALSE(breaker_.tripped());
}

}  // namespace
}  // namespace millrace::serve
