// Schedules and days off as text.
#include <algorithm>

#include "engine/base/duration.h"
#include "engine/core/timetable.h"

namespace millrace {
namespace {

constexpr std::string_view kBetween = "..";
constexpr std::size_t kDayLength = 10;  // 2001-02-01

Result<std::chrono::local_days> parse_day(std::string_view text, std::string_view whole) {
  const auto time = parse_rfc3339(text);
  if (text.size() != kDayLength || !time)
    return invalid_argument("'" + std::string(whole.substr(0, 64)) +
                            "' is not a date; write 2026-12-25, or 2026-12-24..2027-01-02 for a "
                            "range");
  return std::chrono::local_days{std::chrono::floor<std::chrono::days>(*time).time_since_epoch()};
}

std::string day_text(std::chrono::local_days day) {
  return format_rfc3339(Time{day.time_since_epoch()}).substr(0, kDayLength);
}

bool same_line(const CronSpec& a, const CronSpec& b) {
  return a.expression == b.expression && a.time_zone == b.time_zone && a.every == b.every &&
         a.anchor == b.anchor;
}

}  // namespace

Result<DayRange> parse_day_range(std::string_view text) {
  const std::size_t between = text.find(kBetween);
  DayRange range;
  MR_TRY(range.first, parse_day(text.substr(0, between), text));
  range.last = range.first;
  if (between == std::string_view::npos) return range;
  MR_TRY(range.last, parse_day(text.substr(between + kBetween.size()), text));
  if (range.last < range.first)
    return invalid_argument("the range '" + std::string(text) + "' ends before it begins");
  return range;
}

std::string to_string(const DayRange& range) {
  const std::string first = day_text(range.first);
  return range.first == range.last ? first : first + std::string(kBetween) + day_text(range.last);
}

std::string schedule_text(const CronSpec& spec) {
  if (spec.also.empty())
    return spec.every == Duration{} ? spec.expression : "every " + format_duration(spec.every);
  std::string text;
  for (const auto& line : spec.also) {
    text += (text.empty() ? "" : "; ") + schedule_text(line);
    if (line.time_zone != spec.time_zone) text += " (" + line.time_zone + ")";
  }
  return text;
}

bool same_lines(const CronSpec& a, const CronSpec& b) {
  return same_line(a, b) && std::ranges::equal(a.also, b.also, same_line);
}

}  // namespace millrace
