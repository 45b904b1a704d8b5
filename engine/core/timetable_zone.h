// A time zone as a row of intervals of constant offset. Within one, local and universal time differ
// by a constant; what a clock change skips or repeats is at the borders. Internal to the timetable
// of this module.
//
// The library reads the explicit changes of the system's time zone database, which end in 2037:
// after that a zone keeps its last offset.
#pragma once

#include <chrono>

#include "engine/core/timetable_cron.h"

namespace date {
class time_zone;
}

namespace millrace::zone {

using cron::LocalTime;
using Seconds = std::chrono::seconds;
using SysSeconds = std::chrono::sys_seconds;

/// [begin, end) in universal time, and what is added to it to get local time.
struct SameOffset {
  SysSeconds begin;
  SysSeconds end;
  Seconds offset;

  LocalTime local(SysSeconds time) const { return LocalTime{time.time_since_epoch() + offset}; }
  SysSeconds universal(LocalTime time) const {
    return SysSeconds{time.time_since_epoch() - offset};
  }
};

/// nullptr is UTC, which must work on a machine without a time zone database.
using Zone = const date::time_zone*;

SameOffset interval_at(Zone zone, SysSeconds time);
/// The one before `now`, or `now` itself at the start of recorded time.
SameOffset interval_before(Zone zone, const SameOffset& now);
/// The first instant at which the wall clock of `zone` shows `local` or more.
SysSeconds first_instant(Zone zone, LocalTime local);

}  // namespace millrace::zone
