// The coming fires of a schedule, as people read them: in UTC and on the wall clock of its zone.
// Pure.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "engine/base/fields.h"
#include "engine/core/schedule.h"

namespace millrace {

/// How an instant stands to the changes of a wall clock.
enum class ClockChange {
  none,
  ahead,   // the clock jumps ahead at it: what fires is a time that was left out
  first,   // the local time comes twice, and this is the first
  second,  // the same, and this is the second
};
constexpr std::array<std::string_view, 4> names_of(ClockChange) {
  return {"none", "ahead", "first", "second"};
}
constexpr std::string_view title_of(ClockChange) { return "ClockChange"; }

/// "2026-03-08T03:00:00-05:00": what the clock of a zone shows at `time`. An unknown zone is UTC.
struct WallClock {
  std::string text;
  ClockChange change = ClockChange::none;  // ahead: the clock jumps at this instant
};
WallClock wall_clock(const std::string& time_zone, Time time);

struct ComingFire {
  static constexpr std::string_view record_name = "ComingFire";
  static constexpr std::string_view record_doc = "A time at which a schedule fires.";
  Time at{};
  std::string local;
  ClockChange clock_change = ClockChange::none;

  static constexpr auto fields() {
    return std::tuple{
        field("at", &ComingFire::at,
              "When it fires, and the logical date of its run; in the past: missed, and to be made "
              "up"),
        field("local", &ComingFire::local, "The same on the wall clock of the schedule's zone"),
        field("clock_change", &ComingFire::clock_change,
              "ahead: its local time does not exist, and it fires as the clock jumps; first, "
              "second: its local time comes twice, and this is the first or the second; otherwise "
              "none")};
  }
};

struct ComingFires {
  static constexpr std::string_view record_name = "ComingFires";
  static constexpr std::string_view record_doc = "When the schedule of a DAG fires next.";
  std::string dag;
  std::optional<std::string> cron;
  std::optional<std::string> time_zone;
  std::string held;
  std::vector<ComingFire> fires;

  static constexpr auto fields() {
    return std::tuple{
        field("dag", &ComingFires::dag, "The DAG's id"),
        field("cron", &ComingFires::cron,
              "Its cron expression or interval, several separated by \"; \"; null without a "
              "schedule"),
        field("time_zone", &ComingFires::time_zone, "IANA zone of the cron expression"),
        field("held", &ComingFires::held,
              "Why nothing fires until that changes: the DAG is paused, retired or out of order; "
              "\"\" otherwise"),
        field("fires", &ComingFires::fires,
              "The next ones, earliest first; fewer than asked for where the schedule ends")};
  }
};

/// At most `count`. Knows neither pause nor running runs; `held` stays empty.
ComingFires coming_fires(const DagSpec& spec, const SchedulePosition& position, Time now,
                         std::size_t count);

}  // namespace millrace
