#include "engine/http/check_request.h"

#include <algorithm>
#include <charconv>

#include "engine/base/identifier.h"
#include "engine/base/number_text.h"
#include "engine/base/suggest.h"
#include "engine/base/utf8.h"

namespace millrace::http {
namespace {

using Kind = TypeInfo::Kind;

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

std::string string_mismatch(const TypeInfo& type, const std::string& text) {
  if (text.size() > type.max_length)
    return "has " + std::to_string(text.size()) + " bytes; at most " +
           std::to_string(type.max_length) + " fit";
  if (!is_utf8(text)) return "is not valid UTF-8";
  if (text.find('\0') != std::string::npos) return "holds a NUL byte";
  if (type.identifier && !is_valid_id(text))
    return in_quotes(text) + " is not a valid name; use " + std::string(kIdRule);
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

/// The record of the kind that the value names.
std::string variant_mismatch(const TypeInfo& type, const Json& value) {
  std::vector<std::string> names;
  for (const auto& kind : type.kinds) {
    names.push_back(kind.record->fields.front().type.choices.front());
    if (value["kind"].as_view() == names.back()) return record_mismatch(*kind.record, value);
  }
  return "kind must be one of " + joined(names);
}

}  // namespace

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
    case Kind::variant:
      return value.is_object() ? variant_mismatch(type, value) : kind_mismatch(type, value, false);
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

}  // namespace millrace::http
