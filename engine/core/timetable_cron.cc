#include "engine/core/timetable_cron.h"

#include <bit>

namespace millrace::cron {
namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::local_days;
using Seconds = std::chrono::seconds;

bool has(std::uint64_t set, unsigned value) { return ((set >> value) & 1) != 0; }

/// The least member of `set` at or above `from`; -1 if there is none.
int at_or_above(std::uint64_t set, int from) {
  const std::uint64_t rest = from > 63 ? 0 : set >> from << from;
  return rest == 0 ? -1 : std::countr_zero(rest);
}

/// The greatest member of `set` at or below `from`; -1 if there is none.
int at_or_below(std::uint64_t set, int from) {
  const std::uint64_t rest = from < 0 ? 0 : set & (~std::uint64_t{0} >> (63 - from));
  return rest == 0 ? -1 : 63 - std::countl_zero(rest);
}

bool matches_month(const Fields& fields, local_days day) {
  return has(fields.months, static_cast<unsigned>(std::chrono::year_month_day{day}.month()));
}

local_days next_month(local_days day) {
  const std::chrono::year_month_day date{day};
  return local_days{(date.year() / date.month() + std::chrono::months{1}) / 1};
}

local_days end_of_previous_month(local_days day) {
  const std::chrono::year_month_day date{day};
  return local_days{date.year() / date.month() / 1} - days{1};
}

constexpr unsigned kSunday = 0, kMonday = 1, kFriday = 5, kSaturday = 6;

/// The days of the month whose nearest day from Monday to Friday within the month is `day`.
std::uint64_t nearest_to(unsigned day, unsigned last, unsigned weekday) {
  if (weekday == kSunday || weekday == kSaturday) return 0;
  std::uint64_t out = std::uint64_t{1} << day;
  if (weekday == kFriday && day < last) out |= std::uint64_t{1} << (day + 1);
  if (weekday == kFriday && day + 2 == last) out |= std::uint64_t{1} << last;
  if (weekday == kMonday && day > 1) out |= std::uint64_t{1} << (day - 1);
  if (weekday == kMonday && day == 3) out |= std::uint64_t{1} << 1;
  return out;
}

Seconds clock_of(int hour, int minute, int second) {
  return std::chrono::hours{hour} + std::chrono::minutes{minute} + Seconds{second};
}

}  // namespace

bool Fields::matches_month_day(const std::chrono::year_month_day& date, unsigned last,
                               unsigned weekday) const {
  const auto day = static_cast<unsigned>(date.day());
  if (has(month_days, day) || has(from_last, last - day)) return true;
  if (workdays == 0 && !last_workday) return false;
  const std::uint64_t near = nearest_to(day, last, weekday);
  return (near & workdays) != 0 || (last_workday && has(near, last));
}

bool Fields::matches_day(local_days day) const {
  const std::chrono::year_month_day date{day};
  if (!has(months, static_cast<unsigned>(date.month()))) return false;
  const std::chrono::year_month_day_last end{date.year() / date.month() / std::chrono::last};
  const auto last = static_cast<unsigned>(end.day());
  const auto nth = (static_cast<unsigned>(date.day()) - 1) / 7;
  const unsigned weekday = std::chrono::weekday{day}.c_encoding();
  const bool by_day = matches_month_day(date, last, weekday);
  const bool by_weekday =
      has(weekdays, weekday) || has(nth_weekdays, 7 * nth + weekday) ||
      (has(last_weekdays, weekday) && static_cast<unsigned>(date.day()) + 7 > last);
  return days_open || weekdays_open ? by_day && by_weekday : by_day || by_weekday;
}

std::optional<Seconds> Fields::first_in_day(Seconds clock) const {
  const std::chrono::hh_mm_ss from{clock};
  const auto from_hour = static_cast<int>(from.hours().count());
  const auto from_minute = static_cast<int>(from.minutes().count());
  int hour = at_or_above(hours, from_hour);
  if (hour == from_hour) {
    int minute = at_or_above(minutes, from_minute);
    if (minute == from_minute) {
      const int second = at_or_above(seconds, static_cast<int>(from.seconds().count()));
      if (second >= 0) return clock_of(hour, minute, second);
      minute = at_or_above(minutes, minute + 1);
    }
    if (minute >= 0) return clock_of(hour, minute, at_or_above(seconds, 0));
    hour = at_or_above(hours, hour + 1);
  }
  if (hour < 0) return std::nullopt;
  return clock_of(hour, at_or_above(minutes, 0), at_or_above(seconds, 0));
}

std::optional<Seconds> Fields::last_in_day(Seconds clock) const {
  constexpr int kGreatest = 59;
  const std::chrono::hh_mm_ss until{clock};
  const auto until_hour = static_cast<int>(until.hours().count());
  const auto until_minute = static_cast<int>(until.minutes().count());
  int hour = at_or_below(hours, until_hour);
  if (hour == until_hour) {
    int minute = at_or_below(minutes, until_minute);
    if (minute == until_minute) {
      const int second = at_or_below(seconds, static_cast<int>(until.seconds().count()));
      if (second >= 0) return clock_of(hour, minute, second);
      minute = at_or_below(minutes, minute - 1);
    }
    if (minute >= 0) return clock_of(hour, minute, at_or_below(seconds, kGreatest));
    hour = at_or_below(hours, hour - 1);
  }
  if (hour < 0) return std::nullopt;
  return clock_of(hour, at_or_below(minutes, kGreatest), at_or_below(seconds, kGreatest));
}

std::optional<LocalTime> Fields::first(LocalTime from, LocalTime until) const {
  LocalTime at = from;
  while (at < until) {
    const local_days day = floor<days>(at);
    if (!matches_month(*this, day)) {
      at = next_month(day);
      continue;
    }
    if (matches_day(day))
      if (const auto clock = first_in_day(at - day)) {
        at = day + *clock;
        return at < until ? std::optional(at) : std::nullopt;
      }
    at = day + days{1};
  }
  return std::nullopt;
}

std::optional<LocalTime> Fields::last(LocalTime from, LocalTime until) const {
  LocalTime at = until - Seconds{1};
  while (at >= from) {
    const local_days day = floor<days>(at);
    if (!matches_month(*this, day)) {
      at = end_of_previous_month(day) + days{1} - Seconds{1};
      continue;
    }
    if (matches_day(day))
      if (const auto clock = last_in_day(at - day)) {
        at = day + *clock;
        return at >= from ? std::optional(at) : std::nullopt;
      }
    at = day - Seconds{1};
  }
  return std::nullopt;
}

}  // namespace millrace::cron
