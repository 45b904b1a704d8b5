// `schedule` of a DAG file.
#include "engine/base/duration.h"
#include "engine/spec/read_dag.h"

namespace millrace::spec {
namespace {

constexpr std::size_t kMaxDaysOff = 1000;
constexpr Duration kMaxJitter = std::chrono::hours{24};

/// Checks fields and zone one by one, so that each problem is reported at its own place.
void check_fields(const CronSpec& line, const Position& at, Report& report) {
  const auto fields = Timetable::cron({line.expression, "UTC", line.dst});
  if (!fields) {
    report.error_with_suggestion(at, "bad-schedule", fields.error().message);
  } else if (!fields->next(Time{})) {
    report.warning(at, "bad-schedule",
                   "schedule " + quote(line.expression) + " never fires: no such date exists");
  }
}

/// The value that `from` gives the name under `key`, one of `known`; nullopt, reported, otherwise.
template <typename From>
auto read_choice(const YamlNode& node, std::string_view key, const std::vector<std::string>& known,
                 From from, Report& report) -> decltype(from(std::string_view())) {
  const auto name = read_string(node, key, report);
  if (!name) return std::nullopt;
  const auto value = from(*name);
  if (!value) {
    const std::string hint = report.suggest(*name, known);
    report.error(node.at, "bad-value", std::string(key) + ": there is no policy " + quote(*name),
                 hint.empty() ? "there are " + listed(known) : hint);
  }
  return value;
}

/// An unknown zone is reported at its place, and UTC takes its place.
std::string read_zone(const YamlNode& node, Report& report) {
  auto name = read_string(node, "timezone", report);
  if (!name) return "UTC";
  if (const auto made = Timetable::cron({"@daily", *name, DstPolicy::skip}); !made) {
    report.error_with_suggestion(node.at, "bad-schedule", made.error().message);
    return "UTC";
  }
  return *std::move(name);
}

void read_zone_and_dst(const YamlNode& node, CronSpec& line, Report& report) {
  if (const auto* entry = node.find("timezone")) line.time_zone = read_zone(entry->value, report);
  if (const auto* entry = node.find("dst"))
    line.dst =
        read_choice(entry->value, "dst", {"skip", "run_once", "run_both"}, dst_policy_from, report)
            .value_or(line.dst);
}

/// A text: a cron expression. False, reported, where it does not fit.
bool read_cron(const YamlNode& node, CronSpec& line, Report& report) {
  auto expression = read_string(node, "cron", report);
  if (!expression) return false;
  line.expression = *std::move(expression);
  check_fields(line, node.at, report);
  return true;
}

bool read_every(const YamlNode& node, CronSpec& line, Report& report) {
  const auto every = read_duration(node, "every", report);
  if (!every) return false;
  line.every = *every;
  const auto made = Timetable::cron(line);
  if (every == Duration{})
    report.error(node.at, "bad-schedule", "every: '0s' is not a number of whole seconds from 1s");
  else if (!made)
    report.error(node.at, "bad-schedule", made.error().message);
  return made.ok() && every != Duration{};
}

/// `cron` or `every` of a mapping; false, reported, without one of them.
bool read_rhythm(const YamlNode& node, const std::string& what, const std::string& cure,
                 CronSpec& line, Report& report) {
  const auto* cron = node.find("cron");
  const auto* every = node.find("every");
  if ((cron != nullptr) == (every != nullptr)) {
    report.error(node.at, "bad-schedule",
                 what + (cron == nullptr ? " says neither `cron` nor `every`"
                                         : " says both `cron` and `every`"),
                 cure);
    return false;
  }
  return cron != nullptr ? read_cron(cron->value, line, report)
                         : read_every(every->value, line, report);
}

/// One of several lines; what it does not say is as in `whole`.
bool read_line(const YamlNode& node, const CronSpec& whole, CronSpec& line, Report& report) {
  line.time_zone = whole.time_zone;
  line.dst = whole.dst;
  if (node.is_string()) return read_cron(node, line, report);
  if (!check_keys(node, node.at, schedule_line_fields(), "a line of the schedule", report))
    return false;
  read_zone_and_dst(node, line, report);
  return read_rhythm(node, "a line of the schedule", "write one of them", line, report);
}

bool read_lines(const YamlNode& node, CronSpec& schedule, Report& report) {
  if (!node.is_list() || node.items.empty() || node.items.size() > kMaxScheduleLines) {
    report.error(
        node.at, "bad-schedule",
        "schedule: expected a list of 1 to " + std::to_string(kMaxScheduleLines) + " lines");
    return false;
  }
  for (const YamlNode& item : node.items)
    if (!read_line(item, schedule, schedule.also.emplace_back(), report)) schedule.also.pop_back();
  return !schedule.also.empty();
}

void read_days_off(const YamlNode& node, CronSpec& schedule, Report& report) {
  const auto read_one = [&](const YamlNode& item) {
    const auto text = read_string(item, "except", report);
    if (!text) return;
    if (const auto range = parse_day_range(*text))
      schedule.except.push_back(*range);
    else
      report.error(item.at, "bad-value", "except: " + range.error().message);
  };
  if (!node.is_list()) return read_one(node);
  if (node.items.size() > kMaxDaysOff)
    return report.error(node.at, "bad-value",
                        "except: " + std::to_string(node.items.size()) +
                            " dates and ranges; there may be " + std::to_string(kMaxDaysOff));
  for (const YamlNode& item : node.items) read_one(item);
}

void read_window(const YamlNode& node, DagSpec& spec, Report& report) {
  const auto window = read_duration(node, "window", report);
  if (window && *window <= Duration{})
    return report.error(node.at, "bad-value",
                        "window: '" + format_duration(*window) +
                            "' would drop every date before it runs; write how old a date may be, "
                            "such as 6h");
  spec.catchup_window = window;
}

void read_catchup(const YamlNode& node, DagSpec& spec, Report& report) {
  if (!node.is_mapping()) {
    spec.catchup = read_bool(node, "catchup", report).value_or(false);
    return;
  }
  if (!check_keys(node, node.at, catchup_fields(), "catchup", report)) return;
  spec.catchup = true;
  if (const auto* entry = node.find("window")) read_window(entry->value, spec, report);
}

/// `time_zone`: what dates without an offset are meant in.
void read_dates(const YamlNode& node, const std::string& time_zone, DagSpec& spec, Report& report) {
  if (const auto* entry = node.find("catchup")) read_catchup(entry->value, spec, report);
  if (const auto* entry = node.find("on_unpause"))
    spec.on_unpause =
        read_choice(entry->value, "on_unpause", {"none", "last", "all"}, on_unpause_from, report);
  if (const auto* entry = node.find("overlap"))
    spec.overlap = read_choice(entry->value, "overlap",
                               {"allow", "skip", "buffer_one", "buffer_all", "cancel_other"},
                               from_name<Overlap>, report)
                       .value_or(spec.overlap);
  if (const auto* entry = node.find("start"))
    spec.start = read_time(entry->value, "start", time_zone, DayEdge::begin, report);
  if (const auto* entry = node.find("end")) {
    spec.end = read_time(entry->value, "end", time_zone, DayEdge::end, report);
    if (spec.start && spec.end && *spec.end < *spec.start)
      report.error(entry->value.at, "bad-schedule", "end is before start");
  }
}

void read_jitter(const YamlNode& node, CronSpec& schedule, Report& report) {
  const auto jitter = read_duration(node, "jitter", report);
  if (!jitter) return;
  if (*jitter > kMaxJitter)
    report.error(node.at, "bad-value",
                 "jitter: '" + format_duration(*jitter) + "' is not from 0s to 24h");
  schedule.jitter = *jitter;
}

/// False where nothing says when it fires.
bool read_mapping(const YamlNode& node, CronSpec& schedule, DagSpec& spec, Report& report) {
  if (!check_keys(node, node.at, schedule_fields(), "schedule", report)) return false;
  read_zone_and_dst(node, schedule, report);
  read_dates(node, schedule.time_zone, spec, report);
  if (const auto* entry = node.find("except")) read_days_off(entry->value, schedule, report);
  if (const auto* entry = node.find("jitter")) read_jitter(entry->value, schedule, report);
  const auto* any = node.find("any");
  if (any == nullptr)
    return read_rhythm(node, "schedule", "write one of them, or a list of lines under `any`",
                       schedule, report);
  if (node.find("cron") != nullptr || node.find("every") != nullptr)
    report.error(any->key_at, "bad-schedule", "schedule says `any` as well as `cron` or `every`",
                 "write all lines into the list");
  return read_lines(any->value, schedule, report);
}

/// An interval counts from the start of the schedule.
void set_anchors(CronSpec& line, Time start) {
  if (line.every != Duration{}) line.anchor = start;
  for (CronSpec& other : line.also) set_anchors(other, start);
}

}  // namespace

void read_schedule(const YamlNode& node, DagSpec& spec, Report& report) {
  if (node.is_null()) return;
  CronSpec schedule;
  const bool fires = node.is_string() ? read_cron(node, schedule, report)
                     : node.is_list() ? read_lines(node, schedule, report)
                                      : read_mapping(node, schedule, spec, report);
  if (!fires) return;
  set_anchors(schedule, spec.start.value_or(Time{}));
  spec.schedule = std::move(schedule);
}

}  // namespace millrace::spec
