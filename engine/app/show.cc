#include "engine/app/show.h"

#include <algorithm>
#include <cstdio>

#include "engine/app/terminal.h"
#include "engine/base/clock.h"
#include "engine/base/time.h"
#include "engine/core/names.h"

namespace millrace {

int print_json(const Json& json) {
  std::printf("%s\n", json.dump_pretty().c_str());
  return 0;
}

std::string name_of_row(const Json& row, std::string_view member) {
  return ScopedName(row["namespace"].as_string(kDefaultNamespace), row[member].as_string()).text();
}

std::string instance_name(const Json& task) {
  const auto map_index = task["map_index"].as_int(-1);
  return task["task"].as_string() + (map_index < 0 ? "" : "[" + std::to_string(map_index) + "]");
}

std::string short_time(const Json& time) {
  std::string text = time.as_string("-");
  if (text.size() > 19) text.resize(19);
  for (char& c : text)
    if (c == 'T') c = ' ';
  return text;
}

std::string elapsed(const Json& from, const Json& to) {
  const auto start = parse_rfc3339(from.as_view());
  const auto end = parse_rfc3339(to.as_view());
  if (!start) return "-";
  if (end) return human_duration(*end - *start);
  return human_duration(std::max(Duration{}, SystemClock().now() - *start)) + " so far";
}

std::string four_decimals(const Json& value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4f", value.as_double());
  return value.is_number() ? text : "-";
}

}  // namespace millrace
