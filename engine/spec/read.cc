#include "engine/spec/read.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "engine/base/duration.h"
#include "engine/core/timetable.h"

namespace millrace::spec {
namespace {

/// "timeout: 5 is an integer", with what was expected; a quoted number gets the hint to unquote it.
void wrong_type(const YamlNode& node, std::string_view key, const std::string& expected,
                Report& report) {
  std::string found(node.type_name());
  if (node.is_scalar() && !node.is_null()) found = quote(node.text) + " is " + found;
  const bool unquote = node.is_string() && !node.plain && !core_schema_value(node.text).is_string();
  report.error(node.at, "wrong-type",
               std::string(key) + ": expected " + expected + ", but " +
                   (node.is_scalar() && !node.is_null() ? "" : "it is ") + found,
               unquote ? "remove the quotes" : "");
}

/// "from 0 to 1": bounds are whole numbers, also those of a fraction.
std::string range_text(double low, double high) {
  const auto whole = [](double bound) { return std::to_string(static_cast<std::int64_t>(bound)); };
  return "from " + whole(low) + " to " + whole(high);
}

struct MemoryUnit {
  std::string_view name;
  double bytes;
};
constexpr std::array<MemoryUnit, 10> kMemoryUnits = {{{"B", 1},
                                                      {"kB", 1e3},
                                                      {"KB", 1e3},
                                                      {"MB", 1e6},
                                                      {"GB", 1e9},
                                                      {"TB", 1e12},
                                                      {"KiB", 1024.0},
                                                      {"MiB", 1024.0 * 1024},
                                                      {"GiB", 1024.0 * 1024 * 1024},
                                                      {"TiB", 1024.0 * 1024 * 1024 * 1024}}};

/// "it is a key of a task", where a key of another place is meant; "": there is none.
std::string home_of(std::string_view key, bool in_template) {
  const std::pair<std::string_view, Fields> places[] = {
      {"a task", task_fields()},
      {"retries", retry_fields()},
      {"schedule", schedule_fields()},
      {in_template ? "a DAG" : "the file's top level", dag_fields()}};
  std::string out;
  for (const auto& [place, fields] : places)
    if (std::ranges::find(fields, key, &Field::name) != fields.end())
      out.append(out.empty() ? "it is a key of " : " and of ").append(place);
  return out;
}

}  // namespace

bool check_keys(const YamlNode& node, const Position& at, Fields fields, const std::string& what,
                Report& report) {
  if (!node.is_mapping()) {
    report.error(node.at, "wrong-type",
                 what + " must be a mapping, but it is " + std::string(node.type_name()));
    return false;
  }
  const std::vector<std::string> known = names_of(fields);
  for (const auto& entry : node.entries) {
    if (report.full()) return true;
    if (std::ranges::find(fields, entry.key, &Field::name) != fields.end()) continue;
    std::string hint = home_of(entry.key, what == "the template");
    if (hint.empty()) hint = report.suggest(entry.key, known);
    if (hint.empty()) hint = "there are " + listed(known);
    report.error(entry.key_at, "unknown-key", "unknown key " + quote(entry.key) + " in " + what,
                 hint);
  }
  for (const auto& field : fields)
    if (field.required && node.find(field.name) == nullptr)
      report.error(at, "missing-key", what + " has no '" + std::string(field.name) + "'");
  return true;
}

std::optional<std::string> read_string(const YamlNode& node, std::string_view key, Report& report) {
  if (node.is_string()) return node.text;
  if (node.is_scalar() && !node.is_null())
    report.error(node.at, "wrong-type",
                 std::string(key) + ": expected a string, but " + quote(node.text) + " is " +
                     std::string(node.type_name()),
                 "put it in quotes");
  else
    wrong_type(node, key, "a string", report);
  return std::nullopt;
}

std::optional<std::string> read_name(const YamlNode& node, std::string_view key, Report& report) {
  if (node.is_scalar() && !node.is_null()) return node.text;
  wrong_type(node, key, "a name", report);
  return std::nullopt;
}

std::optional<bool> read_bool(const YamlNode& node, std::string_view key, Report& report) {
  if (node.is_scalar() && node.scalar.is_bool()) return node.scalar.as_bool();
  if (is_old_boolean(node))
    report.error(node.at, "wrong-type", std::string(key) + ": " + quote(node.text) + " is a string",
                 kOldBooleanHint);
  else
    wrong_type(node, key, "true or false", report);
  return std::nullopt;
}

bool is_old_boolean(const YamlNode& node) {
  static constexpr std::array<std::string_view, 6> kWords = {"yes", "no", "on", "off", "y", "n"};
  std::string word = node.text.substr(0, 4);
  for (char& c : word)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return node.plain && std::ranges::find(kWords, word) != kWords.end();
}

std::optional<std::int64_t> read_integer(const YamlNode& node, std::string_view key,
                                         std::int64_t low, std::int64_t high, Report& report) {
  const std::string expected =
      "an integer " + range_text(static_cast<double>(low), static_cast<double>(high));
  if (!node.is_scalar() || !node.scalar.is_integer()) {
    wrong_type(node, key, expected, report);
    return std::nullopt;
  }
  const std::int64_t value = node.scalar.as_int();
  if (value >= low && value <= high) return value;
  report.error(node.at, "bad-value",
               std::string(key) + ": " + quote(node.text) + " is not " + expected);
  return std::nullopt;
}

std::optional<double> read_number(const YamlNode& node, std::string_view key, double low,
                                  double high, Report& report) {
  const std::string expected =
      "a number" + (std::abs(low) < kNoBound ? " " + range_text(low, high) : std::string());
  if (!node.is_scalar() || !node.scalar.is_number()) {
    wrong_type(node, key, expected, report);
    return std::nullopt;
  }
  const double value = node.scalar.as_double();
  if (value >= low && value <= high) return value;
  report.error(node.at, "bad-value",
               std::string(key) + ": " + quote(node.text) + " is not " + expected);
  return std::nullopt;
}

std::optional<Duration> read_duration(const YamlNode& node, std::string_view key, Report& report) {
  if (!node.is_scalar() || node.is_null()) {
    wrong_type(node, key, "a duration such as 30s or 5m", report);
    return std::nullopt;
  }
  const auto duration = parse_duration(node.text);
  if (duration) return *duration;
  report.error(node.at, "bad-value", std::string(key) + ": " + duration.error().message);
  return std::nullopt;
}

std::optional<std::int64_t> read_memory(const YamlNode& node, std::string_view key,
                                        Report& report) {
  if (!node.is_scalar() || node.is_null()) {
    wrong_type(node, key, "an amount such as 512MiB or 2GB", report);
    return std::nullopt;
  }
  const auto bytes = parse_memory(node.text);
  if (bytes) return *bytes;
  report.error(node.at, "bad-value", std::string(key) + ": " + bytes.error().message);
  return std::nullopt;
}

std::optional<Time> read_time(const YamlNode& node, std::string_view key,
                              const std::string& time_zone, DayEdge edge, Report& report) {
  if (!node.is_string()) {
    wrong_type(node, key, "a time such as 2001-02-01 or 2001-02-01T03:00:00Z", report);
    return std::nullopt;
  }
  const auto time = edge == DayEdge::end ? parse_wall_end(node.text, time_zone)
                                         : parse_wall_time(node.text, time_zone);
  if (time) return *time;
  report.error(node.at, "bad-value", std::string(key) + ": " + time.error().message);
  return std::nullopt;
}

std::vector<Located> read_names(const YamlNode& node, std::string_view key, Report& report) {
  std::vector<Located> names;
  std::unordered_set<std::string> seen;
  const auto add = [&](const YamlNode& item) {
    auto name = read_name(item, key, report);
    if (!name) return;
    if (seen.insert(*name).second)
      names.push_back({*std::move(name), item.at});
    else
      report.error(item.at, "repeated", std::string(key) + ": " + quote(*name) + " stands twice");
  };
  if (!node.is_list()) add(node);
  for (const auto& item : node.items) add(item);
  return names;
}

std::vector<std::string> texts(const std::vector<Located>& names) {
  std::vector<std::string> out;
  for (const auto& name : names) out.push_back(name.text);
  return out;
}

Result<std::int64_t> parse_memory(std::string_view text) {
  const auto bad = [&](const std::string& why) {
    return invalid_argument(quote(text) + " " + why + "; write an amount such as 512MiB or 2GB");
  };
  double amount = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), amount, std::chars_format::fixed);
  if (error != std::errc() || text[0] < '0' || text[0] > '9')
    return bad("is not an amount of memory");
  const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  if (unit.empty()) return bad("has no unit");
  const auto found = std::ranges::find(kMemoryUnits, unit, &MemoryUnit::name);
  if (found == kMemoryUnits.end()) return bad("has an unknown unit");
  const double bytes = amount * found->bytes;
  if (!(bytes >= 1 && bytes <= 1e15)) return bad("is out of range");
  return static_cast<std::int64_t>(bytes);
}

}  // namespace millrace::spec
