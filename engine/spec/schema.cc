#include "engine/spec/schema.h"

#include <algorithm>
#include <cassert>

#include "engine/spec/fields.h"

namespace millrace {
namespace {

using spec::Field;
using spec::Fields;

Json names(const std::vector<std::string>& values) {
  Json out = Json::array();
  for (const auto& value : values) out.push_back(value);
  return out;
}

Json field_schema(const Field& field) {
  auto parsed = Json::parse(field.schema);
  assert(parsed.ok() && "a field's schema is JSON");
  Json out = Json::object({{"description", field.doc}});
  for (const auto& [name, value] : parsed->members()) out.set(name, value);
  return out;
}

/// A mapping with these keys and no others.
Json mapping_schema(Fields fields) {
  Json properties = Json::object();
  std::vector<std::string> required;
  for (const auto& field : fields) {
    properties.set(field.name, field_schema(field));
    if (field.required) required.emplace_back(field.name);
  }
  Json out = Json::object({{"type", "object"}, {"additionalProperties", false}});
  if (!required.empty()) out.set("required", names(required));
  return out.set("properties", std::move(properties));
}

/// How many of some parameters must be there.
Json rule_schema(const ParamRule& rule) {
  Json each = Json::array();
  for (const auto& name : rule.names)
    each.push_back(Json::object({{"required", Json::array({name})}}));
  if (rule.at_least_one && rule.at_most_one) return Json::object({{"oneOf", std::move(each)}});
  if (rule.at_least_one) return Json::object({{"anyOf", std::move(each)}});
  return Json::object({{"not", Json::object({{"required", names(rule.names)}})}});
}

/// The `with` of one operator.
Json with_schema(const OperatorInfo& info) {
  Json properties = Json::object();
  std::vector<std::string> required;
  for (const auto& param : info.params) {
    properties.set(param.name, param.schema());
    if (param.required) required.push_back(param.name);
  }
  const bool rule_asks = std::ranges::any_of(info.rules, &ParamRule::at_least_one);
  const bool may_be_empty = required.empty() && !rule_asks;
  Json out =
      Json::object({{"type", may_be_empty ? Json::array({"object", "null"}) : Json("object")},
                    {"description", info.doc},
                    {"additionalProperties", false}});
  if (!required.empty()) out.set("required", names(required));
  Json rules = Json::array();
  for (const auto& rule : info.rules) rules.push_back(rule_schema(rule));
  if (rules.size() > 0) out.set("allOf", std::move(rules));
  return out.set("properties", std::move(properties));
}

/// "Where the operator is this one, `with` is that."
Json operator_rule(const OperatorInfo& info) {
  const Json is_this = Json::object({{"operator", Json::object({{"const", info.name}})}});
  Json then = Json::object();
  Json with = with_schema(info);
  if (with["type"].is_string()) then.set("required", Json::array({"with"}));
  then.set("properties", Json::object({{"with", std::move(with)}}));
  return Json::object(
      {{"if", Json::object({{"properties", is_this}, {"required", Json::array({"operator"})}})},
       {"then", std::move(then)}});
}

Json task_schema(const Catalog& catalog) {
  Json out = mapping_schema(spec::task_fields());
  Json choices = Json::array();
  Json rules = Json::array();
  for (const auto& name : catalog.names()) {
    const OperatorInfo& info = *catalog.find(name);
    choices.push_back(Json::object({{"const", name}, {"description", info.doc}}));
    rules.push_back(operator_rule(info));
  }
  out.member("properties")
      .set("operator", Json::object({{"description", "What the task does"}, {"oneOf", choices}}));
  if (rules.size() > 0) out.set("allOf", std::move(rules));
  return out;
}

Json schedule_lines_schema() {
  Json line =
      Json::object({{"oneOf", Json::array({Json::object({{"type", "string"}}),
                                           mapping_schema(spec::schedule_line_fields())})}});
  return Json::object(
      {{"type", "array"}, {"minItems", 1}, {"maxItems", 32}, {"items", std::move(line)}});
}

Json day_range_schema() {
  return Json::object({{"type", "string"},
                       {"pattern", R"(^\d{4}-\d\d-\d\d(\.\.\d{4}-\d\d-\d\d)?$)"},
                       {"examples", Json::array({"2026-12-25", "2026-12-24..2027-01-02"})}});
}

/// A task that uses a template has this key, and no operator.
Json task_or_use_schema() {
  return Json::object({{"if", Json::object({{"required", Json::array({"template"})}})},
                       {"then", Json::object({{"$ref", "#/$defs/use"}})},
                       {"else", Json::object({{"$ref", "#/$defs/task"}})}});
}

/// What both kinds of files refer to.
Json common_definitions(const Catalog& catalog) {
  return Json::object(
      {{"param", mapping_schema(spec::param_fields())},
       {"defaults", mapping_schema(spec::defaults_fields())},
       {"retries", mapping_schema(spec::retry_fields())},
       {"retry_rule", mapping_schema(spec::retry_rule_fields())},
       {"retry_on", mapping_schema(spec::retry_on_fields())},
       {"rule_error", Json::object({{"enum", names(spec::rule_errors())}})},
       {"exit_code", Json::object({{"type", "integer"}, {"minimum", 1}, {"maximum", 255}})},
       {"error_code", Json::object({{"enum", names(spec::retried_codes())}})},
       {"foreach", mapping_schema(spec::foreach_fields())},
       {"repeat", mapping_schema(spec::repeat_fields())},
       {"teardown", mapping_schema(spec::teardown_fields())},
       {"use", mapping_schema(spec::use_fields())},
       {"task_or_use", task_or_use_schema()},
       {"task", task_schema(catalog)}});
}

Json file_schema(const char* id, const char* title, Fields fields, Json definitions) {
  Json out = Json::object(
      {{"$schema", "https://json-schema.org/draft/2020-12/schema"}, {"$id", id}, {"title", title}});
  const Json keys = mapping_schema(fields);
  for (const auto& [name, value] : keys.members()) out.set(name, value);
  return out.set("$defs", std::move(definitions));
}

}  // namespace

Json dag_json_schema(const Catalog& catalog) {
  Json definitions = Json::object({{"schedule", mapping_schema(spec::schedule_fields())},
                                   {"schedule_lines", schedule_lines_schema()},
                                   {"day_range", day_range_schema()},
                                   {"catchup", mapping_schema(spec::catchup_fields())},
                                   {"on", mapping_schema(spec::on_fields())},
                                   {"event", mapping_schema(spec::event_fields())},
                                   {"webhook", mapping_schema(spec::webhook_fields())}});
  const Json common = common_definitions(catalog);
  for (const auto& [name, value] : common.members()) definitions.set(name, value);
  return file_schema("urn:millrace:dag-schema", "Millrace DAG", spec::dag_fields(),
                     std::move(definitions));
}

Json template_json_schema(const Catalog& catalog) {
  return file_schema("urn:millrace:template-schema", "Millrace template", spec::template_fields(),
                     common_definitions(catalog));
}

}  // namespace millrace
