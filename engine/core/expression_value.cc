#include "engine/core/expression_value.h"

#include <charconv>
#include <cmath>
#include <limits>

#include "engine/core/expression.h"

namespace millrace {

bool truthy(const Json& value) {
  switch (value.type()) {
    case Json::Type::null:
      return false;
    case Json::Type::boolean:
      return value.as_bool();
    case Json::Type::integer:
      return value.as_int() != 0;
    case Json::Type::number:
      return value.as_double() != 0 && !std::isnan(value.as_double());
    case Json::Type::string:
      return !value.as_view().empty();
    case Json::Type::array:
    case Json::Type::object:
      return true;
  }
  return false;
}

namespace expr {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

template <typename T, typename... Base>
std::optional<T> read_all(std::string_view text, Base... base) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base...);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string_view trimmed(std::string_view text) {
  const auto is_space = [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (upper(a[i]) != upper(b[i])) return false;
  return true;
}

}  // namespace

std::optional<Json> parse_number(std::string_view text) {
  std::string_view digits = text;
  const bool negative = !digits.empty() && digits[0] == '-';
  if (!digits.empty() && (digits[0] == '-' || digits[0] == '+')) digits.remove_prefix(1);
  if (digits == "Infinity") return Json(negative ? -HUGE_VAL : HUGE_VAL);
  const int base = digits.starts_with("0x") ? 16 : digits.starts_with("0o") ? 8 : 10;
  if (base != 10) {  // no sign, as in GitHub Actions
    if (digits.size() != text.size() || digits.size() < 3 || digits[2] == '-') return std::nullopt;
    if (const auto value = read_all<std::int64_t>(digits.substr(2), base)) return Json(*value);
    return std::nullopt;
  }
  // from_chars would take "inf" and "nan" as well.
  const bool number =
      !digits.empty() &&
      ((digits[0] >= '0' && digits[0] <= '9') ||
       (digits[0] == '.' && digits.size() > 1 && digits[1] >= '0' && digits[1] <= '9'));
  if (!number) return std::nullopt;
  const std::string_view signed_digits = negative ? text : digits;
  if (const auto value = read_all<std::int64_t>(signed_digits)) return Json(*value);
  if (const auto value = read_all<double>(signed_digits)) return Json(*value);
  return std::nullopt;
}

double to_number(const Json& value) {
  switch (value.type()) {
    case Json::Type::null:
      return 0;
    case Json::Type::boolean:
      return value.as_bool() ? 1 : 0;
    case Json::Type::integer:
    case Json::Type::number:
      return value.as_double();
    case Json::Type::string: {
      const std::string_view text = trimmed(value.as_view());
      if (text.empty()) return 0;
      const auto number = parse_number(text);
      return number ? number->as_double() : kNan;
    }
    case Json::Type::array:
    case Json::Type::object:
      return kNan;
  }
  return kNan;
}

std::string to_text(const Json& value) {
  if (value.is_null()) return "";
  if (value.is_string()) return std::string(value.as_view());
  if (value.type() != Json::Type::number) return value.dump();
  const double number = value.as_double();
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number < 0 ? "-Infinity" : "Infinity";
  std::string text = value.dump();
  if (text.ends_with(".0")) text.resize(text.size() - 2);
  return text == "-0" ? "0" : text;
}

bool equal(const Json& a, const Json& b) {
  if (a.is_string() && b.is_string()) return equal_ignoring_case(a.as_view(), b.as_view());
  if (a.is_integer() && b.is_integer()) return a.as_int() == b.as_int();
  const bool same_type = a.type() == b.type() && !a.is_number();
  if (same_type) return a == b;
  return to_number(a) == to_number(b);
}

std::partial_ordering compare(const Json& a, const Json& b) {
  if (a.is_string() && b.is_string()) return to_upper(a.as_view()) <=> to_upper(b.as_view());
  if (a.is_integer() && b.is_integer()) return a.as_int() <=> b.as_int();
  return to_number(a) <=> to_number(b);
}

std::string to_upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = upper(c);
  return out;
}

std::size_t weight(const Json& value) {
  std::size_t total = 1 + value.as_view().size();
  for (const auto& item : value.items()) total += weight(item);
  for (const auto& [name, item] : value.members()) total += name.size() + weight(item);
  return total;
}

}  // namespace expr
}  // namespace millrace
