// JSON of records: written and read from the one list of their fields (fields.h). A record is an
// object, an enumeration its name, a list an array, and one of several kinds (a std::variant of
// Kinded records) an object with the member "kind".
//
// Thread-safe: no state.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "engine/base/fields.h"
#include "engine/base/id.h"
#include "engine/base/json.h"
#include "engine/base/result.h"
#include "engine/base/time.h"

namespace millrace {

enum class JsonStyle {
  stored,  // for our own readers: times in microseconds; optional members at their default left out
  shown,   // for others: times as RFC 3339; every member present
};

/// For a type with a form of its own: `static Json write(const T&)` and
/// `static bool read(const Json&, T&, std::string& problem)`.
template <typename T>
struct JsonForm {};

template <typename T>
concept HasJsonForm = requires(const T& value) {
  JsonForm<T>::write(value);
};

namespace detail {

template <typename T>
constexpr bool kIsVector = false;
template <typename T>
constexpr bool kIsVector<std::vector<T>> = true;
template <typename T>
constexpr bool kIsOptional = false;
template <typename T>
constexpr bool kIsOptional<std::optional<T>> = true;
template <typename T>
constexpr bool kIsVariant = false;
template <typename... Ts>
constexpr bool kIsVariant<std::variant<Ts...>> = true;
template <typename T>
inline constexpr bool kNever = false;

// --- writing -------------------------------------------------------------------------------------

template <JsonStyle kStyle, typename T>
void append_value(std::string& out, const T& value);

/// Lists and records count only where they are empty on both sides.
template <typename T>
bool is_default(const T& value, const T& other) {
  if constexpr (kIsVector<T>)
    return value.empty() && other.empty();
  else if constexpr (kIsOptional<T>)
    return !value && !other;
  else if constexpr (Fielded<T> || kIsVariant<T> || HasJsonForm<T>)
    return false;
  else
    return value == other;
}

/// Appends the members of a record; `out` ends with '{' or with a member.
template <JsonStyle kStyle, Fielded T>
void append_members(std::string& out, const T& record) {
  static const T kDefaults{};
  for_each_field<T>([&](const auto& field) {
    constexpr bool kIsMember =
        std::is_member_object_pointer_v<std::remove_cvref_t<decltype(field.get)>>;
    if constexpr (kStyle == JsonStyle::stored && !kIsMember) return;  // only shown
    if constexpr (kStyle == JsonStyle::shown)
      if (field.is_internal) return;
    decltype(auto) value = std::invoke(field.get, record);
    using Value = std::remove_cvref_t<decltype(value)>;
    if constexpr (Fielded<Value>)
      if (field.name.empty()) return append_members<kStyle>(out, value);
    if constexpr (kStyle == JsonStyle::stored)
      if (field.may_be_absent && is_default(value, std::invoke(field.get, kDefaults))) return;
    if (out.back() != '{') out += ',';
    out += '"';
    out += kStyle == JsonStyle::stored ? field.name : field.name_for_others();
    out += "\":";
    append_value<kStyle>(out, value);
  });
}

template <JsonStyle kStyle, typename T>
void append_value(std::string& out, const T& value) {
  if constexpr (HasJsonForm<T>) {
    JsonForm<T>::write(value).dump_to(out);
  } else if constexpr (std::is_same_v<T, bool>) {
    out += value ? "true" : "false";
  } else if constexpr (std::is_integral_v<T>) {
    out += std::to_string(value);
  } else if constexpr (std::is_floating_point_v<T>) {
    Json(value).dump_to(out);
  } else if constexpr (std::is_same_v<T, std::string>) {
    append_json_string(out, value);
  } else if constexpr (std::is_same_v<T, Json>) {
    value.dump_to(out);
  } else if constexpr (std::is_same_v<T, Uuid>) {
    append_json_string(out, value.to_string());
  } else if constexpr (std::is_same_v<T, Time>) {
    if constexpr (kStyle == JsonStyle::stored)
      out += std::to_string(to_micros(value));
    else
      append_json_string(out, format_rfc3339(value));
  } else if constexpr (std::is_same_v<T, Duration>) {
    out += std::to_string(value.count());
  } else if constexpr (Named<T>) {
    append_json_string(out, name_of(value));
  } else if constexpr (kIsOptional<T>) {
    if (value)
      append_value<kStyle>(out, *value);
    else
      out += "null";
  } else if constexpr (kIsVector<T>) {
    out += '[';
    for (const auto& item : value) {
      if (out.back() != '[') out += ',';
      append_value<kStyle>(out, item);
    }
    out += ']';
  } else if constexpr (kIsVariant<T>) {
    std::visit([&](const auto& one) { append_value<kStyle>(out, one); }, value);
  } else if constexpr (Fielded<T>) {
    out += '{';
    if constexpr (Kinded<T>) {
      out += "\"kind\":\"";
      out += T::kind;
      out += '"';
    }
    append_members<kStyle>(out, value);
    out += '}';
  } else {
    static_assert(kNever<T>, "this type has no form in JSON");
  }
}

// --- reading -------------------------------------------------------------------------------------
//
// Each returns false for a value that does not fit, with `problem` as "<path> is <value>; expected
// <what>", where the path begins empty and grows from the inside out.

bool refuse(const Json& json, std::string_view expected, std::string& problem);
bool refuse_missing(std::string_view name, std::string& problem);
bool refuse_kind(const Json& json, std::string_view kinds, std::string& problem);
void prepend_name(std::string_view name, std::string& problem);
void prepend_index(std::size_t index, std::string& problem);
bool in_range(double value, double minimum, double maximum, std::string& problem);
bool is_text(std::string_view value, TextRule rule, bool may_be_empty, std::string& problem);
bool fits(std::string_view value, std::size_t max_bytes, std::string& problem);
bool is_scalar(const Json& value, std::size_t max_bytes, std::string& problem);
bool read_time(const Json& json, Time& to, std::string& problem);
bool read_uuid(const Json& json, Uuid& to, std::string& problem);

template <typename T>
bool read_value(const Json& json, T& to, std::string& problem);

template <typename Get, typename T>
bool check_member(const Field<Get>& field, const T& value, std::string& problem) {
  if constexpr (std::is_arithmetic_v<T> && !std::is_same_v<T, bool>)
    return in_range(static_cast<double>(value), field.minimum, field.maximum, problem);
  else if constexpr (std::is_same_v<T, std::string>)
    return (field.text == TextRule::any ||
            is_text(value, field.text, field.may_be_absent, problem)) &&
           fits(value, field.max_bytes, problem);
  else if constexpr (std::is_same_v<T, Json>)
    return (!field.must_be_object || value.is_object() || refuse(value, "an object", problem)) &&
           (!field.must_be_scalar || is_scalar(value, field.max_bytes, problem));
  else if constexpr (kIsOptional<T>)
    return !value || check_member(field, *value, problem);
  else
    return true;
}

template <Fielded T>
bool read_members(const Json& json, T& to, std::string& problem) {
  bool ok = true;
  for_each_field<T>([&](const auto& field) {
    if constexpr (std::is_member_object_pointer_v<std::remove_cvref_t<decltype(field.get)>>) {
      if (!ok) return;
      auto& member = to.*field.get;
      using Member = std::remove_cvref_t<decltype(member)>;
      if constexpr (Fielded<Member>)
        if (field.name.empty()) {
          ok = read_members(json, member, problem);
          return;
        }
      const Json* given = json.find(field.name);
      if (given == nullptr || (given->is_null() && field.may_be_absent)) {
        if (!field.may_be_absent && !kIsOptional<Member>) ok = refuse_missing(field.name, problem);
        return;
      }
      ok = read_value(*given, member, problem) && check_member(field, member, problem);
      if (!ok) prepend_name(field.name, problem);
    }
  });
  // A record that older versions wrote otherwise reads that itself.
  if constexpr (requires { to.upgrade(json); })
    if (ok) to.upgrade(json);
  return ok;
}

template <typename... Ts>
bool read_variant(const Json& json, std::variant<Ts...>& to, std::string& problem) {
  const std::string_view kind = json["kind"].as_view();
  bool known = false, ok = false;
  const auto try_kind = [&]<typename T>(std::type_identity<T>) {
    if (known || kind != T::kind) return;
    known = true;
    ok = read_members(json, to.template emplace<T>(), problem);
  };
  (try_kind(std::type_identity<Ts>{}), ...);
  if (known) return ok;
  std::string kinds;
  ((kinds += (kinds.empty() ? "" : ", ") + std::string(Ts::kind)), ...);
  return refuse_kind(json, kinds, problem);
}

template <typename T>
bool read_integer(const Json& json, T& to, std::string& problem) {
  constexpr std::int64_t kNone = std::numeric_limits<std::int64_t>::min();
  const std::int64_t number = json.as_int(kNone);
  if (number == kNone || !std::in_range<T>(number)) return refuse(json, "an integer", problem);
  to = static_cast<T>(number);
  return true;
}

template <typename T>
bool read_list(const Json& json, std::vector<T>& to, std::string& problem) {
  if (!json.is_array()) return refuse(json, "a list", problem);
  to.clear();
  to.reserve(json.size());
  for (std::size_t i = 0; i < json.size(); ++i) {
    if (read_value(json.at(i), to.emplace_back(), problem)) continue;
    prepend_index(i, problem);
    return false;
  }
  return true;
}

template <typename T>
bool read_value(const Json& json, T& to, std::string& problem) {
  if constexpr (HasJsonForm<T>) {
    return JsonForm<T>::read(json, to, problem);
  } else if constexpr (std::is_same_v<T, bool>) {
    if (!json.is_bool()) return refuse(json, "true or false", problem);
    to = json.as_bool();
    return true;
  } else if constexpr (std::is_integral_v<T>) {
    return read_integer(json, to, problem);
  } else if constexpr (std::is_floating_point_v<T>) {
    if (!json.is_number()) return refuse(json, "a number", problem);
    to = json.as_double();
    return true;
  } else if constexpr (std::is_same_v<T, std::string>) {
    if (!json.is_string()) return refuse(json, "a text", problem);
    to = json.as_view();
    return true;
  } else if constexpr (std::is_same_v<T, Json>) {
    to = json;
    return true;
  } else if constexpr (std::is_same_v<T, Uuid>) {
    return read_uuid(json, to, problem);
  } else if constexpr (std::is_same_v<T, Time>) {
    return read_time(json, to, problem);
  } else if constexpr (std::is_same_v<T, Duration>) {
    std::int64_t micros = 0;
    if (!read_integer(json, micros, problem)) return false;
    to = Duration{micros};
    return true;
  } else if constexpr (Named<T>) {
    if (const auto value = from_name<T>(json.as_view())) {
      to = *value;
      return true;
    }
    std::string names;
    for (const auto name : names_of(T{})) names += (names.empty() ? "" : ", ") + std::string(name);
    return refuse(json, "one of " + names, problem);
  } else if constexpr (kIsOptional<T>) {
    if (json.is_null()) {
      to.reset();
      return true;
    }
    return read_value(json, to.emplace(), problem);
  } else if constexpr (kIsVector<T>) {
    return read_list(json, to, problem);
  } else if constexpr (kIsVariant<T>) {
    return read_variant(json, to, problem);
  } else if constexpr (Fielded<T>) {
    return json.is_object() ? read_members(json, to, problem) : refuse(json, "an object", problem);
  } else {
    static_assert(kNever<T>, "this type has no form in JSON");
  }
}

/// REQUIRES: the text of a value.
Json parsed(std::string_view text);
/// invalid_argument of a problem: "'weight' is 120; expected …".
Error problem_error(std::string problem);

}  // namespace detail

/// Appends the JSON text of `value`, without building a tree.
template <JsonStyle kStyle = JsonStyle::stored, typename T>
void append_record(std::string& out, const T& value) {
  detail::append_value<kStyle>(out, value);
}

/// The same as a tree.
template <JsonStyle kStyle = JsonStyle::stored, typename T>
Json record_json(const T& value) {
  std::string text;
  append_record<kStyle>(text, value);
  return detail::parsed(text);
}

/// Without the member "kind": for a record whose kind is stored separately.
template <JsonStyle kStyle = JsonStyle::stored, Fielded T>
Json body_json(const T& record) {
  std::string text = "{";
  detail::append_members<kStyle>(text, record);
  text += '}';
  return detail::parsed(text);
}

/// Reads a record, or a variant of Kinded ones. Members that no field names are ignored, so that
/// what a newer version wrote stays readable. `invalid_argument` names the member, its value and
/// what would be right.
template <typename T>
Result<T> read_record(const Json& json) {
  T out{};
  std::string problem;
  if (!detail::read_value(json, out, problem)) return detail::problem_error(std::move(problem));
  return out;
}

/// Checks the ranges and texts of a record that was made in memory, as reading does.
template <Fielded T>
Status check_record(const T& record) {
  bool ok = true;
  std::string problem;
  for_each_field<T>([&](const auto& field) {
    if (!ok) return;
    ok = detail::check_member(field, std::invoke(field.get, record), problem);
    if (!ok) detail::prepend_name(field.name, problem);
  });
  return ok ? Status() : Status(detail::problem_error(std::move(problem)));
}

}  // namespace millrace
