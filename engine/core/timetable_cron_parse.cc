// A cron expression as text: what each field may contain, and the error that says what is wrong.
#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/suggest.h"
#include "engine/core/timetable_cron.h"

namespace millrace::cron {
namespace {

struct FieldRule {
  std::string_view name;
  int low;
  int high;
  int cycle;  // how many values there are: a range that wraps goes on at `low` after the last
  int first_name_value;
  std::vector<std::string> names;  // in order from first_name_value
};

const std::array<FieldRule, 6>& rules() {
  static const std::array<FieldRule, 6> all = {{
      {"second", 0, 59, 60, 0, {}},
      {"minute", 0, 59, 60, 0, {}},
      {"hour", 0, 23, 24, 0, {}},
      {"day of month", 1, 31, 31, 0, {}},
      {"month",
       1,
       12,
       12,
       1,
       {"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}},
      {"day of week", 0, 7, 7, 0, {"sun", "mon", "tue", "wed", "thu", "fri", "sat"}},
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

/// Digits only, at most four; -1 otherwise.
int number(std::string_view text) {
  const bool digits = !text.empty() && text.size() <= 4 &&
                      std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
  return digits ? std::stoi(std::string(text)) : -1;
}

Result<int> parse_value(const FieldRule& rule, std::string_view text) {
  const std::string name = lower(text);
  for (std::size_t i = 0; i < rule.names.size(); ++i)
    if (rule.names[i] == name) return rule.first_name_value + static_cast<int>(i);
  const int value = number(text);
  if (value < 0)
    return bad_field(rule, text, "is not in " + range_text(rule) + did_you_mean(name, rule.names));
  if (value < rule.low || value > rule.high)
    return bad_field(rule, text, "is not in " + range_text(rule));
  return value;
}

Result<int> parse_step(const FieldRule& rule, std::string_view item, std::string_view step) {
  const int value = number(step);
  if (value < 1 || value > rule.high)
    return bad_field(rule, item, "has a step that is not in 1-" + std::to_string(rule.high));
  return value;
}

/// One item of a list: `*`, `5`, `1-5`, each perhaps with `/2`. `5/15` counts from 5 to the end,
/// and a range whose end is before its start goes on at the least value: `22-4`, `fri-mon`.
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
    } else if (slash.size() == 1) {
      high = low;
    }
    if (low > high) high += rule.cycle;
  }
  if (slash.size() == 2) {
    MR_TRY(step, parse_step(rule, item, slash[1]));
  }
  std::uint64_t set = 0;
  for (int value = low; value <= high; value += step)
    set |= std::uint64_t{1} << (value > rule.high ? value - rule.cycle : value);
  return set;
}

/// An item that only one of the fields has. False: it is an item like those of the others.
using Special = Result<bool> (*)(const FieldRule& rule, std::string_view item, Fields& out);

Result<bool> no_special(const FieldRule& rule, std::string_view item, Fields& out) {
  static_cast<void>(out);
  if (item == "?") return bad_field(rule, item, "is only for the two day fields; write '*'");
  return false;
}

/// `L`, `L-3`, `LW` and `15W`.
Result<bool> special_month_day(const FieldRule& rule, std::string_view item, Fields& out) {
  const std::string text = lower(item);
  if (text == "l" || text == "lw") {
    out.from_last |= text == "l" ? 1U : 0U;
    out.last_workday |= text == "lw";
    return true;
  }
  if (text.starts_with("l-")) {
    const int before = number(std::string_view(text).substr(2));
    if (before < 0 || before > 30)
      return bad_field(rule, item, "counts days before the last one; they are not in 0-30");
    out.from_last |= 1U << before;
    return true;
  }
  if (text.ends_with('w')) {
    const int day = number(std::string_view(text).substr(0, text.size() - 1));
    if (day < rule.low || day > rule.high)
      return bad_field(rule, item, "needs one day in 1-31 before the 'W', such as 15W, or LW");
    out.workdays |= 1U << day;
    return true;
  }
  if (text.size() > 1 && text.ends_with('l'))
    return bad_field(rule, item, "is not a day; days before the last one are L-1 to L-30");
  return false;
}

/// `friL` and `fri#2`.
Result<bool> special_weekday(const FieldRule& rule, std::string_view item, Fields& out) {
  const std::size_t hash = item.find('#');
  if (hash != std::string_view::npos) {
    MR_TRY(const int day, parse_value(rule, item.substr(0, hash)));
    const int nth = number(item.substr(hash + 1));
    if (nth < 1 || nth > 5)
      return bad_field(rule, item, "has an occurrence in the month that is not in 1-5");
    out.nth_weekdays |= std::uint64_t{1} << (7 * (nth - 1) + day % 7);
    return true;
  }
  if (lower(item) == "l") return bad_field(rule, item, "needs a day before the 'L', such as friL");
  if (!lower(item).ends_with('l')) return false;
  MR_TRY(const int day, parse_value(rule, item.substr(0, item.size() - 1)));
  out.last_weekdays |= 1U << (day % 7);
  return true;
}

/// The values of a field; what is special to it goes into `out`.
Result<std::uint64_t> parse_list(const FieldRule& rule, std::string_view field, Special special,
                                 Fields& out) {
  if (field == "?" && special != no_special) field = "*";
  std::uint64_t set = 0;
  for (const std::string_view item : split(field, ",")) {
    if (item.empty()) return bad_field(rule, field, "has an empty item");
    MR_TRY(const bool done, special(rule, item, out));
    if (done) continue;
    MR_TRY(const std::uint64_t values, parse_item(rule, item));
    set |= values;
  }
  return set;
}

/// A field that restricts no day of its own.
bool is_open(std::string_view field) { return field.starts_with('*') || field == "?"; }

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

}  // namespace

Result<Fields> parse(std::string_view expression) {
  if (expression.size() > 512)
    return invalid_argument("cron: the expression is longer than 512 bytes");
  MR_TRY(const std::string_view expanded, expand_macro(expression));
  auto texts = fields_of(expanded);
  if (texts.size() != 5 && texts.size() != 6)
    return invalid_argument("cron: '" + std::string(expression.substr(0, 64)) + "' has " +
                            std::to_string(texts.size()) +
                            " fields; there are five: minute hour day-of-month month day-of-week, "
                            "or six: the second comes first");
  if (texts.size() == 5) texts.insert(texts.begin(), "0");
  Fields out;
  MR_TRY(out.seconds, parse_list(rules()[0], texts[0], no_special, out));
  MR_TRY(out.minutes, parse_list(rules()[1], texts[1], no_special, out));
  MR_TRY(const auto hour_set, parse_list(rules()[2], texts[2], no_special, out));
  MR_TRY(const auto day_set, parse_list(rules()[3], texts[3], special_month_day, out));
  MR_TRY(const auto month_set, parse_list(rules()[4], texts[4], no_special, out));
  MR_TRY(const auto weekday_set, parse_list(rules()[5], texts[5], special_weekday, out));
  out.hours = static_cast<std::uint32_t>(hour_set);
  out.month_days = static_cast<std::uint32_t>(day_set);
  out.months = static_cast<std::uint32_t>(month_set);
  out.weekdays =
      static_cast<std::uint32_t>((weekday_set | weekday_set >> 7) & 0x7f);  // 7 is Sunday
  constexpr std::uint64_t kAllHours = (std::uint64_t{1} << 24) - 1;
  out.hours_open = hour_set == kAllHours || texts[2].find_first_of("*/") != std::string_view::npos;
  out.days_open = is_open(texts[3]);
  out.weekdays_open = is_open(texts[5]);
  return out;
}

}  // namespace millrace::cron
