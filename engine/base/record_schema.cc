#include "engine/base/record_schema.h"

#include <cmath>

#include "engine/base/number_text.h"

namespace millrace {
namespace {

using Kind = TypeInfo::Kind;

TypeInfo of_kind(Kind kind) {
  TypeInfo type;
  type.kind = kind;
  return type;
}

std::string joined(const std::vector<std::string>& words, std::string_view between) {
  std::string out;
  for (const auto& word : words) {
    if (!out.empty()) out += between;
    out += word;
  }
  return out;
}

std::vector<std::string> quoted(std::vector<std::string> words) {
  for (auto& word : words) word = "'" + word + "'";
  return words;
}

Json reference(std::string_view name) {
  return Json::object({{"$ref", "#/components/schemas/" + std::string(name)}});
}

Json bound(double value) {
  return std::floor(value) == value ? Json(static_cast<std::int64_t>(value)) : Json(value);
}

Json choices_schema(const TypeInfo& type) {
  Json schema = Json::object({{"type", "string"}});
  if (type.identifier) schema.set("pattern", "^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$");
  if (type.choices.empty()) return schema;
  Json values = Json::array();
  for (const auto& choice : type.choices) values.push_back(choice);
  schema.set("enum", std::move(values));
  return schema;
}

Json variant_schema(const TypeInfo& type) {
  Json one_of = Json::array(), mapping = Json::object();
  for (const auto& kind : type.kinds) {
    one_of.push_back(reference(kind.record->name));
    mapping.set(kind.record->fields.front().type.choices.front(),
                "#/components/schemas/" + kind.record->name);
  }
  return Json::object({{"oneOf", std::move(one_of)},
                       {"discriminator", Json::object({{"propertyName", "kind"},
                                                       {"mapping", std::move(mapping)}})}});
}

Json record_schema(const RecordInfo& record) {
  Json properties = Json::object(), required = Json::array();
  for (const auto& field : record.fields) {
    Json schema = schema_of(field.type);
    schema.set("description", field.doc);
    properties.set(field.name, std::move(schema));
    if (field.required) required.push_back(field.name);
  }
  return Json::object({{"type", "object"},
                       {"description", record.doc},
                       {"properties", std::move(properties)},
                       {"required", std::move(required)},
                       {"additionalProperties", false}});
}

Json plain_schema(const TypeInfo& type) {
  switch (type.kind) {
    case Kind::string:
      return choices_schema(type);
    case Kind::uuid:
      return Json::object({{"type", "string"}, {"format", "uuid"}});
    case Kind::time:
      return Json::object({{"type", "string"}, {"format", "date-time"}});
    case Kind::boolean:
      return Json::object({{"type", "boolean"}});
    case Kind::integer:
      return Json::object({{"type", "integer"}, {"format", "int64"}});
    case Kind::number:  // a number that JSON cannot hold is sent as null
      return Json::object({{"type", Json::array({"number", "null"})}});
    case Kind::object:  // to generators "object" alone is an empty one
      return Json::object({{"type", "object"}, {"additionalProperties", true}});
    case Kind::any:
      return Json::object();
    case Kind::list:
      return Json::object({{"type", "array"}, {"items", schema_of(*type.item)}});
    case Kind::record:
      return record_schema(*type.record);
    case Kind::variant:
      return variant_schema(type);
  }
  return Json::object();
}

std::string plain_typescript(const TypeInfo& type) {
  switch (type.kind) {
    case Kind::string:
      return type.choices.empty() ? "string" : joined(quoted(type.choices), " | ");
    case Kind::uuid:
    case Kind::time:
      return "string";
    case Kind::boolean:
      return "boolean";
    case Kind::integer:
      return "number";
    case Kind::number:
      return "number | null";
    case Kind::object:
      return "Record<string, unknown>";
    case Kind::any:
      return "unknown";
    case Kind::list: {
      const auto item = typescript_of(*type.item);
      return (item.find('|') == std::string::npos ? item : "(" + item + ")") + "[]";
    }
    case Kind::record:
      return type.record->name;
    case Kind::variant: {
      std::vector<std::string> names;
      for (const auto& kind : type.kinds) names.push_back(kind.record->name);
      return joined(names, " | ");
    }
  }
  return "unknown";
}

std::string plain_description(const TypeInfo& type) {
  switch (type.kind) {
    case Kind::string:
      return type.choices.empty() ? "a string" : "one of " + joined(type.choices, ", ");
    case Kind::uuid:
      return "a UUID";
    case Kind::time:
      return "a time (RFC 3339)";
    case Kind::boolean:
      return "true or false";
    case Kind::integer:
      if (!type.minimum || !type.maximum) return "an integer";
      return "an integer from " + number_text(*type.minimum) + " to " + number_text(*type.maximum);
    case Kind::number:
      return "a number";
    case Kind::object:
      return "an object";
    case Kind::any:
      return "any value";
    case Kind::list:
      return "a list: " + describe(*type.item);
    case Kind::record:
      return type.record->name;
    case Kind::variant:
      if (!type.name.empty()) return type.name;
      return "one of " + plain_typescript(type);
  }
  return "any value";
}

}  // namespace

TypeInfo string_type(std::size_t max_length) {
  auto type = of_kind(Kind::string);
  type.max_length = max_length;
  return type;
}
TypeInfo identifier_type() {
  auto type = of_kind(Kind::string);
  type.identifier = true;
  return type;
}
TypeInfo choice_type(std::vector<std::string> choices) {
  auto type = of_kind(Kind::string);
  type.choices = std::move(choices);
  return type;
}
TypeInfo uuid_type() { return of_kind(Kind::uuid); }
TypeInfo time_type() { return of_kind(Kind::time); }
TypeInfo boolean_type() { return of_kind(Kind::boolean); }
TypeInfo integer_type() { return of_kind(Kind::integer); }
TypeInfo integer_type(double minimum, double maximum) {
  auto type = of_kind(Kind::integer);
  type.minimum = minimum;
  type.maximum = maximum;
  return type;
}
TypeInfo number_type() { return of_kind(Kind::number); }
TypeInfo object_type() { return of_kind(Kind::object); }
TypeInfo any_type() { return of_kind(Kind::any); }
TypeInfo list_type(TypeInfo item) {
  auto type = of_kind(Kind::list);
  type.item = std::make_shared<TypeInfo>(std::move(item));
  return type;
}

std::string_view type_name_of(const TypeInfo& type) {
  return type.record ? std::string_view(type.record->name) : std::string_view(type.name);
}

Json named_schema_of(const TypeInfo& type) {
  Json schema = plain_schema(type);
  if (!type.record && !type.doc.empty()) schema.set("description", type.doc);
  return schema;
}

Json schema_of(const TypeInfo& type) {
  const auto name = type_name_of(type);
  Json schema = name.empty() ? plain_schema(type) : reference(name);
  if (type.minimum) schema.set("minimum", bound(*type.minimum));
  if (type.maximum) schema.set("maximum", bound(*type.maximum));
  if (!type.nullable || type.kind == Kind::number || type.kind == Kind::any) return schema;
  return Json::object(
      {{"anyOf", Json::array({std::move(schema), Json::object({{"type", "null"}})})}});
}

std::string typescript_of(const TypeInfo& type) {
  const auto name = type_name_of(type);
  std::string text = name.empty() ? plain_typescript(type) : std::string(name);
  if (!type.nullable || type.kind == Kind::number || type.kind == Kind::any) return text;
  return text + " | null";
}

std::string typescript_declaration_of(const TypeInfo& type) {
  if (!type.record) {
    std::string out = type.doc.empty() ? "" : "/** " + type.doc + " */\n";
    return out + "export type " + type.name + " = " + plain_typescript(type) + ";\n";
  }
  std::string out = type.record->doc.empty() ? "" : "/** " + type.record->doc + " */\n";
  out += "export interface " + type.record->name + " {\n";
  for (const auto& field : type.record->fields)
    out += "  /** " + field.doc + " */\n  " + field.name + ": " + typescript_of(field.type) + ";\n";
  return out + "}\n";
}

std::string describe(const TypeInfo& type) {
  return plain_description(type) + (type.nullable ? ", or null" : "");
}

namespace detail {

std::string title_of_kind(std::string_view kind) {
  std::string out;
  bool first = true;
  for (const char c : kind) {
    if (c == '_') {
      first = true;
      continue;
    }
    out += first && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    first = false;
  }
  return out;
}

void narrow(TypeInfo& type, double minimum, double maximum, TextRule text, std::size_t max_bytes,
            bool must_be_object) {
  if (std::isfinite(minimum)) type.minimum = minimum;
  if (std::isfinite(maximum)) type.maximum = maximum;
  if (text == TextRule::date_time) type.kind = Kind::time;
  if (must_be_object) type.kind = Kind::object;
  if (max_bytes == TypeInfo::kNoLimit) return;
  if (type.kind == Kind::list) {
    TypeInfo item = *type.item;
    item.max_length = max_bytes;
    type.item = std::make_shared<TypeInfo>(std::move(item));
  } else {
    type.max_length = max_bytes;
  }
}

}  // namespace detail
}  // namespace millrace
