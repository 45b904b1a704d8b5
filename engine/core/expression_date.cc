// date(time, '%Y-%m', zone) and date_add(time, '-2mo'): times of expressions, in UTC by default.
#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>

#include "engine/base/duration.h"
#include "engine/base/time.h"
#include "engine/core/expression_functions.h"
#include "engine/core/expression_node.h"
#include "engine/core/zone.h"

namespace millrace::expr {
namespace {

using std::chrono::days;
using std::chrono::floor;

constexpr std::array kMonths = {"January",   "February", "March",    "April",
                                "May",       "June",     "July",     "August",
                                "September", "October",  "November", "December"};
constexpr std::array kWeekdays = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                  "Thursday", "Friday", "Saturday"};

/// A time split into what the conversions of strftime name.
struct Parts {
  int year, month, day, hour, minute, second, weekday, day_of_year, iso_year, iso_week;
  std::int64_t micros, unix_seconds;
  ZoneOffset zone;
};

Parts split(Time instant, ZoneOffset zone) {
  const Time time = instant + zone.offset;
  const auto day = floor<days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{time - day};
  const std::chrono::weekday weekday{day};
  const auto year_start = [](std::chrono::year y) {
    return std::chrono::sys_days{y / std::chrono::January / 1};
  };
  // The ISO week belongs to the year of its Thursday.
  const auto thursday = day + days{4 - static_cast<int>(weekday.iso_encoding())};
  const std::chrono::year iso_year = std::chrono::year_month_day{thursday}.year();
  return {.year = static_cast<int>(date.year()),
          .month = static_cast<int>(static_cast<unsigned>(date.month())),
          .day = static_cast<int>(static_cast<unsigned>(date.day())),
          .hour = static_cast<int>(clock.hours().count()),
          .minute = static_cast<int>(clock.minutes().count()),
          .second = static_cast<int>(clock.seconds().count()),
          .weekday = static_cast<int>(weekday.c_encoding()),
          .day_of_year = static_cast<int>((day - year_start(date.year())).count()) + 1,
          .iso_year = static_cast<int>(iso_year),
          .iso_week = static_cast<int>((thursday - year_start(iso_year)).count()) / 7 + 1,
          .micros = clock.subseconds().count(),
          .unix_seconds = floor<std::chrono::seconds>(instant).time_since_epoch().count(),
          .zone = std::move(zone)};
}

std::string padded(std::int64_t value, int width) {
  std::array<char, 32> text{};
  const int n =
      std::snprintf(text.data(), text.size(), "%0*lld", width, static_cast<long long>(value));
  return std::string(text.data(), static_cast<std::size_t>(n));
}

std::string two(int value) { return padded(value, 2); }

/// "+0545"; seconds, which zones had before 1900, are left out.
std::string offset_text(std::chrono::seconds offset) {
  const auto minutes = std::chrono::floor<std::chrono::minutes>(std::chrono::abs(offset)).count();
  return (offset.count() < 0 ? "-" : "+") + padded(minutes / 60, 2) + padded(minutes % 60, 2);
}

/// The meaning of one conversion; nullopt if it is unknown.
std::optional<std::string> convert(char conversion, const Parts& p) {
  const std::string month = kMonths[static_cast<std::size_t>(p.month - 1)];
  const std::string weekday = kWeekdays[static_cast<std::size_t>(p.weekday)];
  // clang-format off
  switch (conversion) {
    case 'Y': return padded(p.year, 4);
    case 'y': return two(p.year % 100);
    case 'm': return two(p.month);
    case 'd': return two(p.day);
    case 'e': return p.day < 10 ? " " + std::to_string(p.day) : std::to_string(p.day);
    case 'H': return two(p.hour);
    case 'I': return two((p.hour + 11) % 12 + 1);
    case 'M': return two(p.minute);
    case 'S': return two(p.second);
    case 'f': return padded(p.micros, 6);
    case 'p': return p.hour < 12 ? "AM" : "PM";
    case 'j': return padded(p.day_of_year, 3);
    case 'a': return weekday.substr(0, 3);
    case 'A': return weekday;
    case 'b': return month.substr(0, 3);
    case 'B': return month;
    case 'u': return std::to_string(p.weekday == 0 ? 7 : p.weekday);
    case 'w': return std::to_string(p.weekday);
    case 'G': return padded(p.iso_year, 4);
    case 'V': return two(p.iso_week);
    case 's': return std::to_string(p.unix_seconds);
    case 'F': return padded(p.year, 4) + "-" + two(p.month) + "-" + two(p.day);
    case 'T': return two(p.hour) + ":" + two(p.minute) + ":" + two(p.second);
    case 'z': return offset_text(p.zone.offset);
    case 'Z': return p.zone.abbreviation;
    case '%': return "%";
    default: return std::nullopt;
  }
  // clang-format on
}

Result<Time> time_argument(std::string_view function, const Json& value) {
  if (!value.is_string())
    return invalid_argument(std::string(function) +
                            ": expected a time such as '2001-02-01T03:00:00Z', not " +
                            std::string(type_name(value.type())));
  auto time = parse_rfc3339(value.as_view());
  if (!time) return invalid_argument(std::string(function) + ": " + time.error().message);
  return time;
}

/// "3mo" or "2y" in months; nullopt if `text` is neither.
std::optional<int> calendar_months(std::string_view text) {
  const int unit = text.ends_with("mo") ? 1 : text.ends_with("y") ? 12 : 0;
  if (unit == 0) return std::nullopt;
  text.remove_suffix(unit == 1 ? 2 : 1);
  int count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || end != text.data() + text.size() || count < 0 || count > 12'000)
    return std::nullopt;
  return count * unit;
}

/// The same day and clock that many months on; the last day of the month where it has no such day.
Time add_months(Time time, int months) {
  const auto day = floor<days>(time);
  std::chrono::year_month_day date{day};
  date += std::chrono::months{months};
  if (!date.ok()) date = date.year() / date.month() / std::chrono::last;
  return std::chrono::sys_days{date} + (time - day);
}

}  // namespace

Result<Json> call_date(const Scope&, Arguments a) {
  MR_TRY(const Time time, time_argument("date", *a[0]));
  if (a.size() == 1) return Json(format_rfc3339(time));
  const std::string_view format = a[1]->as_view();
  if (format.empty())
    return invalid_argument("date: the second argument is a format such as '%Y-%m-%d'");
  ZoneOffset zone;
  if (a.size() > 2) {
    auto found = find_zone(a[2]->as_string());
    if (!found) {
      Error error = std::move(found).error();
      error.message = "date: " + error.message;
      return error;
    }
    zone = offset_at(*found, time);
  }
  const Parts parts = split(time, std::move(zone));
  std::string out;
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%') {
      out += format[i];
      continue;
    }
    const char conversion = ++i < format.size() ? format[i] : '\0';
    const auto text = convert(conversion, parts);
    if (!text)
      return invalid_argument(
          "date: '%" + std::string(i < format.size() ? 1 : 0, conversion) +
          "' is not a conversion; there are Y m d H M S y e I p f j a A b B u w G V s F T z Z %");
    out += *text;
    if (out.size() > kMaxOutput)
      return make_error(ErrorCode::resource_exhausted, "date: the text made is too long");
  }
  return Json(std::move(out));
}

Result<Json> call_date_add(const Scope&, Arguments a) {
  MR_TRY(const Time time, time_argument("date_add", *a[0]));
  std::string_view amount = a[1]->as_view();
  const int sign = amount.starts_with('-') ? -1 : 1;
  if (amount.starts_with('-') || amount.starts_with('+')) amount.remove_prefix(1);
  if (const auto months = calendar_months(amount))
    return Json(format_rfc3339(add_months(time, sign * *months)));
  const auto duration = parse_duration(amount);
  if (!duration)
    return invalid_argument("date_add: '" + std::string(a[1]->as_view().substr(0, 64)) +
                            "' is not an amount of time; write it as '1d', '-36h', '-2mo' or '1y'");
  return Json(format_rfc3339(time + sign * *duration));
}

}  // namespace millrace::expr
