// A zone is a row of intervals of constant offset. Within one, local and universal time differ by a
// constant, so a firing is a plain match of the fields; what the policy decides stands at the
// borders: a border that jumps ahead leaves local times out, one that jumps back repeats some.
//
// The library reads the explicit changes of the system's time zone database, which end in 2037:
// after that a zone keeps its last offset.
#include "engine/core/timetable.h"

#include <date/tz.h>

#include <algorithm>
#include <vector>

#include "engine/core/timetable_coming.h"
#include "engine/core/timetable_cron.h"
#include "engine/core/zone.h"

namespace millrace {
namespace {

using cron::LocalTime;
using Seconds = std::chrono::seconds;
using SysSeconds = std::chrono::sys_seconds;

/// A fifth Monday of February comes every 28 years, and 40 around a year such as 2100.
constexpr auto kHorizon = std::chrono::days{40 * 365 + 10};

/// [begin, end) in universal time, and what is added to it to get local time.
struct Interval {
  SysSeconds begin;
  SysSeconds end;
  Seconds offset;

  LocalTime local(SysSeconds time) const { return LocalTime{time.time_since_epoch() + offset}; }
  SysSeconds universal(LocalTime time) const {
    return SysSeconds{time.time_since_epoch() - offset};
  }
};

using Zone = const date::time_zone*;

Interval interval_at(Zone zone, SysSeconds time) {
  if (zone == nullptr) return {SysSeconds::min(), SysSeconds::max(), Seconds{0}};
  const date::sys_info info = zone->get_info(date::sys_seconds{time.time_since_epoch()});
  return {SysSeconds{info.begin.time_since_epoch()}, SysSeconds{info.end.time_since_epoch()},
          info.offset};
}

/// The one before `now`, or `now` itself at the start of recorded time.
Interval interval_before(Zone zone, const Interval& now) {
  constexpr SysSeconds kStart = std::chrono::sys_days{std::chrono::year{1} / 1 / 1};
  return now.begin < kStart ? now : interval_at(zone, now.begin - Seconds{1});
}

}  // namespace

struct Timetable::Rules {
  CronSpec spec;
  cron::Fields fields;
  Zone zone = nullptr;

  /// From where in `now` local times count as new: those before are repeats of the interval
  /// `before` it.
  LocalTime first_new(const Interval& before, const Interval& now) const {
    const LocalTime start = now.local(now.begin);
    if (spec.dst == DstPolicy::run_both || fields.hours_open) return start;
    return std::max(start, before.local(now.begin));
  }

  /// True if the border at `now.begin` leaves out a local time that would have fired.
  bool fires_at_border(const Interval& before, const Interval& now) const {
    if (fields.hours_open || spec.dst == DstPolicy::skip) return false;
    if (now.offset <= before.offset) return false;
    return fields.first(before.local(now.begin), now.local(now.begin)).has_value();
  }
};

Result<Timetable> Timetable::cron(const CronSpec& spec) {
  auto rules = std::make_shared<Rules>();
  rules->spec = spec;
  MR_TRY(rules->fields, cron::parse(spec.expression));
  MR_TRY(rules->zone, find_zone(spec.time_zone));
  Timetable timetable;
  timetable.rules_ = std::move(rules);
  return timetable;
}

const CronSpec& Timetable::spec() const { return rules_->spec; }

std::optional<Time> Timetable::next(Time after) const {
  SysSeconds from = std::chrono::floor<Seconds>(after) + Seconds{1};
  const SysSeconds limit = from + kHorizon;
  Interval now = interval_at(rules_->zone, from);
  Interval before = interval_before(rules_->zone, now);
  while (from < limit) {
    if (from == now.begin && rules_->fires_at_border(before, now)) return from;
    const LocalTime start = std::max(now.local(from), rules_->first_new(before, now));
    const LocalTime end = now.local(std::min(now.end, limit));
    if (const auto match = rules_->fields.first(start, end)) return now.universal(*match);
    from = now.end;
    if (from >= limit) break;
    before = now;
    now = interval_at(rules_->zone, from);
  }
  return std::nullopt;
}

std::optional<Time> Timetable::previous(Time before) const {
  SysSeconds until = std::chrono::ceil<Seconds>(before);
  const SysSeconds limit = until - kHorizon;
  Interval now = interval_at(rules_->zone, until - Seconds{1});
  while (until > limit) {
    const Interval earlier = interval_before(rules_->zone, now);
    const SysSeconds begin = std::max(now.begin, limit);
    const LocalTime start = std::max(now.local(begin), rules_->first_new(earlier, now));
    if (const auto match = rules_->fields.last(start, now.local(until)))
      return now.universal(*match);
    if (now.begin >= limit && rules_->fires_at_border(earlier, now)) return now.begin;
    until = now.begin;
    now = earlier;
  }
  return std::nullopt;
}

namespace {

constexpr std::size_t kDateLength = 10;  // 2001-02-01

/// The first instant at which the wall clock of `zone` shows `local` or more.
SysSeconds first_instant(Zone zone, LocalTime local) {
  constexpr auto kGreatestOffset = std::chrono::hours{26};
  Interval now = interval_at(zone, SysSeconds{local.time_since_epoch()} - kGreatestOffset);
  while (now.universal(local) >= now.end) now = interval_at(zone, now.end);
  return std::max(now.begin, now.universal(local));
}

Result<Time> wall_time(std::string_view text, const std::string& time_zone, Duration later) {
  MR_TRY(const Time as_utc, parse_rfc3339(text));
  if (has_utc_offset(text)) return as_utc;
  MR_TRY(const Zone zone, find_zone(time_zone));
  const Time wanted = as_utc + later;
  const auto whole = std::chrono::floor<Seconds>(wanted);
  return first_instant(zone, LocalTime{whole.time_since_epoch()}) + (wanted - whole);
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

ClockChange change_at(Zone zone, const Interval& now, SysSeconds time) {
  if (zone == nullptr) return ClockChange::none;
  const Interval before = interval_before(zone, now);
  if (time == now.begin && now.offset > before.offset) return ClockChange::ahead;
  if (now.local(time) < before.local(now.begin)) return ClockChange::second;
  if (now.end - time > kLongestChange) return ClockChange::none;
  const Interval after = interval_at(zone, now.end);
  return now.local(time) >= after.local(now.end) ? ClockChange::first : ClockChange::none;
}

}  // namespace

WallClock wall_clock(const std::string& time_zone, Time time) {
  const auto found = find_zone(time_zone);
  const Zone zone = found ? *found : nullptr;
  const auto whole = std::chrono::floor<Seconds>(time);
  const Interval now = interval_at(zone, whole);
  std::string text = format_rfc3339(time + now.offset);
  text.pop_back();  // the "Z"
  return {text + offset_text(now.offset), change_at(zone, now, whole)};
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
