#include "engine/data/number_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <limits>

namespace millrace::data {
namespace {

constexpr int kMaxDigits = 38;       // of DuckDB's widest DECIMAL
constexpr int kMostExponent = 9999;  // beyond every double; more is no number that we can hold

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string_view take_digits(std::string_view& text) {
  std::size_t count = 0;
  while (count < text.size() && is_digit(text[count])) ++count;
  const std::string_view digits = text.substr(0, count);
  text.remove_prefix(count);
  return digits;
}

bool take_exponent(std::string_view text, NumberText& out) {
  out.has_exponent = true;
  bool negative = false;
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) {
    negative = text.front() == '-';
    text.remove_prefix(1);
  }
  const std::string_view digits = take_digits(text);
  if (digits.empty() || !text.empty()) return false;
  for (const char c : digits) {
    out.exponent = out.exponent * 10 + (c - '0');
    if (out.exponent > kMostExponent) return false;
  }
  if (negative) out.exponent = -out.exponent;
  return true;
}

std::string_view without_zeros_at_end(std::string_view digits) {
  while (!digits.empty() && digits.back() == '0') digits.remove_suffix(1);
  return digits;
}

/// The text without its sign; `negative` if it had a minus.
std::string_view unsigned_text(std::string_view text, bool& negative) {
  negative = !text.empty() && text.front() == '-';
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) text.remove_prefix(1);
  return text;
}

/// The word in lower case, upper case or with a capital.
bool is_word(std::string_view text, std::string_view word) {
  if (text.size() != word.size()) return false;
  const auto upper = [](char c) { return static_cast<char>(c - 32); };
  const bool rest_lower = text.substr(1) == word.substr(1);
  if (rest_lower && (text[0] == word[0] || text[0] == upper(word[0]))) return true;
  return std::ranges::equal(text, word, [&](char a, char b) { return a == upper(b); });
}

}  // namespace

bool NumberText::is_zero() const {
  const auto zero = [](char c) { return c == '0'; };
  return std::ranges::all_of(whole, zero) && std::ranges::all_of(fraction, zero);
}

int NumberText::scale() const {
  // Zeros at the end are kept as written ("2.50"), unless an exponent makes them meaningless.
  const std::string_view digits = has_exponent ? without_zeros_at_end(fraction) : fraction;
  return std::max(0, static_cast<int>(digits.size()) - exponent);
}

int NumberText::whole_digits() const {
  if (is_zero()) return 1;
  if (whole.empty() || whole == "0") {
    const auto leading =
        static_cast<int>(std::min(fraction.find_first_not_of('0'), fraction.size()));
    return std::max(1, exponent - leading);
  }
  return std::max(1, static_cast<int>(whole.size()) + exponent);
}

bool parse_number(std::string_view text, NumberText& out) {
  out = {};
  if (text.empty() || text.size() > 4096) return false;
  if (text.front() == '-' || text.front() == '+') {
    out.negative = text.front() == '-';
    out.plus = !out.negative;
    text.remove_prefix(1);
  }
  out.whole = take_digits(text);
  if (out.whole.size() > 1 && out.whole.front() == '0') return false;
  if (!text.empty() && text.front() == '.') {
    out.has_point = true;
    text.remove_prefix(1);
    out.fraction = take_digits(text);
  }
  if (out.whole.empty() && out.fraction.empty()) return false;
  if (text.empty()) return true;
  if (text.front() != 'e' && text.front() != 'E') return false;
  return take_exponent(text.substr(1), out);
}

bool is_nan_text(std::string_view text) {
  bool negative = false;
  text = unsigned_text(text, negative);
  return text == "nan" || text == "NaN" || text == "NAN";
}

std::optional<double> infinity_of(std::string_view text) {
  bool negative = false;
  text = unsigned_text(text, negative);
  if (!is_word(text, "inf") && !is_word(text, "infinity")) return std::nullopt;
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  return negative ? -kInfinity : kInfinity;
}

std::optional<bool> plain_boolean(std::string_view text) {
  if (is_word(text, "true")) return true;
  if (is_word(text, "false")) return false;
  return std::nullopt;
}

std::optional<bool> lenient_boolean(std::string_view text) {
  constexpr std::array<std::string_view, 6> kTrue = {"true", "t", "yes", "y", "on", "1"};
  constexpr std::array<std::string_view, 6> kFalse = {"false", "f", "no", "n", "off", "0"};
  const auto same = [&](std::string_view word) {
    return std::ranges::equal(text, word, [](char a, char b) {
      return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + 32) : a) == b;
    });
  };
  if (std::ranges::any_of(kTrue, same)) return true;
  if (std::ranges::any_of(kFalse, same)) return false;
  return std::nullopt;
}

std::optional<Int128> to_decimal(const NumberText& number, int scale) {
  std::string_view fraction = number.fraction;
  // value * 10^scale = digits * 10^(exponent - fraction + scale)
  int shift = number.exponent - static_cast<int>(fraction.size()) + scale;
  Int128 value = 0;
  int digits = 0;
  const auto append = [&](char c) {
    if (value != 0 || c != '0') ++digits;
    if (digits <= kMaxDigits) value = value * 10 + (c - '0');
  };
  // Digits that the scale has no room for must be zeros, and are left out.
  std::size_t keep = number.whole.size() + fraction.size();
  while (shift < 0 && keep > 0) {
    const char last = keep > number.whole.size() ? fraction[keep - number.whole.size() - 1]
                                                 : number.whole[keep - 1];
    if (last != '0') return std::nullopt;
    --keep;
    ++shift;
  }
  for (std::size_t i = 0; i < keep; ++i)
    append(i < number.whole.size() ? number.whole[i] : fraction[i - number.whole.size()]);
  if (value == 0) return Int128{0};
  for (; shift > 0 && digits <= kMaxDigits; --shift) append('0');
  if (digits > kMaxDigits || shift > 0) return std::nullopt;
  return number.negative ? -value : value;
}

std::optional<double> to_double(std::string_view text) {
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  double value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool double_keeps(std::string_view text, const NumberText& number) {
  if (number.is_zero()) return true;
  // The significant digits, and the exponent of the first of them.
  std::string digits(number.whole);
  digits += number.fraction;
  const std::size_t first = digits.find_first_not_of('0');
  const int exponent =
      static_cast<int>(number.whole.size()) - 1 - static_cast<int>(first) + number.exponent;
  digits = without_zeros_at_end(std::string_view(digits).substr(first));
  // DBL_DIG: 15 digits always survive, away from the ends of the range.
  if (digits.size() <= 15 && exponent > -290 && exponent < 300) return true;
  if (digits.size() > 800) return false;  // no double has more significant digits than 767
  const auto value = to_double(text);
  if (!value || *value == 0) return false;
  char written[900];
  const int length =
      std::snprintf(written, sizeof written, "%.*e", static_cast<int>(digits.size()) - 1, *value);
  std::string_view again(written, static_cast<std::size_t>(length));
  if (again.front() == '-') again.remove_prefix(1);
  const auto mark = again.find('e');
  std::string mantissa(again.substr(0, mark));
  std::erase(mantissa, '.');
  int power = 0;
  std::string_view tail = again.substr(mark + 1);
  if (tail.front() == '+') tail.remove_prefix(1);
  std::from_chars(tail.data(), tail.data() + tail.size(), power);
  return mantissa == digits && power == exponent;
}

bool normalise_number(std::string_view text, char decimal, char thousands, std::string& out) {
  out.clear();
  std::size_t at = 0;
  if (at < text.size() && (text[at] == '-' || text[at] == '+')) out += text[at++];
  const std::size_t whole_end = std::min(text.find(decimal, at), text.size());
  std::string_view whole = text.substr(at, whole_end - at);
  // An exponent ends the whole part as well.
  const std::size_t mark = std::min(whole.find_first_of("eE"), whole.size());
  const std::string_view tail = text.substr(at + mark);
  whole = whole.substr(0, mark);
  if (thousands != '\0' && whole.find(thousands) != std::string_view::npos) {
    const std::size_t first = whole.find(thousands);
    if (first == 0 || first > 3 || (whole.size() - first) % 4 != 0) return false;
    for (std::size_t i = 0; i < whole.size(); ++i) {
      const bool separates = i >= first && (i - first) % 4 == 0;
      if (separates != (whole[i] == thousands)) return false;
      if (!separates) out += whole[i];
    }
  } else {
    out += whole;
  }
  for (std::size_t i = 0; i < tail.size(); ++i) {
    if (tail[i] == '.' && decimal != '.') return false;
    out += tail[i] == decimal ? '.' : tail[i];
  }
  return thousands == '.' || whole.find('.') == std::string_view::npos;
}

}  // namespace millrace::data
