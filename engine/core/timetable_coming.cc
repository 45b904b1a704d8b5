#include "engine/core/timetable_coming.h"

namespace millrace {
namespace {

/// A line that follows elapsed time fires at the jump because the time after it matches; it does so
/// under every policy. So does one that names the time after the jump.
bool names_the_time(const CronSpec& spec, Time time) {
  CronSpec skipping = spec;
  skipping.dst = DstPolicy::skip;
  for (auto& line : skipping.also) line.dst = DstPolicy::skip;
  const auto strict = Timetable::cron(skipping);
  return strict && strict->next(time - Duration{1}) == time;
}

ComingFire fire_at(const CronSpec& spec, Time time) {
  const WallClock clock = wall_clock(spec.time_zone, time);
  const bool named = clock.change == ClockChange::ahead && names_the_time(spec, time);
  return {time, clock.text, named ? ClockChange::none : clock.change};
}

}  // namespace

ComingFires coming_fires(const DagSpec& spec, const SchedulePosition& position, Time now,
                         std::size_t count) {
  ComingFires out;
  out.dag = spec.id;
  if (!spec.schedule) return out;
  out.cron = schedule_text(*spec.schedule);
  out.time_zone = spec.schedule->time_zone;
  const auto timetable = Timetable::cron(*spec.schedule);
  if (!timetable) return out;
  auto next = next_firing(*timetable, spec, position, now);
  while (next && out.fires.size() < count && (!spec.end || *next <= *spec.end)) {
    if (!position.taken.contains(*next)) out.fires.push_back(fire_at(*spec.schedule, *next));
    next = timetable->next(*next);
  }
  return out;
}

}  // namespace millrace
