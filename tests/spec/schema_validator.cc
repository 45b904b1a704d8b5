#include "tests/spec/schema_validator.h"

#include <algorithm>
#include <regex>
#include <set>

namespace millrace {
namespace {

bool is_type(const Json& value, std::string_view type) {
  if (type == "null") return value.is_null();
  if (type == "boolean") return value.is_bool();
  if (type == "string") return value.is_string();
  if (type == "array") return value.is_array();
  if (type == "object") return value.is_object();
  if (type == "number") return value.is_number();
  return type == "integer" && value.is_number() && Json(value.as_int()) == value;
}

struct Validator {
  const Json& root;
  std::vector<std::string> problems = {};

  bool valid(const Json& schema, const Json& value) const {
    Validator inner{root};
    inner.check(schema, value, "");
    return inner.problems.empty();
  }
  long count_valid(const Json& schemas, const Json& value) const {
    return std::ranges::count_if(schemas.items(), [&](const Json& s) { return valid(s, value); });
  }

  void check(const Json& schema, const Json& value, const std::string& at) {
    if (schema.is_bool()) {
      if (!schema.as_bool()) problems.push_back(at + ": not allowed");
      return;
    }
    for (const auto& [keyword, rule] : schema.members())
      if (!holds(schema, keyword, rule, value, at)) problems.push_back(at + ": " + keyword);
    if (const Json* other = schema.find("$ref")) {
      const std::string name = other->as_string();
      check(root["$defs"][name.substr(name.rfind('/') + 1)], value, at);
    }
  }

  bool holds(const Json& schema, const std::string& keyword, const Json& rule, const Json& value,
             const std::string& at) {
    static const std::set<std::string> notes = {"$schema",     "$id",     "$defs",     "title",
                                                "description", "default", "format",    "examples",
                                                "then",        "else",    "properties"};
    if (keyword == "properties") {
      for (const auto& [name, member] : value.members())
        if (const Json* part = rule.find(name)) check(*part, member, at + "/" + name);
      return true;
    }
    if (notes.contains(keyword)) return true;
    if (keyword == "$ref") return root["$defs"].contains(rule.as_string().substr(8));
    if (keyword == "type") {
      if (rule.is_string()) return is_type(value, rule.as_view());
      return std::ranges::any_of(rule.items(),
                                 [&](const Json& type) { return is_type(value, type.as_view()); });
    }
    if (keyword == "const") return value == rule;
    if (keyword == "enum") return std::ranges::find(rule.items(), value) != rule.items().end();
    if (keyword == "minLength")
      return !value.is_string() || value.as_view().size() >= rule.as_double();
    if (keyword == "maxLength")
      return !value.is_string() || value.as_view().size() <= rule.as_double();
    if (keyword == "minimum") return !value.is_number() || value.as_double() >= rule.as_double();
    if (keyword == "maximum") return !value.is_number() || value.as_double() <= rule.as_double();
    if (keyword == "pattern")
      return !value.is_string() ||
             std::regex_search(value.as_string(), std::regex(rule.as_string()));
    if (keyword == "minItems")
      return !value.is_array() || value.size() >= static_cast<std::size_t>(rule.as_int());
    if (keyword == "maxItems")
      return !value.is_array() || static_cast<std::int64_t>(value.size()) <= rule.as_int();
    if (keyword == "minProperties")
      return !value.is_object() || value.size() >= static_cast<std::size_t>(rule.as_int());
    if (keyword == "required")
      return !value.is_object() || std::ranges::all_of(rule.items(), [&](const Json& name) {
        return value.contains(name.as_view());
      });
    if (keyword == "propertyNames")
      return std::ranges::all_of(value.members(), [&](const Json::Member& member) {
        return valid(rule, Json(member.first));
      });
    if (keyword == "uniqueItems") {
      for (std::size_t i = 0; i < value.size(); ++i)
        for (std::size_t k = 0; k < i; ++k)
          if (value.is_array() && value.at(i) == value.at(k)) return false;
      return true;
    }
    if (keyword == "oneOf") return count_valid(rule, value) == 1;
    if (keyword == "anyOf") return count_valid(rule, value) >= 1;
    if (keyword == "allOf") {
      for (const auto& part : rule.items()) check(part, value, at);
      return true;
    }
    if (keyword == "if") {
      if (const Json* then = schema.find(valid(rule, value) ? "then" : "else"))
        check(*then, value, at);
      return true;
    }
    if (keyword == "items") {
      for (const auto& item : value.items()) check(rule, item, at + "/*");
      return true;
    }
    if (keyword == "additionalProperties") {
      for (const auto& [name, member] : value.members())
        if (!schema["properties"].contains(name)) check(rule, member, at + "/" + name);
      return true;
    }
    return false;
  }
};

}  // namespace

std::vector<std::string> schema_problems(const Json& schema, const Json& value) {
  Validator validator{schema};
  validator.check(schema, value, "");
  return validator.problems;
}

}  // namespace millrace
