#include "operators/data/exact_sql.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <vector>

#include "engine/base/time.h"
#include "engine/data/sql.h"

namespace millrace {
namespace {

using data::literal;
using data::quote_literal;

constexpr std::size_t kMaxDigits = 38;  // of a DECIMAL
constexpr std::int64_t kDayMicros = 86'400'000'000;

bool is_floating_type(std::string_view type) { return type == "DOUBLE" || type == "FLOAT"; }
bool is_time_type(std::string_view type) { return type == "DATE" || type.starts_with("TIMESTAMP"); }

/// Digits after the point of DECIMAL(18,3), 0 of an integer.
std::optional<int> scale_of(std::string_view type) {
  if (is_integer_type(type)) return 0;
  if (!type.starts_with("DECIMAL(")) return std::nullopt;
  const std::string_view rest = type.substr(type.find(',') + 1);
  int scale = 0;
  std::from_chars(rest.data(), rest.data() + rest.size(), scale);
  return scale;
}

/// A decimal number as written: -12.30 is {true, "1230", 2}.
struct Decimal {
  bool negative = false;
  std::string digits;  // without leading zeros; "" is zero
  int scale = 0;
};

std::optional<Decimal> decimal_of(std::string_view text) {
  Decimal out;
  if (text.starts_with('-') || text.starts_with('+')) {
    out.negative = text.front() == '-';
    text.remove_prefix(1);
  }
  bool point = false;
  std::size_t taken = 0;
  for (; !text.empty() && text.front() != 'e' && text.front() != 'E'; text.remove_prefix(1)) {
    const char c = text.front();
    if (c == '.' && !point) {
      point = true;
      continue;
    }
    if (c < '0' || c > '9') return std::nullopt;
    out.digits += c;
    out.scale += point ? 1 : 0;
    ++taken;
  }
  if (taken == 0) return std::nullopt;
  if (!text.empty()) {
    text.remove_prefix(1);
    if (text.starts_with('+')) text.remove_prefix(1);
    int exponent = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), exponent);
    if (error != std::errc() || end != text.data() + text.size() || std::abs(exponent) > 1000)
      return std::nullopt;
    out.scale -= exponent;
  }
  for (; out.scale < 0; ++out.scale) out.digits += '0';
  out.digits.erase(0, std::min(out.digits.find_first_not_of('0'), out.digits.size()));
  return out;
}

/// The number that a value of the suite stands for, also written as text.
std::optional<Decimal> number_of(const Json& value) {
  if (value.is_number()) return decimal_of(value.dump());
  return value.is_string() ? decimal_of(value.as_view()) : std::nullopt;
}

/// Cut towards zero at `scale` digits after the point; false if something other than zeros went.
bool cut(Decimal& number, int scale) {
  bool exact = true;
  for (; number.scale > scale; --number.scale) {
    if (number.digits.empty()) continue;
    exact = exact && number.digits.back() == '0';
    number.digits.pop_back();
  }
  if (!number.digits.empty()) {
    number.digits.append(static_cast<std::size_t>(scale - number.scale), '0');
  }
  number.scale = scale;
  return exact;
}

/// REQUIRES: at most 38 digits.
std::string decimal_literal(const Decimal& number) {
  std::string text = number.digits;
  const auto scale = static_cast<std::size_t>(number.scale);
  if (text.size() <= scale) text.insert(0, scale + 1 - text.size(), '0');
  if (scale > 0) text.insert(text.size() - scale, ".");
  if (number.negative) text.insert(0, "-");
  if (scale == 0 && text.size() <= 18) return text;
  return "CAST(" + quote_literal(text) + " AS " +
         (scale == 0 ? "HUGEINT" : "DECIMAL(38," + std::to_string(scale) + ")") + ")";
}

std::string constant(const std::string& value, bool answer) {
  return "(CASE WHEN " + value + " IS NOT NULL THEN " + (answer ? "true" : "false") + " END)";
}

/// Where the bound lies between two values of the type, only the side matters.
std::string between_values(std::string_view op, bool bound_is_above, const std::string& value,
                           const std::string& nearest) {
  const bool lower_bound = op.front() == '>';
  const char* comparison =
      lower_bound ? (bound_is_above ? " > " : " >= ") : (bound_is_above ? " <= " : " < ");
  return "(" + value + comparison + nearest + ")";
}

std::string compare_decimal(const std::string& value, int scale, std::string_view op,
                            Decimal bound) {
  const bool exact = cut(bound, scale);
  if (bound.digits.size() > kMaxDigits)  // no value of the type is that large
    return constant(value, (op.front() == '>') == bound.negative);
  if (exact) return "(" + value + " " + std::string(op) + " " + decimal_literal(bound) + ")";
  return between_values(op, !bound.negative, value, decimal_literal(bound));
}

std::string compare_double(const std::string& value, std::string_view op, const Json& bound) {
  const double nearest = bound.as_double();
  const std::string text = literal(Json(nearest));
  if (bound.is_integer()) {
    // An integer beyond 2^53 may lie between two doubles.
    const auto exact = static_cast<long double>(bound.as_int());
    const auto rounded = static_cast<long double>(nearest);
    if (exact != rounded) return between_values(op, exact > rounded, value, text);
  }
  return "(" + value + " " + std::string(op) + " " + text + ")";
}

Error not_comparable(const Json& bound, std::string_view kind) {
  return make_error(ErrorCode::data_invalid, bound.dump() + " is not a " + std::string(kind));
}

constexpr std::string_view kTime = "time; write it as 2001-02-03 or 2001-02-03T04:05:06+02:00";

/// A time as a literal of the type, which may be finer (nanoseconds) or coarser (a day).
Result<std::string> compare_time(const std::string& value, std::string_view type,
                                 std::string_view op, const Json& bound) {
  const auto time = parse_rfc3339(bound.as_view());
  if (!time) return not_comparable(bound, kTime);
  const std::string instant = "make_timestamp(" + std::to_string(to_micros(*time)) + ")";
  const auto compared = [&](const std::string& left, const std::string& right) {
    return "(" + left + " " + std::string(op) + " " + right + ")";
  };
  if (type == "TIMESTAMP WITH TIME ZONE")
    return compared(value, "CAST(" + instant + " AS TIMESTAMP WITH TIME ZONE)");
  std::int64_t nanos = 0;
  if (type == "TIMESTAMP_NS" && !__builtin_mul_overflow(to_micros(*time), 1000, &nanos))
    return compared(value, "make_timestamp_ns(" + std::to_string(nanos) + ")");
  return compared(type == "TIMESTAMP" ? value : "CAST(" + value + " AS TIMESTAMP)", instant);
}

/// nullopt: no value of the type is equal to it.
Result<std::optional<std::string>> time_literal(const Json& value, std::string_view type) {
  const auto time = parse_rfc3339(value.as_view());
  if (!time) return not_comparable(value, kTime);
  const std::int64_t micros = to_micros(*time);
  if (type == "DATE" && micros % kDayMicros != 0) return std::optional<std::string>();
  return std::optional("CAST(make_timestamp(" + std::to_string(micros) + ") AS " +
                       std::string(type) + ")");
}

Result<std::optional<std::string>> number_literal(const Json& value, std::string_view type) {
  std::optional<Decimal> number = number_of(value);
  if (!number) return not_comparable(value, "number");
  if (const auto scale = scale_of(type)) {
    if (!cut(*number, *scale) || number->digits.size() > kMaxDigits)
      return std::optional<std::string>();
    return std::optional(decimal_literal(*number));
  }
  if (value.is_integer() &&
      static_cast<long double>(value.as_double()) != static_cast<long double>(value.as_int()))
    return std::optional<std::string>();
  if (value.is_number()) return std::optional(literal(Json(value.as_double())));
  return std::optional("CAST(" + quote_literal(value.as_view()) + " AS DOUBLE)");
}

}  // namespace

bool is_text_type(std::string_view type) { return type == "VARCHAR" || type.starts_with("ENUM"); }

bool is_integer_type(std::string_view type) {
  static constexpr std::array<std::string_view, 10> kTypes = {
      "TINYINT",  "SMALLINT",  "INTEGER",  "BIGINT",  "HUGEINT",
      "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT"};
  return std::ranges::find(kTypes, type) != kTypes.end();
}

Result<std::string> compare_sql(const std::string& value, std::string_view type,
                                std::string_view op, const Json& bound) {
  if (is_time_type(type)) return compare_time(value, type, op, bound);
  const auto scale = scale_of(type);
  if (scale || is_floating_type(type)) {
    const auto number = number_of(bound);
    if (!number) return not_comparable(bound, "number");
    if (scale) return compare_decimal(value, *scale, op, *number);
    if (bound.is_number()) return compare_double(value, op, bound);
    return "(" + value + " " + std::string(op) + " CAST(" + quote_literal(bound.as_view()) +
           " AS DOUBLE))";
  }
  if (is_text_type(type) && bound.is_number())
    return compare_double("TRY_CAST(" + value + " AS DOUBLE)", op, bound);
  return "(" + value + " " + std::string(op) + " " + literal(bound) + ")";
}

Result<std::string> set_literals(const Json& values, std::string_view type) {
  const bool numeric = scale_of(type).has_value() || is_floating_type(type);
  std::vector<std::string> out;
  for (const auto& value : values.items()) {
    if (value.is_null()) continue;
    if (value.is_bool() || !(numeric || is_time_type(type))) {
      out.push_back(is_text_type(type) && !value.is_string() ? quote_literal(value.dump())
                                                             : literal(value));
      continue;
    }
    MR_TRY(const auto one, numeric ? number_literal(value, type) : time_literal(value, type));
    if (one) out.push_back(*one);
  }
  return out.empty() ? std::string("(NULL)") : "(" + data::join(out, ", ") + ")";
}

}  // namespace millrace
