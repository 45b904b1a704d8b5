#include "engine/core/timetable_zone.h"

#include <date/tz.h>

#include <algorithm>

namespace millrace::zone {

SameOffset interval_at(Zone zone, SysSeconds time) {
  if (zone == nullptr) return {SysSeconds::min(), SysSeconds::max(), Seconds{0}};
  const date::sys_info info = zone->get_info(date::sys_seconds{time.time_since_epoch()});
  return {SysSeconds{info.begin.time_since_epoch()}, SysSeconds{info.end.time_since_epoch()},
          info.offset};
}

SameOffset interval_before(Zone zone, const SameOffset& now) {
  constexpr SysSeconds kStart = std::chrono::sys_days{std::chrono::year{1} / 1 / 1};
  return now.begin < kStart ? now : interval_at(zone, now.begin - Seconds{1});
}

SysSeconds first_instant(Zone zone, LocalTime local) {
  constexpr auto kGreatestOffset = std::chrono::hours{26};
  SameOffset now = interval_at(zone, SysSeconds{local.time_since_epoch()} - kGreatestOffset);
  while (now.universal(local) >= now.end) now = interval_at(zone, now.end);
  return std::max(now.begin, now.universal(local));
}

}  // namespace millrace::zone
