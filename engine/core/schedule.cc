#include "engine/core/schedule.h"

#include <algorithm>

#include "engine/base/clock.h"

namespace millrace {
namespace {

constexpr Duration kTick{1};
/// A time that is ahead of the clock by less is no sign of a clock that was wrong.
constexpr Duration kClockTolerance = std::chrono::minutes{1};

/// Dates after it may fire.
Time after_of(const DagSpec& spec, const SchedulePosition& position, Time now) {
  const auto unless_ahead = [&](Time time) {
    return time <= now + kClockTolerance ? time : position.last.value_or(position.checked);
  };
  Time after = unless_ahead(position.from.value_or(position.registered_at));
  if (spec.start)
    after = position.from ? std::max(after, *spec.start - kTick) : *spec.start - kTick;
  return std::max(after, position.last.value_or(after));
}

/// FNV-1a: DAGs with the same schedule begin apart.
std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

/// When the run of `date` begins.
Time begin_of(const Timetable& timetable, const DagSpec& spec, Time date) {
  const Duration jitter = spec.schedule->jitter;
  if (jitter <= Duration{}) return date;
  const auto next = timetable.next(date);
  const Duration most = next ? std::min(jitter, *next - date - kTick) : jitter;
  Rng rng(hash_of(DagKey(spec.namespace_, spec.id).text()) ^
          static_cast<std::uint64_t>(to_micros(date)));
  return date + Duration{static_cast<std::int64_t>(
                    rng.below(static_cast<std::uint64_t>(most.count()) + 1))};
}

/// Dates after it are not too old for the window of `catchup`. A date ages from when its run should
/// begin: one that jitter still holds back is not late. Only the last date before the edge can
/// begin after it, for each begins before the next.
Time after_window(const Timetable& timetable, const DagSpec& spec, Time now) {
  const Time edge = now - *spec.catchup_window;
  const auto last = timetable.previous(edge);
  const bool counts = last && begin_of(timetable, spec, *last) >= edge;
  return (counts ? *last : edge) - kTick;
}

OnUnpause policy_of(const DagSpec& spec) {
  return spec.on_unpause.value_or(spec.catchup ? OnUnpause::all : OnUnpause::last);
}

}  // namespace

void take_dates(SchedulePosition& position, const std::vector<Time>& dates, Time now) {
  position.last.reset();
  position.taken.clear();
  position.checked = now;
  for (const Time date : dates)
    if (date <= now)
      position.last = date;
    else
      position.taken.insert(date);
}

std::optional<Time> next_firing(const Timetable& timetable, const DagSpec& spec,
                                const SchedulePosition& position, Time now) {
  Time after = after_of(spec, position, now);
  if (spec.catchup_window) after = std::max(after, after_window(timetable, spec, now));
  auto next = timetable.next(after);
  const auto& all_until = position.all_until;
  const bool made_up =
      next && all_until && *next <= *all_until && *all_until <= now + kClockTolerance;
  if (next && *next <= now && !spec.catchup && !made_up) {
    // Only the latest of the dates that were missed counts.
    const Time until = spec.end ? std::min(now, *spec.end) : now;
    next = std::max(*next, timetable.previous(until + kTick).value_or(*next));
  }
  while (next && position.taken.contains(*next)) next = timetable.next(*next);
  if (next && spec.end && *next > *spec.end) return std::nullopt;
  return next;
}

Time begin_of_date(const Dag& dag, Time date) {
  return begin_of(*dag.timetable(), dag.spec(), date);
}

std::optional<Time> begin_of_changed(const DagSpec& from, const DagSpec& to, Time now) {
  if (!to.schedule) return std::nullopt;
  const bool new_start = to.start && to.start != from.start;
  const bool changed = !from.schedule || !same_lines(*from.schedule, *to.schedule) || new_start ||
                       from.catchup != to.catchup;
  if (!changed) return std::nullopt;
  return new_start && to.catchup ? *to.start - kTick : now;
}

Resumption resume_schedule(const Timetable& timetable, const DagSpec& spec, Time now) {
  switch (policy_of(spec)) {
    case OnUnpause::none:
      return {now, std::nullopt};
    case OnUnpause::all:
      return {std::nullopt, now};
    case OnUnpause::last:
      break;
  }
  if (!spec.catchup) return {};
  const auto latest = timetable.previous(now + kTick);
  return {latest ? std::optional(*latest - kTick) : std::nullopt, std::nullopt};
}

DataInterval data_interval(const Dag& dag, Time logical_date) {
  const auto& timetable = dag.timetable();
  const auto end = timetable ? timetable->previous(logical_date + kTick) : std::nullopt;
  const auto start = end ? timetable->previous(*end) : std::nullopt;
  if (!start) return {logical_date, logical_date};
  return {*start, *end};
}

}  // namespace millrace
