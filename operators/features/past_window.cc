#include "operators/features/past_window.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <deque>
#include <functional>
#include <numeric>
#include <string>
#include <utility>

#include "engine/base/suggest.h"

namespace millrace {
namespace {

constexpr double kNothing = std::numeric_limits<double>::quiet_NaN();

/// An unevaluated sum high + low of two doubles: about 32 decimal digits.
struct Twofold {
  double high = 0;
  double low = 0;

  Twofold plus(Twofold other) const {
    const double sum = high + other.high;
    const double part = sum - high;
    const double error = (high - (sum - part)) + (other.high - part) + low + other.low;
    const double top = sum + error;
    return {top, error - (top - sum)};
  }
  Twofold minus(Twofold other) const { return plus({-other.high, -other.low}); }
  double value() const { return high + low; }
};

Twofold square(double x) {
  const double product = x * x;
  return {product, std::fma(x, x, -product)};
}

Twofold product(Twofold a, Twofold b) {
  const double top = a.high * b.high;
  return Twofold{top, std::fma(a.high, b.high, -top)}.plus({a.high * b.low + a.low * b.high, 0});
}

std::int64_t before(std::int64_t time, std::int64_t span) {
  std::int64_t out = 0;
  return __builtin_sub_overflow(time, span, &out) ? kNoTime : out;
}

/// One group's rows in order of time, and the bounds of each row's window within them.
class Group {
 public:
  Group(const PastOrder& order, std::size_t group, const PastWindow& window)
      : times_(order.times.data() + order.group_starts[group]),
        rows_(order.rows.data() + order.group_starts[group]),
        size_(order.group_starts[group + 1] - order.group_starts[group]),
        window_(window) {}

  std::size_t size() const { return size_; }
  std::uint32_t row(std::size_t i) const { return rows_[i]; }
  std::int64_t time(std::size_t i) const { return times_[i]; }

  /// Calls visit(i, low, high) for each position; [low, high) is its past. Both only grow.
  template <typename Visit>
  void sweep(Visit visit) const {
    std::size_t low = 0;
    std::size_t high = 0;
    for (std::size_t i = 0; i < size_; ++i) {
      const std::int64_t end = before(times_[i], window_.delay);
      const std::int64_t start = before(end, window_.window);
      while (high < size_ && times_[high] < end) ++high;
      while (low < high && times_[low] < start) ++low;
      visit(i, low, high);
    }
  }

 private:
  const std::int64_t* times_;
  const std::uint32_t* rows_;
  std::size_t size_;
  const PastWindow& window_;
};

struct Sums {
  double count = 0;
  Twofold sum;
  Twofold squares;
};

double finish(PastAggregate aggregate, const Sums& low, const Sums& high) {
  const double n = high.count - low.count;
  if (aggregate == PastAggregate::count) return n;
  if (n == 0) return kNothing;
  const Twofold sum = high.sum.minus(low.sum);
  if (aggregate == PastAggregate::sum) return sum.value();
  if (aggregate == PastAggregate::mean) return sum.value() / n;
  if (n < 2) return kNothing;
  // n Σx² - (Σx)², of which double-double loses nothing that matters.
  const Twofold spread = product(high.squares.minus(low.squares), {n, 0}).minus(product(sum, sum));
  return std::sqrt(std::max(0.0, spread.value()) / (n * (n - 1)));
}

/// Differences of prefix sums.
void sweep_sums(const Group& group, const std::vector<double>& values, PastAggregate aggregate,
                std::vector<double>& out) {
  std::vector<Sums> prefix(group.size() + 1);
  for (std::size_t i = 0; i < group.size(); ++i) {
    const double value = values.empty() ? 1 : values[group.row(i)];
    prefix[i + 1] = prefix[i];
    if (!std::isfinite(value)) continue;
    prefix[i + 1].count += 1;
    if (aggregate == PastAggregate::count) continue;
    prefix[i + 1].sum = prefix[i].sum.plus({value, 0});
    if (aggregate == PastAggregate::stddev)
      prefix[i + 1].squares = prefix[i].squares.plus(square(value));
  }
  group.sweep([&](std::size_t i, std::size_t low, std::size_t high) {
    out[group.row(i)] = finish(aggregate, prefix[low], prefix[high]);
  });
}

/// The candidates that may still become the extreme, best first: each is met once and left once.
template <typename Better>
void sweep_extreme(const Group& group, const std::vector<double>& values, Better better,
                   std::vector<double>& out) {
  std::deque<std::size_t> candidates;
  std::size_t taken = 0;
  group.sweep([&](std::size_t i, std::size_t low, std::size_t high) {
    for (; taken < high; ++taken) {
      const double value = values[group.row(taken)];
      if (!std::isfinite(value)) continue;
      while (!candidates.empty() && !better(values[group.row(candidates.back())], value))
        candidates.pop_back();
      candidates.push_back(taken);
    }
    while (!candidates.empty() && candidates.front() < low) candidates.pop_front();
    out[group.row(i)] = candidates.empty() ? kNothing : values[group.row(candidates.front())];
  });
}

void sweep_last(const Group& group, const std::vector<double>& values, std::vector<double>& out) {
  std::size_t taken = 0;
  std::size_t last = group.size();  // position of the latest value; none yet
  group.sweep([&](std::size_t i, std::size_t low, std::size_t high) {
    for (; taken < high; ++taken) {
      const double value = values[group.row(taken)];
      if (!std::isfinite(value)) continue;
      const bool same_instant = last != group.size() && group.time(last) == group.time(taken);
      if (!same_instant || value > values[group.row(last)]) last = taken;
    }
    const bool seen = last != group.size() && last >= low;
    out[group.row(i)] = seen ? values[group.row(last)] : kNothing;
  });
}

constexpr std::array<std::pair<std::string_view, PastAggregate>, 8> kAggregateNames = {{
    {"count", PastAggregate::count},
    {"mean", PastAggregate::mean},
    {"rate", PastAggregate::mean},  // of a condition: its values are 0 and 1
    {"sum", PastAggregate::sum},
    {"min", PastAggregate::min},
    {"max", PastAggregate::max},
    {"stddev", PastAggregate::stddev},
    {"last", PastAggregate::last},
}};

}  // namespace

Result<PastAggregate> past_aggregate_from_name(std::string_view name) {
  std::vector<std::string> known;
  for (const auto& [text, aggregate] : kAggregateNames) {
    if (text == name) return aggregate;
    known.emplace_back(text);
  }
  return invalid_argument("'" + std::string(name) +
                          "' is no aggregate; choose count, mean, rate, sum, min, max, stddev or "
                          "last" +
                          did_you_mean(name, known));
}

PastOrder order_past(const std::vector<std::int64_t>& times,
                     const std::vector<std::uint32_t>& groups, std::size_t group_count) {
  std::vector<std::uint32_t> by_time;
  by_time.reserve(times.size());
  for (std::uint32_t row = 0; row < times.size(); ++row)
    if (times[row] != kNoTime && groups[row] != kNoGroup) by_time.push_back(row);
  const auto time_of = [&](std::uint32_t row) { return times[row]; };
  if (!std::ranges::is_sorted(by_time, {}, time_of)) std::ranges::stable_sort(by_time, {}, time_of);

  PastOrder out;
  out.group_starts.assign(group_count + 1, 0);
  for (const std::uint32_t row : by_time) ++out.group_starts[groups[row] + 1];
  std::partial_sum(out.group_starts.begin(), out.group_starts.end(), out.group_starts.begin());
  std::vector<std::size_t> next(out.group_starts.begin(), out.group_starts.end() - 1);
  out.rows.resize(by_time.size());
  out.times.resize(by_time.size());
  for (const std::uint32_t row : by_time) {
    const std::size_t place = next[groups[row]]++;
    out.rows[place] = row;
    out.times[place] = times[row];
  }
  return out;
}

std::vector<double> aggregate_past(const PastOrder& order, const std::vector<double>& values,
                                   const PastWindow& window, std::size_t row_count) {
  std::vector<double> out(row_count, kNothing);
  for (std::size_t g = 0; g + 1 < order.group_starts.size(); ++g) {
    const Group group(order, g, window);
    switch (window.aggregate) {
      case PastAggregate::min:
        sweep_extreme(group, values, std::less<>(), out);
        break;
      case PastAggregate::max:
        sweep_extreme(group, values, std::greater<>(), out);
        break;
      case PastAggregate::last:
        sweep_last(group, values, out);
        break;
      default:
        sweep_sums(group, values, window.aggregate, out);
    }
  }
  return out;
}

}  // namespace millrace
