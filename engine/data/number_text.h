// Texts of numbers, read exactly: what a text says is kept digit by digit until it is known which
// type holds it without a change.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace millrace::data {

__extension__ using Int128 = __int128;

/// A finite number as it is written: [-+] digits [. digits] [e exponent]. Leading zeros ("00501",
/// a postal code) are no number. The views look into the text.
struct NumberText {
  bool negative = false;
  bool plus = false;
  std::string_view whole;     // digits before the point; may be empty (".5")
  std::string_view fraction;  // digits after it
  bool has_point = false;
  bool has_exponent = false;
  int exponent = 0;

  bool is_integer() const { return !has_point && !has_exponent; }
  bool is_zero() const;
  /// The digits after the point once the exponent is applied; not negative.
  int scale() const;
  /// The digits before the point once the exponent is applied, at least 1.
  int whole_digits() const;
};
bool parse_number(std::string_view text, NumberText& out);

/// "nan", "NaN" or "NAN", with a sign or without.
bool is_nan_text(std::string_view text);
/// "inf" and "infinity" in lower case, upper case or with a capital, with a sign or without.
std::optional<double> infinity_of(std::string_view text);
/// "true" and "false" in lower case, upper case or with a capital.
std::optional<bool> plain_boolean(std::string_view text);
/// As well as these: t, f, yes, no, y, n, on, off, 1, 0, in any case.
std::optional<bool> lenient_boolean(std::string_view text);

/// value * 10^scale; nothing if a digit would be lost or it needs more than 38 digits.
std::optional<Int128> to_decimal(const NumberText& number, int scale);
/// The nearest double; nothing beyond the range of doubles.
std::optional<double> to_double(std::string_view text);
/// Whether the nearest double, written with as many digits, gives the same number again.
bool double_keeps(std::string_view text, const NumberText& number);

/// Takes thousands separators out and makes the decimal separator a point. False if the text is no
/// number of that form ("1,23,4" has no groups of three).
bool normalise_number(std::string_view text, char decimal, char thousands, std::string& out);

}  // namespace millrace::data
