// Texts of times as the wall clock of a zone shows them, both ways.
#include <algorithm>

#include "engine/core/timetable.h"
#include "engine/core/timetable_coming.h"
#include "engine/core/timetable_zone.h"
#include "engine/core/zone.h"

namespace millrace {
namespace {

using zone::interval_at;
using zone::SameOffset;
using zone::Seconds;
using zone::SysSeconds;
using zone::Zone;

constexpr std::size_t kDateLength = 10;  // 2001-02-01

Result<Time> wall_time(std::string_view text, const std::string& time_zone, Duration later) {
  MR_TRY(const Time as_utc, parse_rfc3339(text));
  if (has_utc_offset(text)) return as_utc;
  MR_TRY(const Zone place, find_zone(time_zone));
  const Time wanted = as_utc + later;
  const auto whole = std::chrono::floor<Seconds>(wanted);
  return zone::first_instant(place, zone::LocalTime{whole.time_since_epoch()}) + (wanted - whole);
}

/// "+05:30"
std::string offset_text(Seconds offset) {
  const auto minutes = std::chrono::abs(std::chrono::round<std::chrono::minutes>(offset)).count();
  const auto two = [](std::int64_t value) {
    return (value < 10 ? "0" : "") + std::to_string(value);
  };
  return (offset < Seconds{0} ? "-" : "+") + two(minutes / 60) + ":" + two(minutes % 60);
}

/// Changes of a clock are never so far apart from what they repeat or leave out.
constexpr auto kLongestChange = std::chrono::hours{26};

ClockChange change_at(Zone place, const SameOffset& now, SysSeconds time) {
  if (place == nullptr) return ClockChange::none;
  const SameOffset before = zone::interval_before(place, now);
  if (time == now.begin && now.offset > before.offset) return ClockChange::ahead;
  if (now.local(time) < before.local(now.begin)) return ClockChange::second;
  if (now.end - time > kLongestChange) return ClockChange::none;
  const SameOffset after = interval_at(place, now.end);
  return now.local(time) >= after.local(now.end) ? ClockChange::first : ClockChange::none;
}

}  // namespace

WallClock wall_clock(const std::string& time_zone, Time time) {
  const auto found = find_zone(time_zone);
  const Zone place = found ? *found : nullptr;
  const auto whole = std::chrono::floor<Seconds>(time);
  const SameOffset now = interval_at(place, whole);
  std::string text = format_rfc3339(time + now.offset);
  text.pop_back();  // the "Z"
  return {text + offset_text(now.offset), change_at(place, now, whole)};
}

bool has_utc_offset(std::string_view text) {
  return text.size() > kDateLength &&
         text.substr(kDateLength).find_first_of("Zz+-") != std::string_view::npos;
}

Result<Time> parse_wall_time(std::string_view text, const std::string& time_zone) {
  return wall_time(text, time_zone, Duration::zero());
}

Result<Time> parse_wall_end(std::string_view text, const std::string& time_zone) {
  if (text.size() != kDateLength) return parse_wall_time(text, time_zone);
  MR_TRY(const Time next_day, wall_time(text, time_zone, std::chrono::days{1}));
  return next_day - Duration{1};
}

}  // namespace millrace
