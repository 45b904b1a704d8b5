// The fields of a cron expression as sets, and the search for matching local times. Internal to the
// timetable of this module; knows no time zone.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "engine/base/result.h"

namespace millrace::cron {

/// A wall-clock time somewhere: seconds since 1970-01-01T00:00 on that wall.
using LocalTime = std::chrono::local_seconds;

/// Bit n of a set: the value n is in it.
struct Fields {
  std::uint64_t seconds = 1;  // a line of five fields has none: second 0
  std::uint64_t minutes = 0;
  std::uint32_t hours = 0;
  std::uint32_t month_days = 0;  // of the month, 1 … 31
  std::uint32_t workdays = 0;    // `15W`: the day from Monday to Friday that is nearest to the 15th
  std::uint32_t from_last = 0;   // `L` is 0, `L-3` is 3
  std::uint32_t months = 0;      // 1 … 12
  std::uint32_t weekdays = 0;    // 0 is Sunday
  std::uint64_t nth_weekdays = 0;   // `fri#2`: 7 * (2 - 1) + 5
  std::uint32_t last_weekdays = 0;  // `friL`
  bool last_workday = false;        // `LW`
  // cron(8): a line with a wildcard hour (`*`, a step, or all 24) names no time of day, so that a
  // change of the clock is nothing to it: it follows elapsed time.
  bool hours_open = false;
  // Vixie's rule: a field that begins with `*` restricts no day of its own; two that do not are
  // alternatives.
  bool days_open = true;
  bool weekdays_open = true;

  bool matches_day(std::chrono::local_days day) const;
  /// The first match in [from, until).
  std::optional<LocalTime> first(LocalTime from, LocalTime until) const;
  /// The last match in [from, until).
  std::optional<LocalTime> last(LocalTime from, LocalTime until) const;

 private:
  bool matches_month_day(const std::chrono::year_month_day& date, unsigned last,
                         unsigned weekday) const;
  /// The first or the last time of a day at or after, or at or before, `clock`.
  std::optional<std::chrono::seconds> first_in_day(std::chrono::seconds clock) const;
  std::optional<std::chrono::seconds> last_in_day(std::chrono::seconds clock) const;
};

/// Five fields, six with the second first, or a macro such as @daily. The error names the field,
/// the value and its range.
Result<Fields> parse(std::string_view expression);

}  // namespace millrace::cron
