// Schema: the types of the REST interface, declared once. From a declaration come validation, the
// OpenAPI document, the dashboard's TypeScript, the reference page, and (Record<T>) the JSON
// itself.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "engine/api/problem.h"
#include "engine/base/id.h"
#include "engine/base/json.h"
#include "engine/base/time.h"
#include "engine/core/run.h"

namespace millrace::api {

struct RecordInfo;

struct TypeInfo {
  enum class Kind { string, uuid, time, boolean, integer, number, object, any, list, record };
  Kind kind = Kind::any;
  bool nullable = false;
  std::vector<std::string> choices;          // of a string
  std::optional<double> minimum, maximum;    // of a number
  std::size_t max_length = 1024;             // of a string that a client sends, in bytes
  std::shared_ptr<const TypeInfo> item;      // of a list
  std::shared_ptr<const RecordInfo> record;  // of a record
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

// Types by name, for requests.
TypeInfo string_type(std::size_t max_length = 1024);
TypeInfo choice_type(std::vector<std::string> choices);
TypeInfo uuid_type();
TypeInfo time_type();
TypeInfo boolean_type();
TypeInfo integer_type(double minimum, double maximum);
TypeInfo object_type();
TypeInfo list_type(TypeInfo item);
TypeInfo any_type();

/// What is wrong with `value`; "" if nothing. A record's fields and a list's items are judged too.
std::string mismatch(const TypeInfo& type, const Json& value);
/// Judges a body against its fields: unknown, missing, ill-typed. Fills in nothing.
std::vector<Problem::Item> check_body(const std::vector<FieldInfo>& fields, const Json& body);
/// The value that a query or path parameter's text stands for.
Result<Json> parse_text(const TypeInfo& type, std::string_view text);
/// JSON Schema 2020-12; records become references to #/components/schemas.
Json schema_of(const TypeInfo& type);
Json schema_of(const RecordInfo& record);
/// "Run[] | null"
std::string typescript_of(const TypeInfo& type);
/// For people: "integer", "list of Run".
std::string describe(const TypeInfo& type);

// Types by C++ type, for responses.
template <typename T>
struct TypeOf;
template <typename T>
struct Plain {
  static Json json(const T& value) { return Json(value); }
};
template <>
struct TypeOf<std::string> : Plain<std::string> {
  static TypeInfo info();
};
template <>
struct TypeOf<bool> : Plain<bool> {
  static TypeInfo info();
};
template <>
struct TypeOf<int> : Plain<int> {
  static TypeInfo info();
};
template <>
struct TypeOf<std::int64_t> : Plain<std::int64_t> {
  static TypeInfo info();
};
template <>
struct TypeOf<double> : Plain<double> {
  static TypeInfo info();
};
template <>
struct TypeOf<Json> : Plain<Json> {
  static TypeInfo info();
};
template <>
struct TypeOf<Uuid> {
  static TypeInfo info();
  static Json json(const Uuid& value) { return value.to_string(); }
};
template <>
struct TypeOf<Time> {
  static TypeInfo info();
  static Json json(Time value) { return format_rfc3339(value); }
};
template <>
struct TypeOf<RunStatus> {
  static TypeInfo info();
  static Json json(RunStatus value) { return to_string(value); }
};
template <>
struct TypeOf<RunType> {
  static TypeInfo info();
  static Json json(RunType value) { return to_string(value); }
};
template <>
struct TypeOf<TaskState> {
  static TypeInfo info();
  static Json json(TaskState value) { return to_string(value); }
};
template <typename T>
struct TypeOf<std::optional<T>> {
  static TypeInfo info() {
    auto type = TypeOf<T>::info();
    type.nullable = true;
    return type;
  }
  static Json json(const std::optional<T>& value) {
    return value ? TypeOf<T>::json(*value) : Json();
  }
};
template <typename T>
struct TypeOf<std::vector<T>> {
  static TypeInfo info() { return list_type(TypeOf<T>::info()); }
  static Json json(const std::vector<T>& values) {
    Json list = Json::array();
    for (const T& value : values) list.push_back(TypeOf<T>::json(value));
    return list;
  }
};

/// The JSON form of a C++ type, as a list of named getters.
///
///   Record<RunRow>("Run", "One execution of a DAG.").field("run", &RunRow::run, "Its id")
template <typename T>
class Record {
 public:
  Record(std::string name, std::string doc) {
    info_.name = std::move(name);
    info_.doc = std::move(doc);
  }

  /// `get`: a member pointer, or a function of `const T&`.
  template <typename Get>
  Record&& field(std::string name, Get get, std::string doc) && {
    using Value = std::remove_cvref_t<std::invoke_result_t<Get, const T&>>;
    info_.fields.push_back({std::move(name), TypeOf<Value>::info(), std::move(doc), true, nullptr});
    getters_.push_back(
        [get](const T& value) { return TypeOf<Value>::json(std::invoke(get, value)); });
    return std::move(*this);
  }

  Json json(const T& value) const {
    Json object = Json::object();
    object.mutable_members().reserve(getters_.size());
    for (std::size_t i = 0; i < getters_.size(); ++i)
      object.mutable_members().emplace_back(info_.fields[i].name, getters_[i](value));
    return object;
  }
  const RecordInfo& info() const { return info_; }

 private:
  RecordInfo info_;
  std::vector<std::function<Json(const T&)>> getters_;
};

/// Base of TypeOf for a type that has a record:
///   template <> struct TypeOf<RunRow> : RecordType<RunRow, run_record> {};
template <typename T, const Record<T>& (*kRecord)()>
struct RecordType {
  static TypeInfo info() {
    TypeInfo type;
    type.kind = TypeInfo::Kind::record;
    type.record = std::make_shared<RecordInfo>(kRecord().info());
    return type;
  }
  static Json json(const T& value) { return kRecord().json(value); }
};

}  // namespace millrace::api
