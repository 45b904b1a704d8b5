// Json: one JSON value, as data. A light header: the parser's library stays in json_parse.cc.
//
// Objects keep the order in which members were added, so that what people read stays in the order
// it was written; `dump_canonical` sorts, for digests. A value type; not thread-safe.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "engine/base/result.h"

namespace millrace {

class Json {
 public:
  using Array = std::vector<Json>;
  using Member = std::pair<std::string, Json>;
  using Object = std::vector<Member>;
  enum class Type { null, boolean, integer, number, string, array, object };

  Json() = default;
  Json(std::nullptr_t) {}
  Json(bool value) : value_(value) {}
  Json(int value) : value_(std::int64_t{value}) {}
  Json(unsigned value) : value_(std::int64_t{value}) {}
  Json(long value) : value_(std::int64_t{value}) {}
  Json(long long value) : value_(std::int64_t{value}) {}
  Json(unsigned long value) : value_(static_cast<std::int64_t>(value)) {}
  Json(double value) : value_(value) {}
  Json(const char* value) : value_(std::string(value)) {}
  Json(std::string_view value) : value_(std::string(value)) {}
  Json(std::string value) : value_(std::move(value)) {}
  Json(Array value) : value_(std::move(value)) {}

  static Json array(std::initializer_list<Json> items = {}) { return Json(Array(items)); }
  /// REQUIRES: the names differ.
  static Json object(std::initializer_list<Member> members = {});

  Type type() const { return static_cast<Type>(value_.index()); }
  bool is_null() const { return type() == Type::null; }
  bool is_bool() const { return type() == Type::boolean; }
  bool is_integer() const { return type() == Type::integer; }
  /// An integer or a floating-point number.
  bool is_number() const { return is_integer() || type() == Type::number; }
  bool is_string() const { return type() == Type::string; }
  bool is_array() const { return type() == Type::array; }
  bool is_object() const { return type() == Type::object; }

  // Readers with a default: the value if the type fits, else `other`. Never throw.
  bool as_bool(bool other = false) const;
  std::int64_t as_int(std::int64_t other = 0) const;  // a number with an integral value fits
  double as_double(double other = 0) const;
  std::string as_string(std::string_view other = {}) const;
  /// "" if it is no string. Valid as long as this value is unchanged.
  std::string_view as_view() const;
  /// Empty if it is no array / no object.
  const Array& items() const;
  const Object& members() const;
  std::size_t size() const;  // of items or members; 0 otherwise

  /// The member or item, or a null value if there is none.
  const Json& operator[](std::string_view name) const;
  const Json& operator[](const char* name) const { return (*this)[std::string_view(name)]; }
  const Json& at(std::size_t index) const;
  bool contains(std::string_view name) const { return find(name) != nullptr; }
  const Json* find(std::string_view name) const;

  /// Sets or replaces a member; a null value becomes an object first. REQUIRES: null or object.
  Json& set(std::string_view name, Json value);
  /// The member to write to, created as null where absent. REQUIRES: null or object.
  Json& member(std::string_view name);
  /// Appends; a null value becomes an array first. REQUIRES: null or array.
  Json& push_back(Json value);
  Array& mutable_items();     // REQUIRES: array
  Object& mutable_members();  // REQUIRES: object

  /// Limits guard the process against hostile text.
  struct Limits {
    std::size_t max_bytes = 64u << 20;
    int max_depth = 200;
    bool round_integers = false;  // read an integer beyond 64 bits as the nearest double
    /// Refuse a member name given twice. RFC 8259, section 4, leaves open what it means; by default
    /// the last value counts, as in other parsers. Set where the other value would be missed: what
    /// people and programs send.
    bool unique_names = false;
  };
  /// RFC 8259, UTF-8. The error names line and column. Refused as well: an integer that does not
  /// fit 64 bits, which could not be kept exactly.
  static Result<Json> parse(std::string_view text);
  static Result<Json> parse(std::string_view text, const Limits& limits);

  /// Compact; doubles are the shortest text that reads back equal; NaN and infinities become null;
  /// invalid UTF-8 becomes U+FFFD.
  std::string dump() const;
  void dump_to(std::string& out) const;
  /// Two-space indent, for people.
  std::string dump_pretty() const;
  /// Members sorted by name: equal values give equal text.
  std::string dump_canonical() const;

  friend bool operator==(const Json& a, const Json& b);  // 1 == 1.0; member order is irrelevant

 private:
  struct ObjectTag {
    Object members;
  };
  std::variant<std::monostate, bool, std::int64_t, double, std::string, Array, ObjectTag> value_;
};

/// Appends `text` as a JSON string, quotes included.
void append_json_string(std::string& out, std::string_view text);
/// "null", "a boolean", "an integer", … for error messages.
std::string_view type_name(Json::Type type);

}  // namespace millrace
