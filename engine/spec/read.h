// Reading typed values from a located tree: what does not fit is reported, and the reading goes on.
// Internal to this module.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/base/time.h"
#include "engine/spec/fields.h"
#include "engine/spec/report.h"
#include "engine/spec/yaml.h"

namespace millrace::spec {

/// Reports unknown and missing keys of a mapping; `what` names it, e.g. "task 'train'".
/// False if `node` is no mapping.
bool check_keys(const YamlNode& node, const Position& at, Fields fields, const std::string& what,
                Report& report);

// Each returns nullopt, with the reason reported, where the value does not fit. `key` names it in
// messages.
std::optional<std::string> read_string(const YamlNode& node, std::string_view key, Report& report);
/// A name: any scalar's text as it is written (a task may be called 2024).
std::optional<std::string> read_name(const YamlNode& node, std::string_view key, Report& report);
std::optional<bool> read_bool(const YamlNode& node, std::string_view key, Report& report);
std::optional<std::int64_t> read_integer(const YamlNode& node, std::string_view key,
                                         std::int64_t low, std::int64_t high, Report& report);
constexpr double kNoBound = 1e300;  // as `high`, and negative as `low`
std::optional<double> read_number(const YamlNode& node, std::string_view key, double low,
                                  double high, Report& report);
std::optional<Duration> read_duration(const YamlNode& node, std::string_view key, Report& report);
std::optional<std::int64_t> read_memory(const YamlNode& node, std::string_view key, Report& report);
/// A text without an offset is meant in `time_zone`; a date alone as an end includes its day.
enum class DayEdge { begin, end };
std::optional<Time> read_time(const YamlNode& node, std::string_view key,
                              const std::string& time_zone, DayEdge edge, Report& report);

/// `yes`, `off` and their like, which were booleans in YAML 1.1 and are strings now.
bool is_old_boolean(const YamlNode& node);
constexpr const char* kOldBooleanHint = "YAML 1.2 knows only true and false";

/// A name and its place.
struct Located {
  std::string text;
  Position at;
};
/// A string, or a list of strings; a repeated one is reported.
std::vector<Located> read_names(const YamlNode& node, std::string_view key, Report& report);

std::vector<std::string> texts(const std::vector<Located>& names);

/// "512MiB", "2GB", "1.5GiB": bytes.
Result<std::int64_t> parse_memory(std::string_view text);

}  // namespace millrace::spec
