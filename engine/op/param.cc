#include "engine/op/param.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>

#include "engine/base/duration.h"
#include "engine/base/identifier.h"
#include "engine/base/number_text.h"
#include "engine/base/suggest.h"
#include "engine/core/expression_value.h"

namespace millrace {

/// The text of a scalar, as an argument or a path: null is "", 2.0 is "2". nullopt of a list or a
/// mapping.
static std::optional<std::string> scalar_text(const Json& value);

namespace {

constexpr std::array<std::string_view, 10> kTypeNames = {"string",   "boolean", "integer", "number",
                                                         "duration", "strings", "numbers", "json",
                                                         "mapping",  "texts"};

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

std::optional<std::string> check_choice(const ParamInfo& info, const std::string& text) {
  if (info.choices.empty() || std::ranges::find(info.choices, text) != info.choices.end())
    return std::nullopt;
  std::string all;
  for (const auto& choice : info.choices) all += (all.empty() ? "" : ", ") + choice;
  return "'" + text + "' is not one of " + all + did_you_mean(text, info.choices);
}

/// The number that a value is or spells, e.g. "2" or "1e3"; null if it is not a number.
Json number_of(const Json& value) {
  if (value.is_number()) return value;
  if (!value.is_string()) return {};
  std::string_view text = value.as_view();
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front())) != 0)
    text.remove_prefix(1);
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0)
    text.remove_suffix(1);
  const auto number = expr::parse_number(text);
  if (!number || !std::isfinite(number->as_double())) return {};
  const bool is_whole = text.find_first_not_of("+-0123456789") == std::string_view::npos;
  return is_whole && !number->is_integer() ? Json()
                                           : *number;  // more digits than fit are no number
}

std::optional<bool> boolean_of(const Json& value) {
  if (value.is_bool()) return value.as_bool();
  if (value.as_view() == "true") return true;
  if (value.as_view() == "false") return false;
  return std::nullopt;
}

std::optional<std::string> check_text(const ParamInfo& info, const Json& value) {
  const auto text = scalar_text(value);
  if (!text) return wrong_type(value, "a string");
  if (text->find('\0') != std::string::npos) return "a text must not hold a NUL byte";
  if (info.time && !text->empty())
    if (const auto time = parse_rfc3339(*text); !time) return time.error().message;
  if (info.id && !is_valid_id(*text))
    return "'" + *text + "' is not a valid name; use " + std::string(kIdRule);
  return check_choice(info, *text);
}

std::optional<std::string> check_texts(const ParamInfo& info, const Json& value) {
  if (!value.is_object()) return wrong_type(value, "a mapping of names to texts");
  for (const auto& [name, text] : value.members()) {
    if (name.empty()) return "a name is empty";
    if (has_expression(text)) continue;
    if (auto problem = check_text(info, text)) return "'" + name + "': " + *problem;
  }
  return std::nullopt;
}

std::optional<std::string> check_scalar(const ParamInfo& info, ParamType type, const Json& value) {
  if (has_expression(value)) return std::nullopt;
  switch (type) {
    case ParamType::string:
      return check_text(info, value);
    case ParamType::boolean:
      return boolean_of(value) ? std::nullopt : wrong_type(value, "true or false");
    case ParamType::integer: {
      const Json number = number_of(value);
      if (!number.is_integer() && !(number.is_number() && Json(number.as_int()) == number))
        return wrong_type(value, "an integer");
      return check_range(info, number.as_double());
    }
    case ParamType::number: {
      const Json number = number_of(value);
      return number.is_number() ? check_range(info, number.as_double())
                                : wrong_type(value, "a number");
    }
    case ParamType::duration: {
      if (!value.is_string()) return wrong_type(value, "a duration such as 30s or 5m");
      const auto parsed = parse_duration(value.as_view());
      if (!parsed) return parsed.error().message;
      if (*parsed >= info.min_duration) return std::nullopt;
      return format_duration(*parsed) + " is out of range; it must be at least " +
             format_duration(info.min_duration);
    }
    case ParamType::mapping:
      return value.is_object() ? std::nullopt : wrong_type(value, "a mapping");
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
      out.set("type", Json::array({"string", "number", "boolean"}));
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
      out.set("type", Json::array({"array", "string", "number", "boolean"}));
      break;
    case ParamType::numbers:
      out.set("type", Json::array({"array", "number", "string"}));
      break;
    case ParamType::json:
      break;
    case ParamType::mapping:
      out.set("type", Json::array({"object", "string"}));
      break;
    case ParamType::texts:
      out.set("type", Json::array({"object", "string"}));
      out.set("additionalProperties",
              Json::object({{"type", Json::array({"string", "number", "boolean", "null"})}}));
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

bool is_given(const Json& value) {
  if (value.is_null()) return false;
  if (value.is_string()) return !value.as_view().empty();
  return !value.is_array() || value.size() > 0;
}

std::optional<std::string> scalar_text(const Json& value) {
  if (value.is_array() || value.is_object()) return std::nullopt;
  return expr::to_text(value);
}

bool ParamInfo::takes_text() const {
  return type == ParamType::string || type == ParamType::strings || type == ParamType::duration ||
         type == ParamType::texts;
}

std::optional<std::string> check_type(const ParamInfo& info, Json::Type type) {
  using enum Json::Type;
  if (type == null) return std::nullopt;  // the same as not given
  const bool is_list = type == array, is_mapping = type == object;
  switch (info.type) {
    case ParamType::strings:
    case ParamType::numbers:
      return is_list ? std::nullopt : check_item_type(info, type);
    case ParamType::mapping:
    case ParamType::texts:
      if (is_mapping) return std::nullopt;
      return "it is " + std::string(type_name(type)) + "; expected a mapping";
    default:
      return check_item_type(info, type);
  }
}

std::optional<std::string> check_item_type(const ParamInfo& info, Json::Type type) {
  using enum Json::Type;
  const auto expected = [&](std::string_view what) {
    return "it is " + std::string(type_name(type)) + "; expected " + std::string(what);
  };
  const bool is_scalar = type != array && type != object;
  switch (info.type) {
    case ParamType::string:
    case ParamType::strings:
    case ParamType::texts:
      if (is_scalar) return std::nullopt;
      return expected("text; write it as JSON with toJSON()") +
             (type == array ? ", or join() its items" : "");
    case ParamType::boolean:
      if (type == boolean || type == string || type == null) return std::nullopt;
      return expected("true or false");
    case ParamType::integer:
      if (is_scalar && type != boolean) return std::nullopt;
      return expected("an integer");
    case ParamType::number:
    case ParamType::numbers:
      if (is_scalar && type != boolean) return std::nullopt;
      return expected("a number");
    case ParamType::duration:
      if (type == string || type == null) return std::nullopt;
      return expected("a duration such as 30s or 5m");
    case ParamType::mapping:
    case ParamType::json:
      return std::nullopt;
  }
  return std::nullopt;
}

std::optional<std::string> check_value(const ParamInfo& info, const Json& value) {
  switch (info.type) {
    case ParamType::strings:
      return check_list(info, ParamType::string, value);
    case ParamType::numbers:
      return check_list(info, ParamType::number, value);
    case ParamType::texts:
      return value.is_string() && has_expression(value) ? std::nullopt : check_texts(info, value);
    default:
      break;
  }
  if (auto problem = check_scalar(info, info.type, value)) return problem;
  return info.check_members && value.is_object() ? info.check_members(value) : std::nullopt;
}

namespace detail {

void assign(std::string& to, const Json& value) { to = scalar_text(value).value_or(""); }
void assign(bool& to, const Json& value) { to = boolean_of(value).value_or(false); }
void assign(long& to, const Json& value) { to = number_of(value).as_int(); }
void assign(double& to, const Json& value) { to = number_of(value).as_double(); }
void assign(Duration& to, const Json& value) {
  to = parse_duration(value.as_view()).value_or(Duration{});
}
void assign(std::vector<std::string>& to, const Json& value) {
  to.clear();
  if (!value.is_array()) assign(to.emplace_back(), value);
  for (const auto& item : value.items()) assign(to.emplace_back(), item);
}
void assign(std::vector<double>& to, const Json& value) {
  to.clear();
  if (!value.is_array()) assign(to.emplace_back(), value);
  for (const auto& item : value.items()) assign(to.emplace_back(), item);
}
void assign(Json& to, const Json& value) { to = value; }
void assign_texts(Json& to, const Json& value) {
  to = Json::object();
  for (const auto& [name, text] : value.members())
    to.mutable_members().emplace_back(name, text.is_null() ? Json() : Json(*scalar_text(text)));
}

}  // namespace detail
}  // namespace millrace
