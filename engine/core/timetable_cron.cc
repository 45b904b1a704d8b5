#include "engine/core/timetable_cron.h"

#include <algorithm>
#include <array>
#include <bit>
#include <string>
#include <vector>

#include "engine/base/suggest.h"

namespace millrace::cron {
namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::hours;
using std::chrono::local_days;
using std::chrono::minutes;

struct FieldRule {
  std::string_view name;
  int low;
  int high;
  int first_name_value;
  std::vector<std::string> names;  // in order from first_name_value
};

const std::array<FieldRule, 5>& rules() {
  static const std::array<FieldRule, 5> all = {{
      {"minute", 0, 59, 0, {}},
      {"hour", 0, 23, 0, {}},
      {"day of month", 1, 31, 0, {}},
      {"month",
       1,
       12,
       1,
       {"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}},
      {"day of week", 0, 7, 0, {"sun", "mon", "tue", "wed", "thu", "fri", "sat"}},
  }};
  return all;
}

constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kMacros = {{
    {"@hourly", "0 * * * *"},
    {"@daily", "0 0 * * *"},
    {"@midnight", "0 0 * * *"},
    {"@weekly", "0 0 * * 0"},
    {"@monthly", "0 0 1 * *"},
    {"@yearly", "0 0 1 1 *"},
    {"@annually", "0 0 1 1 *"},
}};

std::vector<std::string_view> split(std::string_view text, std::string_view separators) {
  std::vector<std::string_view> parts;
  std::size_t start = 0;
  while (true) {
    const std::size_t end = text.find_first_of(separators, start);
    parts.push_back(text.substr(start, end - start));
    if (end == std::string_view::npos) return parts;
    start = end + 1;
  }
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

Error bad_field(const FieldRule& rule, std::string_view value, const std::string& why) {
  return invalid_argument("cron: " + std::string(rule.name) + " '" +
                          std::string(value.substr(0, 64)) + "' " + why);
}

std::string range_text(const FieldRule& rule) {
  std::string out = std::to_string(rule.low) + "-" + std::to_string(rule.high);
  if (!rule.names.empty()) out += " or " + rule.names.front() + "-" + rule.names.back();
  return out;
}

Result<int> parse_value(const FieldRule& rule, std::string_view text) {
  const std::string name = lower(text);
  for (std::size_t i = 0; i < rule.names.size(); ++i)
    if (rule.names[i] == name) return rule.first_name_value + static_cast<int>(i);
  const bool digits = !text.empty() && text.size() <= 4 &&
                      std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
  if (!digits)
    return bad_field(rule, text, "is not in " + range_text(rule) + did_you_mean(name, rule.names));
  const int value = std::stoi(std::string(text));
  if (value < rule.low || value > rule.high)
    return bad_field(rule, text, "is not in " + range_text(rule));
  return value;
}

Result<int> parse_step(const FieldRule& rule, std::string_view item, std::string_view step) {
  const bool digits = !step.empty() && step.size() <= 4 &&
                      std::ranges::all_of(step, [](char c) { return c >= '0' && c <= '9'; });
  const int value = digits ? std::stoi(std::string(step)) : 0;
  if (value < 1 || value > rule.high)
    return bad_field(rule, item, "has a step that is not in 1-" + std::to_string(rule.high));
  return value;
}

/// One item of a list: `*`, `5`, `1-5`, each perhaps with `/2`. `5/15` counts from 5 to the end.
Result<std::uint64_t> parse_item(const FieldRule& rule, std::string_view item) {
  const auto slash = split(item, "/");
  if (slash.size() > 2) return bad_field(rule, item, "has more than one '/'");
  int low = rule.low, high = rule.high, step = 1;
  if (slash[0] != "*") {
    const auto ends = split(slash[0], "-");
    if (ends.size() > 2) return bad_field(rule, item, "has more than one '-'");
    MR_TRY(low, parse_value(rule, ends[0]));
    if (ends.size() == 2) {
      MR_TRY(high, parse_value(rule, ends[1]));
      // "fri-sun": Sunday as the end of a week is 7.
      if (rule.high == 7 && high == 0 && low > 0) high = 7;
    } else if (slash.size() == 1) {
      high = low;
    }
    if (low > high) return bad_field(rule, item, "is a range that runs backwards");
  }
  if (slash.size() == 2) {
    MR_TRY(step, parse_step(rule, item, slash[1]));
  }
  std::uint64_t set = 0;
  for (int value = low; value <= high; value += step) set |= std::uint64_t{1} << value;
  return set;
}

Result<std::uint64_t> parse_list(const FieldRule& rule, std::string_view field, bool* last_day) {
  std::uint64_t set = 0;
  for (const std::string_view item : split(field, ",")) {
    if (item.empty()) return bad_field(rule, field, "has an empty item");
    if (last_day != nullptr && lower(item) == "l") {
      *last_day = true;
      continue;
    }
    MR_TRY(const std::uint64_t values, parse_item(rule, item));
    set |= values;
  }
  return set;
}

Result<std::string_view> expand_macro(std::string_view expression) {
  if (!expression.starts_with('@')) return expression;
  std::vector<std::string> names;
  for (const auto& [name, fields] : kMacros) {
    if (lower(expression) == name) return fields;
    names.emplace_back(name);
  }
  return invalid_argument("cron: there is no '" + std::string(expression.substr(0, 64)) +
                          "'; there are @hourly @daily @weekly @monthly @yearly" +
                          did_you_mean(expression, names));
}

std::vector<std::string_view> fields_of(std::string_view expression) {
  auto fields = split(expression, " \t");
  std::erase_if(fields, [](std::string_view field) { return field.empty(); });
  return fields;
}

bool has(std::uint64_t set, unsigned value) { return ((set >> value) & 1) != 0; }

/// The least member of `set` at or above `from`; -1 if there is none.
int at_or_above(std::uint64_t set, int from) {
  const std::uint64_t rest = from > 63 ? 0 : set >> from << from;
  return rest == 0 ? -1 : std::countr_zero(rest);
}

/// The greatest member of `set` at or below `from`; -1 if there is none.
int at_or_below(std::uint64_t set, int from) {
  const std::uint64_t rest = from < 0 ? 0 : set & (~std::uint64_t{0} >> (63 - from));
  return rest == 0 ? -1 : 63 - std::countl_zero(rest);
}

bool matches_month(const Fields& fields, local_days day) {
  return has(fields.months, static_cast<unsigned>(std::chrono::year_month_day{day}.month()));
}

local_days next_month(local_days day) {
  const std::chrono::year_month_day date{day};
  return local_days{(date.year() / date.month() + std::chrono::months{1}) / 1};
}

local_days end_of_previous_month(local_days day) {
  const std::chrono::year_month_day date{day};
  return local_days{date.year() / date.month() / 1} - days{1};
}

}  // namespace

Result<Fields> parse(std::string_view expression) {
  if (expression.size() > 512)
    return invalid_argument("cron: the expression is longer than 512 bytes");
  MR_TRY(const std::string_view expanded, expand_macro(expression));
  const auto texts = fields_of(expanded);
  if (texts.size() != 5)
    return invalid_argument("cron: '" + std::string(expression.substr(0, 64)) + "' has " +
                            std::to_string(texts.size()) +
                            " fields; there are five: minute hour day-of-month month day-of-week");
  Fields out;
  MR_TRY(out.minutes, parse_list(rules()[0], texts[0], nullptr));
  MR_TRY(const auto hour_set, parse_list(rules()[1], texts[1], nullptr));
  MR_TRY(const auto day_set, parse_list(rules()[2], texts[2], &out.last_day));
  MR_TRY(const auto month_set, parse_list(rules()[3], texts[3], nullptr));
  MR_TRY(const auto weekday_set, parse_list(rules()[4], texts[4], nullptr));
  out.hours = static_cast<std::uint32_t>(hour_set);
  out.month_days = static_cast<std::uint32_t>(day_set);
  out.months = static_cast<std::uint32_t>(month_set);
  out.weekdays =
      static_cast<std::uint32_t>((weekday_set | weekday_set >> 7) & 0x7f);  // 7 is Sunday
  constexpr std::uint64_t kAllHours = (std::uint64_t{1} << 24) - 1;
  out.hours_open = hour_set == kAllHours || texts[1].find_first_of("*/") != std::string_view::npos;
  out.days_open = texts[2].starts_with('*');
  out.weekdays_open = texts[4].starts_with('*');
  return out;
}

bool Fields::matches_day(local_days day) const {
  const std::chrono::year_month_day date{day};
  if (!has(months, static_cast<unsigned>(date.month()))) return false;
  const bool is_last = std::chrono::year_month_day{day + days{1}}.month() != date.month();
  const bool by_day = has(month_days, static_cast<unsigned>(date.day())) || (last_day && is_last);
  const bool by_weekday = has(weekdays, std::chrono::weekday{day}.c_encoding());
  return days_open || weekdays_open ? by_day && by_weekday : by_day || by_weekday;
}

std::optional<LocalTime> Fields::first(LocalTime from, LocalTime until) const {
  LocalTime at = std::chrono::ceil<std::chrono::minutes>(from);
  while (at < until) {
    const local_days day = floor<std::chrono::days>(at);
    if (!matches_month(*this, day)) {
      at = next_month(day);
      continue;
    }
    if (matches_day(day)) {
      const auto clock = floor<std::chrono::minutes>(at - day);
      int hour = at_or_above(hours, static_cast<int>(clock.count() / 60));
      int minute = hour == clock.count() / 60
                       ? at_or_above(minutes, static_cast<int>(clock.count() % 60))
                       : at_or_above(minutes, 0);
      if (hour >= 0 && minute < 0) {  // the hour has no minute left: the first one of the next
        hour = at_or_above(hours, hour + 1);
        minute = at_or_above(minutes, 0);
      }
      if (hour >= 0) {
        at = day + std::chrono::hours{hour} + std::chrono::minutes{minute};
        return at < until ? std::optional(at) : std::nullopt;
      }
    }
    at = day + std::chrono::days{1};
  }
  return std::nullopt;
}

std::optional<LocalTime> Fields::last(LocalTime from, LocalTime until) const {
  LocalTime at = floor<std::chrono::minutes>(until - std::chrono::seconds{1});
  while (at >= from) {
    const local_days day = floor<std::chrono::days>(at);
    if (!matches_month(*this, day)) {
      at = end_of_previous_month(day) + std::chrono::hours{24} - std::chrono::minutes{1};
      continue;
    }
    if (matches_day(day)) {
      const auto clock = floor<std::chrono::minutes>(at - day);
      int hour = at_or_below(hours, static_cast<int>(clock.count() / 60));
      int minute = hour == clock.count() / 60
                       ? at_or_below(minutes, static_cast<int>(clock.count() % 60))
                       : at_or_below(minutes, 59);
      if (hour >= 0 && minute < 0) {
        hour = at_or_below(hours, hour - 1);
        minute = at_or_below(minutes, 59);
      }
      if (hour >= 0) {
        at = day + std::chrono::hours{hour} + std::chrono::minutes{minute};
        return at >= from ? std::optional(at) : std::nullopt;
      }
    }
    at = day - std::chrono::minutes{1};
  }
  return std::nullopt;
}

}  // namespace millrace::cron
