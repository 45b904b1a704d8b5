// `params` of a DAG, `inputs` of a template.
#include <algorithm>

#include "engine/spec/read_dag.h"

namespace millrace::spec {
namespace {

/// `months: 2` is short for `months: {type: integer, default: 2}`.
Json shorthand_schema(const YamlNode& node, Report& report) {
  const Json value = to_json(node, report);
  Json schema = Json::object();
  switch (value.type()) {
    case Json::Type::null:
      return schema.set("default", Json());
    case Json::Type::array:
      schema.set("type", "array");
      break;
    case Json::Type::boolean:
      schema.set("type", "boolean");
      break;
    case Json::Type::integer:
      schema.set("type", "integer");
      break;
    case Json::Type::number:
      schema.set("type", "number");
      break;
    default:
      schema.set("type", "string");
  }
  return schema.set("default", value);
}

/// What no value could ever fit is an error of the declaration.
void check_bounds(const YamlNode& node, const std::string& what, Report& report) {
  std::optional<double> bounds[2];
  int i = 0;
  for (const std::string_view bound : {"minimum", "maximum"}) {
    if (const auto* entry = node.find(bound))
      bounds[i] = read_number(entry->value, bound, -kNoBound, kNoBound, report);
    ++i;
  }
  if (bounds[0] && bounds[1] && *bounds[0] > *bounds[1])
    report.error(node.find("minimum")->value.at, "bad-value",
                 what + ": the minimum is above the maximum, so no value fits");
  const auto* choices = node.find("enum");
  if (choices == nullptr) return;
  if (!choices->value.is_list())
    report.error(choices->value.at, "wrong-type", what + ": enum must be a list");
  else if (choices->value.items.empty())
    report.error(choices->value.at, "bad-value", what + ": enum is empty, so no value fits",
                 "list the values that are allowed, or remove it");
}

Json param_schema(const std::string& what, const YamlNode& node, Report& report) {
  check_keys(node, node.at, param_fields(), what, report);
  if (const auto* entry = node.find("type")) {
    const std::string type = read_string(entry->value, "type", report).value_or("string");
    const std::vector<std::string> known = {"string",  "integer", "number",
                                            "boolean", "array",   "object"};
    if (std::ranges::find(known, type) == known.end()) {
      const std::string hint = report.suggest(type, known);
      report.error(entry->value.at, "bad-value", what + " has the unknown type " + quote(type),
                   hint.empty() ? "there are " + listed(known) : hint);
      Json rest = to_json(node, report);
      std::erase_if(rest.mutable_members(),
                    [](const auto& member) { return member.first == "type"; });
      return rest;
    }
  }
  check_bounds(node, what, report);
  Json schema = to_json(node, report);
  if (schema["type"].as_view() == "string")
    for (const char* key : {"default", "enum"})
      if (const auto* entry = node.find(key)) schema.set(key, to_json_as_written(entry->value));
  return schema;
}

}  // namespace

std::string checked_id(std::string id, std::string_view what, const Position& at, Report& report) {
  if (!is_valid_id(id))
    report.error(at, "bad-id", std::string(what) + " " + quote(id) + " is not a valid id",
                 "use " + std::string(kIdRule));
  return id;
}

std::string misfit(const ParamSpec& param, std::string_view noun, const Json& value) {
  const auto fits = check_param(param, value);
  if (fits.ok()) return "";
  std::string_view message = fits.error().message;
  if (message.starts_with("param ")) message.remove_prefix(std::string_view("param ").size());
  return std::string(noun) + " " + std::string(message);
}

std::vector<ParamSpec> read_params(const YamlNode& node, std::string_view noun, Report& report) {
  std::vector<ParamSpec> out;
  if (!node.is_mapping()) {
    if (!node.is_null())
      report.error(node.at, "wrong-type",
                   std::string(noun) + "s must be a mapping of names, but it is " +
                       std::string(node.type_name()));
    return out;
  }
  for (const auto& entry : node.entries) {
    if (report.full()) break;
    const std::string what = std::string(noun) + " " + quote(entry.key);
    ParamSpec param{checked_id(entry.key, noun, entry.key_at, report),
                    entry.value.is_mapping() ? param_schema(what, entry.value, report)
                                             : shorthand_schema(entry.value, report)};
    if (const Json* given = param.schema.find("default"))
      if (const std::string problem = misfit(param, noun, *given); !problem.empty()) {
        const auto* place = entry.value.find("default");
        report.error(place ? place->value.at : entry.value.at, "bad-value",
                     "the default breaks its own schema: " + problem);
      }
    out.push_back(std::move(param));
  }
  return out;
}

}  // namespace millrace::spec
