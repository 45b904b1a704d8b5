#include "engine/base/record_json.h"

#include <cassert>

#include "engine/base/digest.h"
#include "engine/base/number_text.h"

namespace millrace::detail {
namespace {

constexpr std::size_t kMaxShown = 80;  // bytes of a refused value

std::string shown(const Json& json) {
  std::string text = json.dump();
  if (text.size() > kMaxShown) text = text.substr(0, kMaxShown) + "…";
  return text;
}

}  // namespace

bool refuse(const Json& json, std::string_view expected, std::string& problem) {
  problem = "' is " + shown(json) + "; expected " + std::string(expected);
  return false;
}

bool refuse_missing(std::string_view name, std::string& problem) {
  problem = std::string(name) + "' is missing";
  return false;
}

bool refuse_kind(const Json& json, std::string_view kinds, std::string& problem) {
  problem = "kind' is " + shown(json["kind"]) + "; expected one of " + std::string(kinds);
  return false;
}

void prepend_name(std::string_view name, std::string& problem) {
  const bool nested = !problem.starts_with('\'') && !problem.starts_with('[');
  problem.insert(0, std::string(name) + (nested ? "." : ""));
}

void prepend_index(std::size_t index, std::string& problem) {
  const bool nested = !problem.starts_with('\'') && !problem.starts_with('[');
  problem.insert(0, "[" + std::to_string(index) + "]" + (nested ? "." : ""));
}

bool in_range(double value, double minimum, double maximum, std::string& problem) {
  if (value >= minimum && value <= maximum) return true;
  problem = "' is " + number_text(value) + "; expected a number from " + number_text(minimum) +
            " to " + number_text(maximum);
  return false;
}

bool is_scalar(const Json& value, std::size_t max_bytes, std::string& problem) {
  if (value.is_string()) return fits(value.as_view(), max_bytes, problem);
  return value.is_number() || refuse(value, "a text or a number", problem);
}

bool is_text(std::string_view value, TextRule rule, bool may_be_empty, std::string& problem) {
  if (value.empty() && may_be_empty) return true;
  switch (rule) {
    case TextRule::any:
      return true;
    case TextRule::not_empty:
      return !value.empty() || refuse(Json(value), "a name", problem);
    case TextRule::digest:
      return is_sha256_hex(value) || refuse(Json(value), "a digest of 64 hex digits", problem);
    case TextRule::date_time:
      return parse_rfc3339(value).ok() || refuse(Json(value), "a time (RFC 3339)", problem);
  }
  return true;
}

bool fits(std::string_view value, std::size_t max_bytes, std::string& problem) {
  return value.size() <= max_bytes ||
         refuse(Json(value), "a text of at most " + std::to_string(max_bytes) + " bytes", problem);
}

bool read_time(const Json& json, Time& to, std::string& problem) {
  if (json.is_integer()) {
    to = from_micros(json.as_int());
    return true;
  }
  auto parsed = parse_rfc3339(json.as_view());
  if (!parsed) return refuse(json, "a time (RFC 3339)", problem);
  to = *parsed;
  return true;
}

bool read_uuid(const Json& json, Uuid& to, std::string& problem) {
  auto parsed = Uuid::parse(json.as_view());
  if (!parsed) return refuse(json, "a UUID", problem);
  to = *parsed;
  return true;
}

Json parsed(std::string_view text) {
  auto json = Json::parse(text, {.max_bytes = text.size(), .max_depth = 1000});
  assert(json.ok());
  return *std::move(json);
}

Error problem_error(std::string problem) { return invalid_argument("'" + std::move(problem)); }

}  // namespace millrace::detail
