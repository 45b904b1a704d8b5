#include "engine/api/schema.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "engine/base/number_text.h"
#include "engine/base/suggest.h"

namespace millrace::api {
namespace {

using Kind = TypeInfo::Kind;

TypeInfo of_kind(Kind kind) {
  TypeInfo type;
  type.kind = kind;
  return type;
}

template <typename Enum>
TypeInfo enum_type(std::initializer_list<Enum> values) {
  std::vector<std::string> names;
  for (const Enum value : values) names.emplace_back(to_string(value));
  return choice_type(std::move(names));
}

std::string in_quotes(std::string_view text) {
  std::string out;
  append_json_string(out, text.substr(0, 80));
  return out;
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words) out += (out.empty() ? "" : ", ") + word;
  return out;
}

bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t length = lead < 0x80   ? 1
                               : lead < 0xC2 ? 0
                               : lead < 0xE0 ? 2
                               : lead < 0xF0 ? 3
                               : lead < 0xF5 ? 4
                                             : 0;
    if (length == 0 || i + length > text.size()) return false;
    for (std::size_t k = 1; k < length; ++k)
      if ((static_cast<unsigned char>(text[i + k]) & 0xC0) != 0x80) return false;
    i += length;
  }
  return true;
}

std::string string_mismatch(const TypeInfo& type, const std::string& text) {
  if (text.size() > type.max_length)
    return "has " + std::to_string(text.size()) + " bytes; at most " +
           std::to_string(type.max_length) + " fit";
  if (!is_utf8(text)) return "is not valid UTF-8";
  if (text.find('\0') != std::string::npos) return "holds a NUL byte";
  if (type.choices.empty() ||
      std::find(type.choices.begin(), type.choices.end(), text) != type.choices.end())
    return {};
  return in_quotes(text) + " is none of " + joined(type.choices) + did_you_mean(text, type.choices);
}

std::string number_mismatch(const TypeInfo& type, const Json& value) {
  const double number = value.as_double();
  if ((!type.minimum || number >= *type.minimum) && (!type.maximum || number <= *type.maximum))
    return {};
  return value.dump() + " is out of range; it must be from " +
         number_text(type.minimum.value_or(0)) + " to " + number_text(type.maximum.value_or(0));
}

std::string kind_mismatch(const TypeInfo& type, const Json& value, bool fits) {
  return fits ? std::string()
              : "must be " + describe(type) + ", not " + std::string(type_name(value.type()));
}

std::string record_mismatch(const RecordInfo& record, const Json& value) {
  for (const auto& [name, field] : value.members()) {
    const auto known = std::find_if(record.fields.begin(), record.fields.end(),
                                    [&, n = &name](const FieldInfo& f) { return f.name == *n; });
    if (known == record.fields.end()) return record.name + " has no field " + name;
    if (auto problem = mismatch(known->type, field); !problem.empty())
      return record.name + "." + name + ": " + problem;
  }
  for (const auto& field : record.fields)
    if (field.required && !value.contains(field.name)) return record.name + " lacks " + field.name;
  return {};
}

}  // namespace

TypeInfo string_type(std::size_t max_length) {
  auto type = of_kind(Kind::string);
  type.max_length = max_length;
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
TypeInfo integer_type(double minimum, double maximum) {
  auto type = of_kind(Kind::integer);
  type.minimum = minimum;
  type.maximum = maximum;
  return type;
}
TypeInfo object_type() { return of_kind(Kind::object); }
TypeInfo any_type() { return of_kind(Kind::any); }
TypeInfo list_type(TypeInfo item) {
  auto type = of_kind(Kind::list);
  type.item = std::make_shared<TypeInfo>(std::move(item));
  return type;
}

// What we send is never cut: no cap of length on responses' strings.
TypeInfo TypeOf<std::string>::info() { return string_type(static_cast<std::size_t>(-1)); }
TypeInfo TypeOf<bool>::info() { return boolean_type(); }
TypeInfo TypeOf<int>::info() { return of_kind(Kind::integer); }
TypeInfo TypeOf<std::int64_t>::info() { return of_kind(Kind::integer); }
TypeInfo TypeOf<double>::info() { return of_kind(Kind::number); }
TypeInfo TypeOf<Json>::info() { return any_type(); }
TypeInfo TypeOf<Uuid>::info() { return uuid_type(); }
TypeInfo TypeOf<Time>::info() { return time_type(); }
TypeInfo TypeOf<RunStatus>::info() {
  return enum_type(
      {RunStatus::running, RunStatus::success, RunStatus::failed, RunStatus::cancelled});
}
TypeInfo TypeOf<RunType>::info() {
  return enum_type(
      {RunType::manual, RunType::scheduled, RunType::backfill, RunType::dataset, RunType::event});
}
TypeInfo TypeOf<TaskState>::info() {
  std::vector<std::string> names;
  for (int i = 0; i < kTaskStateCount; ++i)
    names.emplace_back(to_string(static_cast<TaskState>(i)));
  return choice_type(std::move(names));
}

std::string mismatch(const TypeInfo& type, const Json& value) {
  if (value.is_null() && type.nullable) return {};
  switch (type.kind) {
    case Kind::string:
      return value.is_string() ? string_mismatch(type, value.as_string())
                               : kind_mismatch(type, value, false);
    case Kind::uuid:
      return value.is_string() && Uuid::parse(value.as_view()) ? ""
                                                               : kind_mismatch(type, value, false);
    case Kind::time:
      if (!value.is_string()) return kind_mismatch(type, value, false);
      if (auto time = parse_rfc3339(value.as_view()); !time) return time.error().message;
      return {};
    case Kind::boolean:
      return kind_mismatch(type, value, value.is_bool());
    case Kind::integer:
      return value.is_integer() ? number_mismatch(type, value) : kind_mismatch(type, value, false);
    case Kind::number:  // a number that JSON cannot hold is sent as null
      return value.is_number() || value.is_null() ? "" : kind_mismatch(type, value, false);
    case Kind::object:
      return kind_mismatch(type, value, value.is_object());
    case Kind::any:
      return {};
    case Kind::list:
      if (!value.is_array()) return kind_mismatch(type, value, false);
      for (const auto& item : value.items())
        if (auto problem = mismatch(*type.item, item); !problem.empty())
          return "an item " + problem;
      return {};
    case Kind::record:
      return value.is_object() ? record_mismatch(*type.record, value)
                               : kind_mismatch(type, value, false);
  }
  return {};
}

std::vector<Problem::Item> check_body(const std::vector<FieldInfo>& fields, const Json& body) {
  std::vector<Problem::Item> problems;
  std::vector<std::string> names;
  for (const auto& field : fields) names.push_back(field.name);
  for (const auto& [name, value] : body.members()) {
    const auto at = std::find(names.begin(), names.end(), name);
    if (at == names.end()) {
      problems.push_back(
          {"/" + name.substr(0, 80), "is not a field of this request" + did_you_mean(name, names)});
      continue;
    }
    const auto& field = fields[static_cast<std::size_t>(at - names.begin())];
    if (value.is_null() && !field.required) continue;
    if (auto wrong = mismatch(field.type, value); !wrong.empty())
      problems.push_back({"/" + name, std::move(wrong)});
  }
  for (const auto& field : fields)
    if (field.required && !body.contains(field.name))
      problems.push_back({"/" + field.name, "is required"});
  return problems;
}

Result<Json> parse_text(const TypeInfo& type, std::string_view text) {
  Json value = text;
  if (type.kind == Kind::boolean) {
    if (text == "true" || text == "1")
      value = true;
    else if (text == "false" || text == "0")
      value = false;
  } else if (type.kind == Kind::integer) {
    std::int64_t number = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failure == std::errc{} && end == text.data() + text.size() && !text.empty()) value = number;
  }
  if (type.kind != Kind::string && value.is_string() && type.kind != Kind::time &&
      type.kind != Kind::uuid)
    return invalid_argument(in_quotes(text) + " is not " + describe(type));
  if (type.kind == Kind::uuid && !Uuid::parse(text))
    return invalid_argument(in_quotes(text) + " is not a UUID");
  if (auto wrong = mismatch(type, value); !wrong.empty()) return invalid_argument(std::move(wrong));
  return value;
}

Json schema_of(const TypeInfo& type) {
  Json schema = Json::object();
  switch (type.kind) {
    case Kind::string:
      schema.set("type", "string");
      break;
    case Kind::uuid:
      schema = Json::object({{"type", "string"}, {"format", "uuid"}});
      break;
    case Kind::time:
      schema = Json::object({{"type", "string"}, {"format", "date-time"}});
      break;
    case Kind::boolean:
      schema.set("type", "boolean");
      break;
    case Kind::integer:
      schema = Json::object({{"type", "integer"}, {"format", "int64"}});
      break;
    case Kind::number:
      schema.set("type", Json::array({"number", "null"}));
      break;
    case Kind::object:
      schema.set("type", "object");
      schema.set("additionalProperties", true);  // to generators "object" alone is an empty one
      break;
    case Kind::any:
      return schema;
    case Kind::list:
      schema = Json::object({{"type", "array"}, {"items", schema_of(*type.item)}});
      break;
    case Kind::record:
      schema.set("$ref", "#/components/schemas/" + type.record->name);
      break;
  }
  if (type.minimum) schema.set("minimum", Json(static_cast<std::int64_t>(*type.minimum)));
  if (type.maximum) schema.set("maximum", Json(static_cast<std::int64_t>(*type.maximum)));
  if (!type.choices.empty()) {
    Json values = Json::array();
    for (const auto& choice : type.choices) values.push_back(choice);
    schema.set("enum", std::move(values));
  }
  if (!type.nullable || type.kind == Kind::number) return schema;
  return Json::object(
      {{"anyOf", Json::array({std::move(schema), Json::object({{"type", "null"}})})}});
}

Json schema_of(const RecordInfo& record) {
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

std::string typescript_of(const TypeInfo& type) {
  std::string text;
  switch (type.kind) {
    case Kind::string:
      for (const auto& choice : type.choices) text += (text.empty() ? "'" : " | '") + choice + "'";
      if (text.empty()) text = "string";
      break;
    case Kind::uuid:
    case Kind::time:
      text = "string";
      break;
    case Kind::boolean:
      text = "boolean";
      break;
    case Kind::integer:
      text = "number";
      break;
    case Kind::number:
      return "number | null";
    case Kind::object:
      text = "Record<string, unknown>";
      break;
    case Kind::any:
      return "unknown";
    case Kind::list: {
      const auto item = typescript_of(*type.item);
      text = (item.find('|') == std::string::npos ? item : "(" + item + ")") + "[]";
      break;
    }
    case Kind::record:
      text = type.record->name;
      break;
  }
  return type.nullable ? text + " | null" : text;
}

std::string describe(const TypeInfo& type) {
  std::string text;
  switch (type.kind) {
    case Kind::string:
      text = type.choices.empty() ? "a string" : "one of " + joined(type.choices);
      break;
    case Kind::uuid:
      text = "a UUID";
      break;
    case Kind::time:
      text = "a time (RFC 3339)";
      break;
    case Kind::boolean:
      text = "true or false";
      break;
    case Kind::integer:
      text = "an integer";
      if (type.minimum && type.maximum)
        text += " from " + number_text(*type.minimum) + " to " + number_text(*type.maximum);
      break;
    case Kind::number:
      text = "a number";
      break;
    case Kind::object:
      text = "an object";
      break;
    case Kind::any:
      text = "any value";
      break;
    case Kind::list:
      text = "a list: " + describe(*type.item);
      break;
    case Kind::record:
      text = type.record->name;
      break;
  }
  return type.nullable ? text + ", or null" : text;
}

}  // namespace millrace::api
