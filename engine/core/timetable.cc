// A schedule is the union of its lines, without its excluded days. Within an interval of constant
// offset, a firing of a line is a plain match of the fields; what the policy decides is at the
// borders: a border that jumps ahead leaves local times out, one that jumps back repeats some.
#include "engine/core/timetable.h"

#include <algorithm>
#include <vector>

#include "engine/base/duration.h"
#include "engine/core/timetable_zone.h"
#include "engine/core/zone.h"

namespace millrace {
namespace {

using std::chrono::days;
using zone::interval_at;
using zone::interval_before;
using zone::LocalTime;
using zone::SameOffset;
using zone::Seconds;
using zone::SysSeconds;
using zone::Zone;

constexpr Duration kTick{1};
/// A fifth Monday of February comes every 28 years, and 40 around a year such as 2100.
constexpr auto kHorizon = days{40 * 365 + 10};

/// A cron expression in a zone.
struct CronLine {
  cron::Fields fields;
  Zone zone = nullptr;
  DstPolicy dst = DstPolicy::run_once;

  /// From where in `now` local times count as new: those before are repeats of the interval
  /// `before` it.
  LocalTime first_new(const SameOffset& before, const SameOffset& now) const {
    const LocalTime start = now.local(now.begin);
    if (dst == DstPolicy::run_both || fields.hours_open) return start;
    return std::max(start, before.local(now.begin));
  }

  /// True if the border at `now.begin` leaves out a local time that would have fired.
  bool fires_at_border(const SameOffset& before, const SameOffset& now) const {
    if (fields.hours_open || dst == DstPolicy::skip) return false;
    if (now.offset <= before.offset) return false;
    return fields.first(before.local(now.begin), now.local(now.begin)).has_value();
  }

  std::optional<Time> next(Time after) const {
    SysSeconds from = std::chrono::floor<Seconds>(after) + Seconds{1};
    const SysSeconds limit = from + kHorizon;
    SameOffset now = interval_at(zone, from);
    SameOffset before = interval_before(zone, now);
    while (from < limit) {
      if (from == now.begin && fires_at_border(before, now)) return from;
      const LocalTime start = std::max(now.local(from), first_new(before, now));
      const LocalTime end = now.local(std::min(now.end, limit));
      if (const auto match = fields.first(start, end)) return now.universal(*match);
      from = now.end;
      if (from >= limit) break;
      before = now;
      now = interval_at(zone, from);
    }
    return std::nullopt;
  }

  std::optional<Time> previous(Time before) const {
    SysSeconds until = std::chrono::ceil<Seconds>(before);
    const SysSeconds limit = until - kHorizon;
    SameOffset now = interval_at(zone, until - Seconds{1});
    while (until > limit) {
      const SameOffset earlier = interval_before(zone, now);
      const SysSeconds begin = std::max(now.begin, limit);
      const LocalTime start = std::max(now.local(begin), first_new(earlier, now));
      if (const auto match = fields.last(start, now.local(until))) return now.universal(*match);
      if (now.begin >= limit && fires_at_border(earlier, now)) return now.begin;
      until = now.begin;
      now = earlier;
    }
    return std::nullopt;
  }
};

/// Every so often, in elapsed time.
struct IntervalLine {
  Duration every{};
  Time anchor{};

  /// The last one at or before `time`.
  Time at_or_before(Time time) const {
    const Duration since = time - anchor;
    Duration rest = since % every;
    if (rest < Duration{}) rest += every;
    return time - rest;
  }
};

struct Line {
  std::optional<CronLine> cron;
  IntervalLine interval;

  std::optional<Time> next(Time after) const {
    return cron ? cron->next(after) : interval.at_or_before(after) + interval.every;
  }
  std::optional<Time> previous(Time before) const {
    return cron ? cron->previous(before) : interval.at_or_before(before - kTick);
  }
};

Result<Line> make_line(const CronSpec& spec) {
  Line line;
  if (spec.every == Duration{}) {
    line.cron.emplace();
    line.cron->dst = spec.dst;
    MR_TRY(line.cron->fields, cron::parse(spec.expression));
    MR_TRY(line.cron->zone, find_zone(spec.time_zone));
    return line;
  }
  constexpr Duration kShortest = Seconds{1}, kLongest = days{366};
  if (spec.every < kShortest || spec.every > kLongest || spec.every % kShortest != Duration{})
    return invalid_argument("every: '" + format_duration(spec.every) +
                            "' is not a number of whole seconds from 1s to 366d");
  line.interval = {spec.every, spec.anchor};
  return line;
}

/// Disjoint and in order.
std::vector<DayRange> merged(std::vector<DayRange> ranges) {
  std::ranges::sort(ranges, {}, &DayRange::first);
  std::vector<DayRange> out;
  for (const DayRange& range : ranges)
    if (!out.empty() && range.first <= out.back().last + days{1})
      out.back().last = std::max(out.back().last, range.last);
    else
      out.push_back(range);
  return out;
}

}  // namespace

struct Timetable::Rules {
  CronSpec spec;
  std::vector<Line> lines;
  Zone zone = nullptr;           // of the excluded days
  std::vector<DayRange> except;  // disjoint and in order

  /// The excluded days that `time` is in; nullptr: none.
  const DayRange* excluded(Time time) const {
    if (except.empty()) return nullptr;
    const auto whole = std::chrono::floor<Seconds>(time);
    const auto day = std::chrono::floor<days>(interval_at(zone, whole).local(whole));
    const auto after = std::ranges::upper_bound(except, day, {}, &DayRange::first);
    if (after == except.begin() || std::prev(after)->last < day) return nullptr;
    return &*std::prev(after);
  }
};

Result<Timetable> Timetable::cron(const CronSpec& spec) {
  if (spec.also.size() > kMaxScheduleLines)
    return invalid_argument("a schedule has at most " + std::to_string(kMaxScheduleLines) +
                            " lines");
  auto rules = std::make_shared<Rules>();
  rules->spec = spec;
  MR_TRY(rules->zone, find_zone(spec.time_zone));
  if (spec.also.empty()) {
    MR_TRY(auto line, make_line(spec));
    rules->lines.push_back(line);
  }
  for (const auto& other : spec.also) {
    MR_TRY(auto line, make_line(other));
    rules->lines.push_back(line);
  }
  rules->except = merged(spec.except);
  Timetable timetable;
  timetable.rules_ = std::move(rules);
  return timetable;
}

const CronSpec& Timetable::spec() const { return rules_->spec; }

std::optional<Time> Timetable::next(Time after) const {
  const Time limit = after + kHorizon;  // days off may have no end in sight
  while (after < limit) {
    std::optional<Time> found;
    for (const Line& line : rules_->lines)
      if (const auto next = line.next(after)) found = std::min(found.value_or(*next), *next);
    const DayRange* const days_off = found ? rules_->excluded(*found) : nullptr;
    if (days_off == nullptr) return found;
    const Time back = zone::first_instant(rules_->zone, days_off->last + days{1});
    after = std::max(*found, back - kTick);
  }
  return std::nullopt;
}

std::optional<Time> Timetable::previous(Time before) const {
  const Time limit = before - kHorizon;
  while (before > limit) {
    std::optional<Time> found;
    for (const Line& line : rules_->lines)
      if (const auto last = line.previous(before)) found = std::max(found.value_or(*last), *last);
    const DayRange* const days_off = found ? rules_->excluded(*found) : nullptr;
    if (days_off == nullptr) return found;
    const Time begin = zone::first_instant(rules_->zone, days_off->first);
    before = std::min(*found, begin);
  }
  return std::nullopt;
}

}  // namespace millrace
