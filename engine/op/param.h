// Parameters of an operator, declared once: name, member, doc, default, range. From the declaration
// come decoding, diagnostics, JSON Schema, docs, forms.
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
#include <vector>

#include "engine/base/json.h"
#include "engine/base/result.h"
#include "engine/base/time.h"

namespace millrace {

enum class ParamType { string, boolean, integer, number, duration, strings, numbers, json };
std::string_view to_string(ParamType type);

struct ParamInfo {
  std::string name;
  ParamType type = ParamType::string;
  std::string doc;
  bool required = true;
  Json default_value;  // meaningful where !required
  std::optional<double> minimum, maximum;
  std::vector<std::string> choices;  // of a string, or of the items of strings
  Json example;                      // for docs; may be null

  /// JSON Schema of the value; a string holding `${{ }}` is accepted for every type.
  Json schema() const;
};

/// One thing wrong with a value. `path` is "" for the value itself, else below it, e.g. "/2".
struct ParamProblem {
  std::string param;
  std::string message;
};

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
  /// The default, as it would stand in YAML (a duration as "5s"); makes the parameter optional.
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
  Param one_of(std::vector<std::string> choices) && {
    info_.choices = std::move(choices);
    return std::move(*this);
  }
  Param example(Json value) && {
    info_.example = std::move(value);
    return std::move(*this);
  }

  const ParamInfo& info() const { return info_; }
  void assign_to(Op& op, const Json& value) const { detail::assign(op.*member_, value); }

 private:
  ParamInfo info_;
  T Op::*member_;
};

template <typename Op, typename T>
Param<Op, T> param(std::string name, T Op::*member, std::string doc) {
  return Param<Op, T>(std::move(name), member, std::move(doc));
}

}  // namespace millrace
