// Params of a DAG: whether a value fits its declaration, and how a text becomes one.
#include <algorithm>
#include <optional>

#include "engine/base/suggest.h"
#include "engine/core/dag.h"
#include "engine/core/expression_value.h"
#include "engine/core/param_problems.h"

namespace millrace {
namespace {

bool has_type(const Json& value, std::string_view type) {
  if (type == "string") return value.is_string();
  if (type == "integer") return value.is_number() && Json(value.as_int()) == value;
  if (type == "number") return value.is_number();
  if (type == "boolean") return value.is_bool();
  if (type == "array") return value.is_array();
  if (type == "object") return value.is_object();
  return type == "null" ? value.is_null() : true;
}

}  // namespace

Status check_param(const ParamSpec& param, const Json& value) {
  const auto bad = [&](const std::string& expected) {
    return invalid_argument("param '" + param.name + "' is " + value.dump() + "; expected " +
                            expected);
  };
  const Json& schema = param.schema;
  const std::string_view type = schema["type"].as_view();
  if (schema.contains("type") && !has_type(value, type))
    return bad(type == "integer" && value.is_number() ? "an integer of 64 bits"
                                                      : "a value of type " + std::string(type));
  if (schema.contains("minimum") && value.is_number() &&
      value.as_double() < schema["minimum"].as_double())
    return bad("at least " + schema["minimum"].dump());
  if (schema.contains("maximum") && value.is_number() &&
      value.as_double() > schema["maximum"].as_double())
    return bad("at most " + schema["maximum"].dump());
  if (schema.contains("enum") &&
      std::ranges::find(schema["enum"].items(), value) == schema["enum"].items().end())
    return bad("one of " + schema["enum"].dump());
  return {};
}

std::vector<std::string> param_problems(const DagSpec& spec, const Json& given) {
  std::vector<std::string> out, names;
  for (const auto& param : spec.params) names.push_back(param.name);
  for (const auto& [name, value] : given.members())
    if (std::ranges::find(names, name) == names.end())
      out.push_back("DAG '" + spec.id + "' has no param '" + name + "'" +
                    did_you_mean(name, names));
  for (const auto& param : spec.params) {
    const Json* value = given.find(param.name);
    if (value == nullptr) value = param.schema.find("default");
    if (value == nullptr)
      out.push_back("DAG '" + spec.id + "' needs a value for the param '" + param.name + "'");
    else if (const auto fits = check_param(param, *value); !fits)
      out.push_back(fits.error().message);
  }
  return out;
}

std::string param_named_in(std::string_view sentence) {
  constexpr std::string_view kBefore = "param '";
  const auto start = sentence.find(kBefore);
  if (start == sentence.npos) return {};
  sentence.remove_prefix(start + kBefore.size());
  return std::string(sentence.substr(0, sentence.find('\'')));
}

namespace {

/// Without the white space between the tokens of JSON.
std::string without_spaces(std::string_view json) {
  std::string out;
  bool quoted = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    if (json[i] == '"') quoted = !quoted;
    if (quoted && json[i] == '\\' && i + 1 < json.size()) out += json[i++];
    if (quoted || std::string_view(" \t\r\n").find(json[i]) == std::string_view::npos)
      out += json[i];
  }
  return out;
}

/// The number that `text` spells, if it can be kept exactly: more digits than fit are none.
std::optional<Json> exact_number(std::string_view text) {
  auto number = expr::parse_number(text);
  const bool is_whole = text.find_first_not_of("+-0123456789") == std::string_view::npos;
  if (number && is_whole && !number->is_integer()) return std::nullopt;
  return number;
}

}  // namespace

Result<Json> param_from_text(const ParamSpec& param, std::string_view text) {
  const std::string_view type = param.schema["type"].as_view();
  const auto bad = [&](const std::string& expected) {
    return invalid_argument("param '" + param.name + "' is '" + std::string(text.substr(0, 200)) +
                            "'; expected " + expected);
  };
  if (type == "string") return Json(text);
  if (type == "boolean") {
    if (text == "true" || text == "false") return Json(text == "true");
    return bad("true or false");
  }
  if (type == "integer" || type == "number") {
    auto number = exact_number(text);
    if (!number || !has_type(*number, type))
      return bad(type == "integer" ? "an integer of 64 bits" : "a number");
    return *std::move(number);
  }
  auto json = Json::parse(text, {.unique_names = true});
  if (type.empty()) return json && json->dump() == without_spaces(text) ? *json : Json(text);
  if (!json) return bad("JSON of type " + std::string(type) + ": " + json.error().message);
  return json;
}

}  // namespace millrace
