// Time zones by their IANA names. The library stays in the .cc files of this module.
#pragma once

#include <chrono>
#include <string>

#include "engine/base/result.h"
#include "engine/base/time.h"

namespace date {
class time_zone;
}

namespace millrace {

/// nullptr is UTC, which must work on a machine without a time zone database. invalid_argument with
/// the nearest name; unavailable if the database cannot be read.
Result<const date::time_zone*> find_zone(const std::string& name);

/// What is added to UTC to get local time, and what the zone calls it: "CEST".
struct ZoneOffset {
  std::chrono::seconds offset{0};
  std::string abbreviation = "UTC";
};
ZoneOffset offset_at(const date::time_zone* zone, Time time);

}  // namespace millrace
