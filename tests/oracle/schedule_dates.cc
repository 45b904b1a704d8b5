#include "tests/oracle/schedule_dates.h"

#include <array>
#include <charconv>
#include <optional>
#include <sstream>

namespace millrace::oracle {
namespace {

constexpr Duration kMinute = std::chrono::minutes{1};

/// Every how many units from which one on: "*" is {0, 1}, "*/5" is {0, 5}, "7" is {7, 0}.
struct Step {
  int first = 0, every = 1;
  bool holds(int unit) const {
    return every == 0 ? unit == first : unit >= first && (unit - first) % every == 0;
  }
};

std::optional<Step> parse_step(std::string_view text) {
  if (text == "*") return Step{};
  const bool divided = text.starts_with("*/");
  if (divided) text.remove_prefix(2);
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return divided ? Step{0, number} : Step{number, 0};
}

struct Clockwork {
  Step minute, hour;
  bool holds(Time time) const {
    const auto since = std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch());
    const auto seconds = since.count();
    return seconds % 60 == 0 && std::chrono::seconds{seconds} == time.time_since_epoch() &&
           minute.holds(static_cast<int>(seconds / 60 % 60)) &&
           hour.holds(static_cast<int>(seconds / 3600 % 24));
  }
};

std::optional<Clockwork> parse_cron(const CronSpec& cron) {
  std::istringstream words(cron.expression);
  std::array<std::string, 5> fields;
  for (auto& field : fields) words >> field;
  if (std::string seconds; words >> seconds) return std::nullopt;  // six fields
  if (cron.every != Duration{} || !cron.also.empty() || !cron.except.empty()) return std::nullopt;
  if (cron.time_zone != "UTC" || fields[2] != "*" || fields[3] != "*" || fields[4] != "*")
    return std::nullopt;
  const auto minute = parse_step(fields[0]), hour = parse_step(fields[1]);
  if (!minute || !hour) return std::nullopt;
  return Clockwork{*minute, *hour};
}

}  // namespace

std::string wrong_date(const DagSpec& spec, const RunCreated& created, Time at) {
  if (!created.logical_date) return "has no logical date";
  const Time date = *created.logical_date;
  const std::string named = "for " + format_rfc3339(date) + " ";
  if (!spec.schedule) return named + "of a DAG without a schedule";
  const auto cron = parse_cron(*spec.schedule);
  if (!cron) return "";
  if (!cron->holds(date)) return named + "is no date of '" + spec.schedule->expression + "'";
  if (date > at) return named + "is created before that, at " + format_rfc3339(at);
  if (spec.start && date < *spec.start) return named + "is before the schedule's start";
  if (spec.end && date > *spec.end) return named + "is after the schedule's end";
  if (!created.interval_end) return "";
  Time before = date - kMinute;
  while (!cron->holds(before)) before -= kMinute;
  if (*created.interval_end != date || created.interval_start != before)
    return named + "does not cover the time since " + format_rfc3339(before);
  return "";
}

}  // namespace millrace::oracle
