// Timetable: when a DAG runs by itself. Pure: an instant in, the next instant out.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "engine/base/json.h"
#include "engine/base/result.h"
#include "engine/base/time.h"

namespace millrace {

/// What to do when daylight saving repeats or leaves out the local time of a firing.
enum class DstPolicy {
  skip,      // a time that does not exist is left out; one that exists twice fires at the first
  run_once,  // a time that does not exist fires at the moment of the change; twice fires at the
             // first (default)
  run_both,  // as run_once, but a time that exists twice fires twice
};

struct CronSpec {
  std::string expression;  // five fields, names and ranges as in Vixie cron, or @hourly @daily
                           // @weekly @monthly @yearly
  std::string time_zone = "UTC";  // IANA name
  DstPolicy dst = DstPolicy::run_once;
};

/// Immutable, cheap to copy, thread-safe.
///
/// Day-of-month and day-of-week: both restricted means either matches (Vixie). `L` is the last day
/// of the month.
class Timetable {
 public:
  /// Errors name the field, the value and its range, or an unknown zone with the nearest known one.
  static Result<Timetable> cron(const CronSpec& spec);

  /// The first firing strictly after `after`; nullopt if there is none within 8 years (e.g. "0 0 30
  /// 2 *").
  std::optional<Time> next(Time after) const;
  /// The last firing strictly before `before`; nullopt likewise.
  std::optional<Time> previous(Time before) const;
  const CronSpec& spec() const;

 private:
  struct Rules;
  std::shared_ptr<const Rules> rules_;
};

}  // namespace millrace
