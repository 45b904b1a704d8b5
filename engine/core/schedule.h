// The position of a DAG's schedule, and when it fires next. Pure.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/core/dag.h"

namespace millrace {

struct SchedulePosition {
  Time registered_at{};
  std::optional<Time> last;  // logical date of the last scheduled run
  /// Only dates after this count: set when the schedule is changed, unpaused or reset.
  std::optional<Time> from;
  /// Every missed date up to here is made up, whatever `catchup` says.
  std::optional<Time> all_until;
  /// Dates after `last` that have a run already: the clock was ahead when they were created.
  std::set<Time> taken;
  /// When the dates above were compared with the clock. It takes the place of a time that is ahead
  /// of the clock.
  Time checked{};
};

/// By DAG: the newest logical date of a scheduled run that is not after the clock, and all later
/// ones, oldest first.
using ScheduledDates = std::map<DagKey, std::vector<Time>>;

/// Continues from what the clock says, whether it was set ahead or back: no date runs twice, and
/// dates of a time in which it was ahead do not hold up the others.
void take_dates(SchedulePosition& position, const std::vector<Time>& dates, Time now);

/// The next logical date, which lies in the past if a date was missed; nullopt: none. Knows neither
/// pause nor running runs.
std::optional<Time> next_firing(const Timetable& timetable, const DagSpec& spec,
                                const SchedulePosition& position, Time now);

/// When the run of `date` begins: up to the schedule's jitter after it, and before the next date.
/// The same each time it is asked.
Time begin_of_date(const Dag& dag, Time date);

/// Where the schedule continues once `to` has taken the place of `from`; nullopt: where it was. A
/// changed schedule begins at its change, unless it names a new `start` to make up from.
std::optional<Time> begin_of_changed(const DagSpec& from, const DagSpec& to, Time now);

/// What a schedule makes up that was paused or retired until now, by `on_unpause`.
struct Resumption {
  std::optional<Time> from;       // nullopt: as it was
  std::optional<Time> all_until;  // nullopt: none
};
Resumption resume_schedule(const Timetable& timetable, const DagSpec& spec, Time now);

/// [start, end): what a run for `logical_date` is about. That of the last firing at or before it; a
/// DAG without a schedule has an empty one.
struct DataInterval {
  Time start{}, end{};
};
DataInterval data_interval(const Dag& dag, Time logical_date);

}  // namespace millrace
