#include "engine/base/time.h"

#include <array>
#include <cstdio>
#include <optional>

namespace millrace {
namespace {

using std::chrono::days;
using std::chrono::floor;

/// Reads exactly `digits` decimal digits at the front of `text` and drops them; -1 if they are not
/// there.
int take_number(std::string_view& text, std::size_t digits) {
  if (text.size() < digits) return -1;
  int value = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    if (text[i] < '0' || text[i] > '9') return -1;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(digits);
  return value;
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

Error bad_time(std::string_view text) {
  return invalid_argument("'" + std::string(text.substr(0, 64)) +
                          "' is not a time; write it as 2001-02-01T03:00:00Z");
}

/// Microseconds of a fraction of any length; -1 if there is none after the point.
std::int64_t take_fraction(std::string_view& text) {
  std::int64_t micros = 0;
  int digits = 0;
  for (; !text.empty() && text.front() >= '0' && text.front() <= '9'; ++digits) {
    if (digits < 6) micros = micros * 10 + (text.front() - '0');
    text.remove_prefix(1);
  }
  for (int i = digits; i < 6; ++i) micros *= 10;
  return digits == 0 ? -1 : micros;
}

/// "+hh:mm" at the front of `text`; nullopt if it is not one.
std::optional<Duration> take_offset(std::string_view& text) {
  const int sign = take(text, '+') ? 1 : take(text, '-') ? -1 : 0;
  if (sign == 0) return std::nullopt;
  const int hour = take_number(text, 2);
  if (hour < 0 || hour > 23 || !take(text, ':')) return std::nullopt;
  const int minute = take_number(text, 2);
  if (minute < 0 || minute > 59) return std::nullopt;
  return sign * (std::chrono::hours{hour} + std::chrono::minutes{minute});
}

/// True if leap seconds are added just before `time`: at the end of June or December.
bool follows_leap_second(Time time) {
  const auto day = floor<days>(time);
  if (time - day >= std::chrono::seconds{1}) return false;
  const std::chrono::year_month_day date{day};
  return date.day() == std::chrono::day{1} &&
         (date.month() == std::chrono::January || date.month() == std::chrono::July);
}

enum class Form { short_too, full };

Result<Time> parse(std::string_view text, Form form) {
  const std::string_view whole = text;
  const int year = take_number(text, 4);
  if (year < 0 || !take(text, '-')) return bad_time(whole);
  const int month = take_number(text, 2);
  if (month < 0 || !take(text, '-')) return bad_time(whole);
  const int day = take_number(text, 2);
  const std::chrono::year_month_day date{
      std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)},
      std::chrono::day{static_cast<unsigned>(day < 0 ? 0 : day)}};
  if (!date.ok()) return bad_time(whole);
  Time time = std::chrono::sys_days{date};
  if (text.empty() && form == Form::short_too) return time;
  if (!take(text, 'T') && !take(text, 't') && !take(text, ' ')) return bad_time(whole);

  const int hour = take_number(text, 2);
  if (hour < 0 || hour > 23 || !take(text, ':')) return bad_time(whole);
  const int minute = take_number(text, 2);
  if (minute < 0 || minute > 59) return bad_time(whole);
  int second = 0;
  std::int64_t micros = 0;
  if (take(text, ':')) {
    second = take_number(text, 2);
    if (second < 0 || second > 60) return bad_time(whole);
    if (take(text, '.') && (micros = take_fraction(text)) < 0) return bad_time(whole);
  } else if (form == Form::full) {
    return bad_time(whole);
  }
  time += std::chrono::hours{hour} + std::chrono::minutes{minute} + std::chrono::seconds{second} +
          Duration{micros};
  const bool is_utc = take(text, 'Z') || take(text, 'z');
  if (!is_utc && (form == Form::full || !text.empty())) {
    const auto offset = take_offset(text);
    if (!offset) return bad_time(whole);
    time -= *offset;
  }
  if (!text.empty() || (second == 60 && !follows_leap_second(time))) return bad_time(whole);
  return time;
}

}  // namespace

std::string format_rfc3339(Time time) {
  const auto day = floor<days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{time - day};
  std::array<char, 64> out{};
  int n = std::snprintf(out.data(), out.size(), "%04d-%02u-%02uT%02d:%02d:%02d",
                        static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                        static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
                        static_cast<int>(clock.minutes().count()),
                        static_cast<int>(clock.seconds().count()));
  const auto rest = out.size() - static_cast<std::size_t>(n);
  const long micros = clock.subseconds().count();
  if (micros % 1000 != 0)
    n += std::snprintf(out.data() + n, rest, ".%06ld", micros);
  else if (micros != 0)
    n += std::snprintf(out.data() + n, rest, ".%03ld", micros / 1000);
  return std::string(out.data(), static_cast<std::size_t>(n)) + "Z";
}

Result<Time> parse_rfc3339(std::string_view text) { return parse(text, Form::short_too); }

Result<Time> parse_date_time(std::string_view text) { return parse(text, Form::full); }

}  // namespace millrace
