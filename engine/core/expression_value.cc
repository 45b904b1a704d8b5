#include "engine/core/expression_value.h"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

#include "engine/base/upper_case.h"
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

/// The number that a value is or turns into, exactly where it is an integer.
Json exact_number(const Json& value) {
  if (value.is_integer()) return value;
  if (value.is_string())
    if (auto number = parse_number(trimmed(value.as_view()))) return *std::move(number);
  return Json(to_number(value));
}

/// ECMAScript, Number::toString: the shortest digits that read back equal, laid out for people.
std::string number_to_text(double number) {
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number < 0 ? "-Infinity" : "Infinity";
  if (number == 0) return "0";
  std::array<char, 400> text{};
  const double size = std::abs(number);
  const auto format =
      size >= 1e21 || size < 1e-6 ? std::chars_format::scientific : std::chars_format::fixed;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number, format).ptr;
  return std::string(text.data(), end);
}

void write_json(std::string& out, const Json& value, int depth) {
  const auto new_line = [&](int indent) {
    out += '\n';
    out.append(static_cast<std::size_t>(indent) * 2, ' ');
  };
  if (value.type() == Json::Type::number && std::isfinite(value.as_double())) {
    out += number_to_text(value.as_double());
  } else if (value.is_array() || value.is_object()) {
    out += value.is_array() ? '[' : '{';
    bool first = true;
    const auto next = [&] {
      if (!std::exchange(first, false)) out += ',';
      new_line(depth + 1);
    };
    for (const auto& item : value.items()) {
      next();
      write_json(out, item, depth + 1);
    }
    for (const auto& [name, item] : value.members()) {
      next();
      append_json_string(out, name);
      out += ": ";
      write_json(out, item, depth + 1);
    }
    if (!first) new_line(depth);
    out += value.is_array() ? ']' : '}';
  } else {
    value.dump_to(out);
  }
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
  return number_to_text(value.as_double());
}

std::string to_json_text(const Json& value) {
  std::string out;
  write_json(out, value, 0);
  return out;
}

bool equal(const Json& a, const Json& b) {
  if (a.is_string() && b.is_string()) return equal_without_case(a.as_view(), b.as_view());
  const bool same_type = a.type() == b.type() && !a.is_number();
  if (same_type) return a == b;
  const Json x = exact_number(a), y = exact_number(b);
  return x == y;
}

std::partial_ordering compare(const Json& a, const Json& b) {
  if (a.is_string() && b.is_string()) return upper_case(a.as_view()) <=> upper_case(b.as_view());
  const Json x = exact_number(a), y = exact_number(b);
  if (x.is_integer() && y.is_integer()) return x.as_int() <=> y.as_int();
  return x.as_double() <=> y.as_double();
}

const Json* find_member(const Json& mapping, std::string_view name) {
  if (const Json* found = mapping.find(name)) return found;
  for (const auto& [other, value] : mapping.members())
    if (equal_without_case(other, name)) return &value;
  return nullptr;
}

std::size_t weight(const Json& value) {
  std::size_t total = 1 + value.as_view().size();
  for (const auto& item : value.items()) total += weight(item);
  for (const auto& [name, item] : value.members()) total += name.size() + weight(item);
  return total;
}

}  // namespace expr
}  // namespace millrace
