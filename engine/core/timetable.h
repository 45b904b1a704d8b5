// Timetable: when a DAG runs by itself. Pure: an instant in, the next instant out.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/json.h"
#include "engine/base/result.h"
#include "engine/base/time.h"

namespace millrace {

/// What to do when daylight saving repeats or leaves out the local time of a firing. Only for lines
/// that name a time of day: one whose hour is `*` or a step follows elapsed time (cron(8)).
enum class DstPolicy {
  skip,      // a time that does not exist is left out; one that exists twice fires at the first
  run_once,  // a time that does not exist fires at the moment of the change; twice fires at the
             // first (default)
  run_both,  // as run_once, but a time that exists twice fires twice
};

/// Days of a calendar, both included.
struct DayRange {
  std::chrono::local_days first{}, last{};
  friend bool operator==(const DayRange&, const DayRange&) = default;
};
/// "2026-12-25" or "2026-12-24..2027-01-02".
Result<DayRange> parse_day_range(std::string_view text);
std::string to_string(const DayRange& range);

constexpr std::size_t kMaxScheduleLines = 32;

/// A schedule: a cron expression, an interval, or several of these.
struct CronSpec {
  CronSpec() = default;
  CronSpec(std::string line, std::string zone = "UTC", DstPolicy policy = DstPolicy::run_once)
      : expression(std::move(line)), time_zone(std::move(zone)), dst(policy) {}

  std::string expression;         // five fields, or six with the second first, as in Vixie cron, or
                                  // @hourly @daily @weekly @monthly @yearly
  std::string time_zone = "UTC";  // IANA name
  DstPolicy dst = DstPolicy::run_once;
  Duration every{};              // not zero: this often, in elapsed time, and no expression
  Time anchor{};                 // one of the firings of `every`
  std::vector<CronSpec> also;    // not empty: its lines, and none of its own
  std::vector<DayRange> except;  // nothing fires on these days of `time_zone`
  Duration jitter{};             // a run begins up to this much after its firing
};
/// For people: "0 3 * * *; every 15m". A line with a zone of its own names it: "0 12 * * sat
/// (UTC)".
std::string schedule_text(const CronSpec& spec);
/// True if both fire at the same times, but for clock changes and days off.
bool same_lines(const CronSpec& a, const CronSpec& b);

/// Immutable, cheap to copy, thread-safe.
///
/// Day-of-month and day-of-week: both restricted means either matches (Vixie). The fields:
/// docs/schedules.md.
class Timetable {
 public:
  /// Errors name the field, the value and its range, or an unknown zone with the nearest known one.
  /// It fires when one of its lines does.
  static Result<Timetable> cron(const CronSpec& spec);

  /// The first firing strictly after `after`; nullopt if there is none within 40 years (e.g. "0 0
  /// 30 2 *").
  std::optional<Time> next(Time after) const;
  /// The last firing strictly before `before`; nullopt if there is none within 40 years.
  std::optional<Time> previous(Time before) const;
  const CronSpec& spec() const;

 private:
  struct Rules;
  std::shared_ptr<const Rules> rules_;
};

/// True if the text of an instant says how far it is from UTC.
bool has_utc_offset(std::string_view text);
/// An instant as RFC 3339 has it; a text without an offset is meant by the wall clock of
/// `time_zone`. A time that the wall clock leaves out is the moment of the change, and of two the
/// first.
Result<Time> parse_wall_time(std::string_view text, const std::string& time_zone);
/// The same as the end of something: a date alone includes its day.
Result<Time> parse_wall_end(std::string_view text, const std::string& time_zone);

}  // namespace millrace
