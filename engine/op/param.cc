#include "engine/op/param.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "engine/base/duration.h"
#include "engine/base/number_text.h"
#include "engine/base/suggest.h"

namespace millrace {
namespace {

constexpr std::array<std::string_view, 8> kTypeNames = {"string",   "boolean", "integer", "number",
                                                        "duration", "strings", "numbers", "json"};

std::optional<std::string> wrong_type(const Json& value, std::string_view expected) {
  std::string text = value.dump();
  if (text.size() > 60) text = text.substr(0, 57) + "...";
  return text + " is " + std::string(type_name(value.type())) + "; expected " +
         std::string(expected);
}

std::optional<std::string> check_range(const ParamInfo& info, double value) {
  if (!(info.minimum && value < *info.minimum) && !(info.maximum && value > *info.maximum) &&
      !std::isnan(value))
    return std::nullopt;
  const std::string low = info.minimum ? number_text(*info.minimum) : "";
  const std::string high = info.maximum ? number_text(*info.maximum) : "";
  const std::string range = info.minimum && info.maximum ? "between " + low + " and " + high
                            : info.minimum               ? "at least " + low
                                                         : "at most " + high;
  return number_text(value) + " is out of range; it must be " + range;
}

std::optional<std::string> check_choice(const ParamInfo& info, const Json& value) {
  if (info.choices.empty() ||
      std::ranges::find(info.choices, value.as_view()) != info.choices.end())
    return std::nullopt;
  std::string all;
  for (const auto& choice : info.choices) all += (all.empty() ? "" : ", ") + choice;
  return "'" + value.as_string() + "' is not one of " + all +
         did_you_mean(value.as_view(), info.choices);
}

std::optional<std::string> check_scalar(const ParamInfo& info, ParamType type, const Json& value) {
  if (has_expression(value)) return std::nullopt;
  switch (type) {
    case ParamType::string:
      return value.is_string() ? check_choice(info, value) : wrong_type(value, "a string");
    case ParamType::boolean:
      return value.is_bool() ? std::nullopt : wrong_type(value, "true or false");
    case ParamType::integer:
      if (!value.is_integer() && !(value.is_number() && Json(value.as_int()) == value))
        return wrong_type(value, "an integer");
      return check_range(info, value.as_double());
    case ParamType::number:
      return value.is_number() ? check_range(info, value.as_double())
                               : wrong_type(value, "a number");
    case ParamType::duration: {
      if (!value.is_string()) return wrong_type(value, "a duration such as 30s or 5m");
      const auto parsed = parse_duration(value.as_view());
      return parsed ? std::nullopt : std::optional(parsed.error().message);
    }
    default:
      return std::nullopt;
  }
}

std::optional<std::string> check_list(const ParamInfo& info, ParamType item, const Json& value) {
  if (has_expression(value) && value.is_string()) return std::nullopt;
  if (!value.is_array())
    return check_scalar(info, item, value);  // one item may stand for a list of one
  for (const auto& each : value.items())
    if (auto problem = check_scalar(info, item, each)) return problem;
  return std::nullopt;
}

}  // namespace

std::string_view to_string(ParamType type) { return kTypeNames[static_cast<std::size_t>(type)]; }

Json ParamInfo::schema() const {
  Json out = Json::object();
  switch (type) {
    case ParamType::string:
      out.set("type", "string");
      break;
    case ParamType::boolean:
      out.set("type", Json::array({"boolean", "string"}));
      break;
    case ParamType::integer:
      out.set("type", Json::array({"integer", "string"}));
      break;
    case ParamType::number:
      out.set("type", Json::array({"number", "string"}));
      break;
    case ParamType::duration:
      out.set("type", "string");
      break;
    case ParamType::strings:
      out.set("type", Json::array({"array", "string"}));
      break;
    case ParamType::numbers:
      out.set("type", Json::array({"array", "number", "string"}));
      break;
    case ParamType::json:
      break;
  }
  out.set("description", doc);
  if (!default_value.is_null()) out.set("default", default_value);
  if (minimum) out.set("minimum", *minimum);
  if (maximum) out.set("maximum", *maximum);
  if (!choices.empty() && type == ParamType::string) {
    Json values = Json::array();
    for (const auto& choice : choices) values.push_back(choice);
    out.set("anyOf", Json::array({Json::object({{"enum", std::move(values)}}),
                                  Json::object({{"pattern", "\\$\\{\\{"}})}));
  }
  if (!example.is_null()) out.set("examples", Json::array({example}));
  return out;
}

bool has_expression(const Json& value) {
  if (value.is_string()) return value.as_view().find("${{") != std::string_view::npos;
  if (value.is_array()) return std::ranges::any_of(value.items(), has_expression);
  return std::ranges::any_of(value.members(),
                             [](const auto& member) { return has_expression(member.second); });
}

std::optional<std::string> check_value(const ParamInfo& info, const Json& value) {
  switch (info.type) {
    case ParamType::strings:
      return check_list(info, ParamType::string, value);
    case ParamType::numbers:
      return check_list(info, ParamType::number, value);
    default:
      return check_scalar(info, info.type, value);
  }
}

namespace detail {

void assign(std::string& to, const Json& value) { to = value.as_string(); }
void assign(bool& to, const Json& value) { to = value.as_bool(); }
void assign(long& to, const Json& value) { to = value.as_int(); }
void assign(double& to, const Json& value) { to = value.as_double(); }
void assign(Duration& to, const Json& value) {
  to = parse_duration(value.as_view()).value_or(Duration{});
}
void assign(std::vector<std::string>& to, const Json& value) {
  to.clear();
  if (!value.is_array()) to.push_back(value.as_string());
  for (const auto& item : value.items()) to.push_back(item.as_string());
}
void assign(std::vector<double>& to, const Json& value) {
  to.clear();
  if (!value.is_array()) to.push_back(value.as_double());
  for (const auto& item : value.items()) to.push_back(item.as_double());
}
void assign(Json& to, const Json& value) { to = value; }

}  // namespace detail
}  // namespace millrace
