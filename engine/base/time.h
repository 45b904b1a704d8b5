// Time: an instant in UTC with microseconds, as PostgreSQL's timestamptz has. Duration: the same
// tick. RFC 3339 text at the edges only.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace millrace {

using Duration = std::chrono::microseconds;
using Time = std::chrono::sys_time<Duration>;

/// "2001-02-01T03:00:00Z"; a fraction of 3 or 6 digits only where there is one.
std::string format_rfc3339(Time time);
/// What people write: a date-time of RFC 3339, and in short "2001-02-01" or
/// "2001-02-01T03:00[:00]", where no offset means UTC. Second 60 is read as the second after it,
/// and only where leap seconds are: at 23:59:60 UTC on the last day of June or December. What is
/// finer than a microsecond is cut.
Result<Time> parse_rfc3339(std::string_view text);
/// Only a `date-time` of RFC 3339, section 5.6: seconds and an offset are required.
Result<Time> parse_date_time(std::string_view text);

inline std::int64_t to_micros(Time time) { return time.time_since_epoch().count(); }
inline Time from_micros(std::int64_t micros) { return Time{Duration{micros}}; }

}  // namespace millrace
