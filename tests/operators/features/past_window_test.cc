// Against a brute-force computation that looks at every pair of rows.
#include "operators/features/past_window.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/base/clock.h"

namespace millrace {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

struct Rows {
  std::vector<std::int64_t> times;
  std::vector<std::uint32_t> groups;
  std::vector<double> values;
  std::size_t group_count = 0;
};

/// Many ties, unsorted, with rows of no group, no time and no value.
Rows random_rows(std::uint64_t seed, std::size_t count) {
  Rng rng(seed);
  Rows rows;
  rows.group_count = 4;
  for (std::size_t i = 0; i < count; ++i) {
    rows.times.push_back(rng.below(20) == 0 ? kNoTime : static_cast<std::int64_t>(rng.below(60)));
    rows.groups.push_back(rng.below(20) == 0 ? kNoGroup : static_cast<std::uint32_t>(rng.below(4)));
    rows.values.push_back(rng.below(10) == 0 ? kNan : rng.uniform() * 1e6 - 3e5);
  }
  return rows;
}

/// The definition, word for word.
double brute_force(const Rows& rows, std::size_t row, const PastWindow& window) {
  std::vector<double> seen;
  std::int64_t latest = kNoTime;
  double last = kNan;
  if (rows.times[row] == kNoTime || rows.groups[row] == kNoGroup) return kNan;
  for (std::size_t other = 0; other < rows.times.size(); ++other) {
    if (rows.times[other] == kNoTime || rows.groups[other] != rows.groups[row]) continue;
    const std::int64_t age = rows.times[row] - window.delay - rows.times[other];
    if (age <= 0 || (window.window != kWholePast && age > window.window)) continue;
    const double value = rows.values[other];
    if (!std::isfinite(value)) continue;
    seen.push_back(value);
    if (rows.times[other] > latest || (rows.times[other] == latest && value > last)) last = value;
    latest = std::max(latest, rows.times[other]);
  }
  const auto n = static_cast<double>(seen.size());
  if (window.aggregate == PastAggregate::count) return n;
  if (seen.empty()) return kNan;
  const double sum = std::accumulate(seen.begin(), seen.end(), 0.0);
  double squares = 0;
  for (const double value : seen) squares += (value - sum / n) * (value - sum / n);
  switch (window.aggregate) {
    case PastAggregate::sum:
      return sum;
    case PastAggregate::mean:
      return sum / n;
    case PastAggregate::min:
      return *std::ranges::min_element(seen);
    case PastAggregate::max:
      return *std::ranges::max_element(seen);
    case PastAggregate::stddev:
      return n < 2 ? kNan : std::sqrt(squares / (n - 1));
    default:
      return last;
  }
}

bool near(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
  return std::abs(a - b) <= 1e-9 * std::max({1.0, std::abs(a), std::abs(b)});
}

std::vector<double> compute(const Rows& rows, const PastWindow& window) {
  const PastOrder order = order_past(rows.times, rows.groups, rows.group_count);
  return aggregate_past(order, rows.values, window, rows.times.size());
}

constexpr PastAggregate kAll[] = {PastAggregate::count, PastAggregate::mean, PastAggregate::sum,
                                  PastAggregate::min,   PastAggregate::max,  PastAggregate::stddev,
                                  PastAggregate::last};

TEST(PastWindow, EqualsBruteForce) {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    const Rows rows = random_rows(seed, 300);
    for (const PastAggregate aggregate : kAll)
      for (const std::int64_t window : {std::int64_t{1}, std::int64_t{7}, kWholePast})
        for (const std::int64_t delay : {0, 1, 5}) {
          const PastWindow past{aggregate, window, delay};
          const auto made = compute(rows, past);
          for (std::size_t i = 0; i < made.size(); ++i)
            ASSERT_TRUE(near(made[i], brute_force(rows, i, past)))
                << "seed " << seed << " aggregate " << static_cast<int>(aggregate) << " window "
                << window << " delay " << delay << " row " << i << ": " << made[i] << " but "
                << brute_force(rows, i, past);
        }
  }
}

TEST(PastWindow, TheFutureChangesNothing) {
  const Rows rows = random_rows(99, 400);
  constexpr std::int64_t kNow = 30;
  Rows other = rows;
  Rng rng(7);
  for (std::size_t i = 0; i < other.times.size(); ++i) {
    if (other.times[i] < kNow) continue;
    other.values[i] = 1e9 * rng.uniform();
    other.groups[i] = static_cast<std::uint32_t>(rng.below(4));
    other.times[i] = kNow + static_cast<std::int64_t>(rng.below(100));
  }
  for (const PastAggregate aggregate : kAll) {
    const PastWindow past{aggregate, 11, 0};
    const auto before = compute(rows, past);
    const auto after = compute(other, past);
    for (std::size_t i = 0; i < before.size(); ++i)
      if (rows.times[i] < kNow && !std::isnan(before[i])) {
        EXPECT_EQ(before[i], after[i]) << i;  // to the last bit
      }
  }
}

TEST(PastWindow, LosesNothingToCancellation) {
  // 1e16 enters and leaves the window; plain prefix sums would return 0 or 2 for the rest.
  Rows rows;
  rows.group_count = 1;
  rows.values = {1e16, 1, 1, 1, 1};
  rows.times = {0, 10, 11, 12, 13};
  rows.groups.assign(5, 0);
  EXPECT_EQ(compute(rows, {PastAggregate::sum, 2, 0})[4], 2);
  EXPECT_EQ(compute(rows, {PastAggregate::stddev, 3, 0})[4], 0);
}

TEST(PastWindow, CountsRowsWithoutValues) {
  const PastOrder order = order_past({1, 2, 2, 3}, {0, 0, 0, 0}, 1);
  const auto counts = aggregate_past(order, {}, {PastAggregate::count, kWholePast, 0}, 4);
  EXPECT_EQ(counts, (std::vector<double>{0, 1, 1, 3}));
}

TEST(PastWindow, TakesExtremeTimes) {
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  const PastOrder order = order_past({kNoTime + 1, 0, kMax}, {0, 0, 0}, 1);
  const auto sums = aggregate_past(order, {1, 2, 4}, {PastAggregate::sum, kMax, kMax}, 3);
  EXPECT_TRUE(std::isnan(sums[0]));
  EXPECT_TRUE(std::isnan(sums[1]));
  EXPECT_EQ(order_past({}, {}, 0).rows.size(), 0u);
}

TEST(PastWindow, KnowsItsNames) {
  EXPECT_EQ(*past_aggregate_from_name("rate"), PastAggregate::mean);
  EXPECT_NE(past_aggregate_from_name("stdev").error().message.find("did you mean 'stddev'?"),
            std::string::npos);
}

}  // namespace
}  // namespace millrace
