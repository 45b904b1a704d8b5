// Schemas of records: from the one list of a record's fields (fields.h) come JSON Schema for
// OpenAPI, TypeScript and the types in docs. They describe the JSON of style `shown`; `body_fields`
// describes a record that is read.
//
// Values; thread-safe.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "engine/base/record_json.h"

namespace millrace {

struct RecordInfo;

struct TypeInfo {
  enum class Kind {
    string,
    uuid,
    time,
    boolean,
    integer,
    number,
    object,
    any,
    list,
    record,
    variant
  };
  static constexpr std::size_t kNoLimit = std::numeric_limits<std::size_t>::max();

  Kind kind = Kind::any;
  bool nullable = false;
  std::string name, doc;                     // of an enumeration or a variant; "": it has none
  std::vector<std::string> choices;          // of a string
  bool identifier = false;                   // a string as identifier.h has it
  std::optional<double> minimum, maximum;    // of a number
  std::size_t max_length = kNoLimit;         // of a string that is read, in bytes
  std::shared_ptr<const TypeInfo> item;      // of a list
  std::shared_ptr<const RecordInfo> record;  // of a record
  std::vector<TypeInfo> kinds;               // of a variant: records that differ in `kind`
};

struct FieldInfo {
  std::string name;
  TypeInfo type;
  std::string doc;
  bool required = true;
  Json default_value = nullptr;  // meaningful where !required

  FieldInfo optional(Json value = nullptr) && {
    required = false;
    default_value = std::move(value);
    return std::move(*this);
  }
};

struct RecordInfo {
  std::string name;  // in OpenAPI and TypeScript, e.g. "Run"
  std::string doc;
  std::vector<FieldInfo> fields;
};

// Types by name.
TypeInfo string_type(std::size_t max_length = 1024);
TypeInfo identifier_type();
TypeInfo choice_type(std::vector<std::string> choices);
TypeInfo uuid_type();
TypeInfo time_type();
TypeInfo boolean_type();
TypeInfo integer_type(double minimum, double maximum);
TypeInfo integer_type();
TypeInfo number_type();
TypeInfo object_type();
TypeInfo list_type(TypeInfo item);
TypeInfo any_type();

/// JSON Schema 2020-12; what has a name becomes a reference to #/components/schemas.
Json schema_of(const TypeInfo& type);
/// The schema that such a reference leads to. REQUIRES: the type has a name (`type_name_of`).
Json named_schema_of(const TypeInfo& type);
/// "Run[] | null"
std::string typescript_of(const TypeInfo& type);
/// The declaration of a type with a name: an interface or a type.
std::string typescript_declaration_of(const TypeInfo& type);
/// For people: "an integer", "a list: Run".
std::string describe(const TypeInfo& type);
/// "Run", "TaskState"; "" for a type without a name.
std::string_view type_name_of(const TypeInfo& type);

namespace detail {

/// "run_created" → "RunCreated"
std::string title_of_kind(std::string_view kind);
/// The bounds and texts that a field asks for.
void narrow(TypeInfo& type, double minimum, double maximum, TextRule text, std::size_t max_bytes,
            bool must_be_object);

template <typename T>
concept HasRecordName = requires {
  T::record_name;
};
template <typename T>
concept HasRecordDoc = requires {
  T::record_doc;
};
template <typename T>
concept TitledEnum = requires(T value) {
  title_of(value);
};

template <typename T>
TypeInfo record_type();
template <typename... Ts>
TypeInfo variant_type(std::type_identity<std::variant<Ts...>>);

template <typename T>
TypeInfo enum_type() {
  std::vector<std::string> names;
  for (const auto name : names_of(T{})) names.emplace_back(name);
  auto type = choice_type(std::move(names));
  if constexpr (TitledEnum<T>) type.name = title_of(T{});
  return type;
}

}  // namespace detail

/// The type of a C++ type as JSON of style `shown`.
template <typename T>
TypeInfo type_info() {
  if constexpr (HasJsonForm<T> || std::is_same_v<T, Json>) {
    return any_type();
  } else if constexpr (std::is_same_v<T, bool>) {
    return boolean_type();
  } else if constexpr (std::is_integral_v<T> || std::is_same_v<T, Duration>) {
    return integer_type();
  } else if constexpr (std::is_floating_point_v<T>) {
    return number_type();
  } else if constexpr (std::is_same_v<T, std::string> || std::is_same_v<T, std::string_view>) {
    return string_type(TypeInfo::kNoLimit);
  } else if constexpr (std::is_same_v<T, Uuid>) {
    return uuid_type();
  } else if constexpr (std::is_same_v<T, Time>) {
    return time_type();
  } else if constexpr (Named<T>) {
    return detail::enum_type<T>();
  } else if constexpr (detail::kIsOptional<T>) {
    auto type = type_info<typename T::value_type>();
    type.nullable = true;
    return type;
  } else if constexpr (detail::kIsVector<T>) {
    return list_type(type_info<typename T::value_type>());
  } else if constexpr (detail::kIsVariant<T>) {
    return detail::variant_type(std::type_identity<T>{});
  } else {
    return detail::record_type<T>();
  }
}

/// One of several kinds, under a name of its own. (Where a variant always has the same name,
/// declare `title_of(std::type_identity<Variant>)` beside it.)
template <typename Variant>
TypeInfo variant_info(std::string_view name, std::string_view doc) {
  auto type = type_info<Variant>();
  type.name = name;
  type.doc = doc;
  return type;
}

namespace detail {

/// Adds the fields of T as others see them.
template <Fielded T>
void add_fields(std::vector<FieldInfo>& to) {
  for_each_field<T>([&](const auto& field) {
    using Value = std::remove_cvref_t<std::invoke_result_t<const decltype(field.get)&, const T&>>;
    if constexpr (Fielded<Value>)
      if (field.name.empty()) return add_fields<Value>(to);
    if (field.is_internal) return;
    auto type = type_info<Value>();
    narrow(type, field.minimum, field.maximum, field.text, field.max_bytes, field.must_be_object);
    to.push_back({std::string(field.name_for_others()), std::move(type), std::string(field.doc)});
  });
}

}  // namespace detail

/// A record as others see it. Its name is its `record_name`; one of several kinds is named by its
/// kind. One without a name can only be written in another record's place.
template <Fielded T>
std::shared_ptr<const RecordInfo> record_info() {
  static const auto info = [] {
    RecordInfo record;
    if constexpr (detail::HasRecordName<T>)
      record.name = T::record_name;
    else if constexpr (Kinded<T>)
      record.name = detail::title_of_kind(T::kind);
    if constexpr (detail::HasRecordDoc<T>) record.doc = T::record_doc;
    if constexpr (Kinded<T>)
      record.fields.push_back({"kind", choice_type({std::string(T::kind)}), "Which kind it is"});
    detail::add_fields<T>(record.fields);
    return std::make_shared<const RecordInfo>(std::move(record));
  }();
  return info;
}

namespace detail {

template <typename T>
TypeInfo record_type() {
  static_assert(Fielded<T>, "this type has no form in JSON");
  TypeInfo type;
  type.kind = TypeInfo::Kind::record;
  type.record = record_info<T>();
  return type;
}

template <typename... Ts>
TypeInfo variant_type(std::type_identity<std::variant<Ts...>>) {
  TypeInfo type;
  type.kind = TypeInfo::Kind::variant;
  if constexpr (requires { title_of(std::type_identity<std::variant<Ts...>>{}); })
    type.name = title_of(std::type_identity<std::variant<Ts...>>{});
  (type.kinds.push_back(record_type<Ts>()), ...);
  return type;
}

}  // namespace detail

/// The members of a record that read_record reads. Those that may be absent tell their default.
template <Fielded T>
std::vector<FieldInfo> body_fields() {
  static const T kDefaults{};
  std::vector<FieldInfo> fields;
  for_each_field<T>([&](const auto& field) {
    const auto& value = std::invoke(field.get, kDefaults);
    using Value = std::remove_cvref_t<decltype(value)>;
    auto type = type_info<Value>();
    type.nullable = false;  // null means the same as absent
    detail::narrow(type, field.minimum, field.maximum, field.text, field.max_bytes,
                   field.must_be_object);
    FieldInfo info{std::string(field.name), std::move(type), std::string(field.doc)};
    info.required = !field.may_be_absent && !detail::kIsOptional<Value>;
    if (!info.required) info.default_value = record_json(value);
    fields.push_back(std::move(info));
  });
  return fields;
}

}  // namespace millrace
