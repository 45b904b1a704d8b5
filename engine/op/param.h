// Parameters of an operator, declared once: name, member, doc, default, range. From the declaration
// come decoding, diagnostics, JSON Schema, docs, forms.
//
// Where text is wanted, a number, a boolean or (in a list) null is taken as its text; where a
// number or a boolean is wanted, text that spells one is taken for it. Nothing is rounded on the
// way.
//
//   static auto params() {
//     return std::tuple{param("input", &CsvSplit::input, "Artifact to split"),
//                       param("seed", &CsvSplit::seed, "Shuffle seed").def(0)};
//   }
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "engine/base/json.h"
#include "engine/base/result.h"
#include "engine/base/time.h"

namespace millrace {

enum class ParamType {
  string,
  boolean,
  integer,
  number,
  duration,
  strings,
  numbers,
  json,
  mapping,  // of names to any values
  texts,    // of names to texts; null stands for none
};
std::string_view to_string(ParamType type);

/// What is wrong within a text, and where in it, in bytes, if that is known.
struct TextProblem {
  std::string message;
  std::optional<std::size_t> offset;
};

struct ParamInfo {
  std::string name;
  ParamType type = ParamType::string;
  std::string doc;
  bool required = true;
  Json default_value;  // meaningful where !required
  std::optional<double> minimum, maximum;
  Duration min_duration{};           // of a duration
  std::vector<std::string> choices;  // of a string, or of the items of strings
  Json example;                      // for docs; may be null
  bool shell = false;                // a shell runs the text: what is pasted into it is code
  bool time = false;                 // the text is a date or time (RFC 3339), or empty
  /// Of a text in a language of its own: what `lint` says of it, before any run. May be empty.
  std::function<std::optional<TextProblem>(std::string_view)> check_text;
  bool id = false;  // the text is a valid id
  /// Of a mapping: what is wrong with its members, by `lint` and again before a run. Expressions
  /// may occur in their values. May be empty.
  std::function<std::optional<std::string>(const Json&)> check_members;

  /// True for types whose plain scalars in a file are taken as they are written: 1.10, not 1.1.
  bool takes_text() const;
  /// JSON Schema of the value; a string holding `${{ }}` is accepted for every type.
  Json schema() const;
};

/// One thing wrong with a value. `path` is "" for the value itself, else below it, e.g. "/2".
struct ParamProblem {
  std::string param;
  std::string message;
};

/// How many of some parameters must be given, e.g. "exactly one of run and argv".
struct ParamRule {
  std::vector<std::string> names;
  bool at_least_one = true;
  bool at_most_one = true;
};
inline ParamRule exactly_one_of(std::vector<std::string> names) { return {std::move(names)}; }

/// False for null and for what says the same as nothing: "", an empty list.
bool is_given(const Json& value);
/// Whether a value of this type can become one that the parameter takes; the reason if it cannot.
std::optional<std::string> check_type(const ParamInfo& info, Json::Type type);
/// The same for one item of a list.
std::optional<std::string> check_item_type(const ParamInfo& info, Json::Type type);

/// Checks one value against its declaration, without the operator's type.
/// Strings that hold `${{` are not judged: their value is not known yet.
std::optional<std::string> check_value(const ParamInfo& info, const Json& value);
/// True if some string in `value` holds an expression.
bool has_expression(const Json& value);

namespace detail {
// From JSON that check_value has accepted, into the member.
void assign(std::string& to, const Json& value);
void assign(bool& to, const Json& value);
void assign(long& to, const Json& value);
void assign(double& to, const Json& value);
void assign(Duration& to, const Json& value);
void assign(std::vector<std::string>& to, const Json& value);
void assign(std::vector<double>& to, const Json& value);
void assign(Json& to, const Json& value);
void assign_texts(Json& to, const Json& value);  // of every member, null stays

template <typename T>
struct TypeOf;
template <>
struct TypeOf<std::string> {
  static constexpr auto value = ParamType::string;
};
template <>
struct TypeOf<bool> {
  static constexpr auto value = ParamType::boolean;
};
template <>
struct TypeOf<long> {
  static constexpr auto value = ParamType::integer;
};
template <>
struct TypeOf<double> {
  static constexpr auto value = ParamType::number;
};
template <>
struct TypeOf<Duration> {
  static constexpr auto value = ParamType::duration;
};
template <>
struct TypeOf<std::vector<std::string>> {
  static constexpr auto value = ParamType::strings;
};
template <>
struct TypeOf<std::vector<double>> {
  static constexpr auto value = ParamType::numbers;
};
template <>
struct TypeOf<Json> {
  static constexpr auto value = ParamType::json;
};
}  // namespace detail

template <typename Op, typename T>
class Param {
 public:
  Param(std::string name, T Op::*member, std::string doc) : member_(member) {
    info_.name = std::move(name);
    info_.type = detail::TypeOf<T>::value;
    info_.doc = std::move(doc);
  }
  /// The default, as written in YAML (a duration as "5s"); makes the parameter optional.
  Param def(Json value) && {
    info_.default_value = std::move(value);
    info_.required = false;
    return std::move(*this);
  }
  /// Optional without a default: the member keeps its initial value.
  Param optional() && {
    info_.required = false;
    return std::move(*this);
  }
  /// Inclusive bounds of a number (of each item of numbers).
  Param range(double low, double high) && {
    info_.minimum = low;
    info_.maximum = high;
    return std::move(*this);
  }
  Param min(double low) && {
    info_.minimum = low;
    return std::move(*this);
  }
  Param min(Duration shortest) && {
    static_assert(std::is_same_v<T, Duration>);
    info_.min_duration = shortest;
    return std::move(*this);
  }
  Param one_of(std::vector<std::string> choices) && {
    info_.choices = std::move(choices);
    return std::move(*this);
  }
  /// The text is run by a shell.
  Param shell() && {
    info_.shell = true;
    return std::move(*this);
  }
  /// The text is a date or time.
  Param time() && {
    static_assert(std::is_same_v<T, std::string>);
    info_.time = true;
    return std::move(*this);
  }
  /// The text is in a language of its own, whose syntax `lint` checks by this function.
  Param checked_by(std::function<std::optional<TextProblem>(std::string_view)> check) && {
    static_assert(std::is_same_v<T, std::string>);
    info_.check_text = std::move(check);
    return std::move(*this);
  }
  /// The text names something, such as a model.
  Param id() && {
    static_assert(std::is_same_v<T, std::string>);
    info_.id = true;
    return std::move(*this);
  }
  /// A mapping, of whatever values.
  Param mapping() && {
    static_assert(std::is_same_v<T, Json>);
    info_.type = ParamType::mapping;
    return std::move(*this);
  }
  /// A mapping whose members this function checks; it says what is wrong with one, with its name.
  Param mapping(std::function<std::optional<std::string>(const Json&)> check) && {
    info_.check_members = std::move(check);
    return std::move(*this).mapping();
  }
  /// A mapping of names to texts.
  Param texts() && {
    static_assert(std::is_same_v<T, Json>);
    info_.type = ParamType::texts;
    return std::move(*this);
  }
  Param example(Json value) && {
    info_.example = std::move(value);
    return std::move(*this);
  }

  const ParamInfo& info() const { return info_; }
  void assign_to(Op& op, const Json& value) const {
    if constexpr (std::is_same_v<T, Json>)
      if (info_.type == ParamType::texts) return detail::assign_texts(op.*member_, value);
    detail::assign(op.*member_, value);
  }

 private:
  ParamInfo info_;
  T Op::*member_;
};

template <typename Op, typename T>
Param<Op, T> param(std::string name, T Op::*member, std::string doc) {
  return Param<Op, T>(std::move(name), member, std::move(doc));
}

}  // namespace millrace
