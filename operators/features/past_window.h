// Aggregates over each row's past: the heart of features.build. Pure.
//
// A row at time t sees the rows of its own group with times in [t - delay - window, t - delay):
// never itself, never a row of the same instant (unless delay puts it in the past), never a later
// one. The answer for a row does not depend on any row at or after t - delay, nor on the order in
// which rows of one instant come.
//
// Sums are kept in double-double arithmetic (Dekker 1971, Knuth's TwoSum), so that the difference
// of two prefix sums is as good as a sum over the window alone. O(n) for each feature after one
// O(n log n) sort, O(n) where the rows come in order of time.
#pragma once

#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

#include "engine/base/result.h"

namespace millrace {

enum class PastAggregate { count, mean, sum, min, max, stddev, last };
Result<PastAggregate> past_aggregate_from_name(std::string_view name);

inline constexpr std::uint32_t kNoGroup = std::numeric_limits<std::uint32_t>::max();
inline constexpr std::int64_t kNoTime = std::numeric_limits<std::int64_t>::min();
inline constexpr std::int64_t kWholePast = std::numeric_limits<std::int64_t>::max();

/// Rows in order of group, then of time: made once, used by all features over the same groups.
struct PastOrder {
  std::vector<std::uint32_t> rows;        // without those of no group or no time
  std::vector<std::size_t> group_starts;  // into rows, one for each group and one past the end
  std::vector<std::int64_t> times;        // of rows, in that order
};
/// times[i]: microseconds of row i, or kNoTime; groups[i]: below group_count, or kNoGroup.
PastOrder order_past(const std::vector<std::int64_t>& times,
                     const std::vector<std::uint32_t>& groups, std::size_t group_count);

struct PastWindow {
  PastAggregate aggregate = PastAggregate::count;
  std::int64_t window = kWholePast;  // µs, > 0
  std::int64_t delay = 0;            // µs, >= 0
};
/// One value for each row of the table (`row_count`), NaN where there is none: no group, no time,
/// or nothing to aggregate (two values are needed for a stddev; count gives 0). A NaN or infinite
/// value counts as missing. `values` is by row; for count it may be empty: then rows are counted.
/// stddev is the sample's (n - 1); last is the latest value, the greatest of one instant.
std::vector<double> aggregate_past(const PastOrder& order, const std::vector<double>& values,
                                   const PastWindow& window, std::size_t row_count);

}  // namespace millrace
