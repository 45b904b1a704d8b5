// The dates of a schedule, found by looking at every minute, without the engine's timetables.
#pragma once

#include <string>

#include "engine/core/dag.h"
#include "engine/core/events/run_events.h"

namespace millrace::oracle {

/// What is wrong with the date and the interval of a scheduled run that was created at `at`; "" if
/// nothing is. Judges cron lines in UTC whose day fields are `*` and whose minutes and hours are
/// numbers, `*` or `*/n`; of others it knows nothing.
std::string wrong_date(const DagSpec& spec, const RunCreated& created, Time at);

}  // namespace millrace::oracle
