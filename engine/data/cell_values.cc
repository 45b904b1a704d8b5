#include "engine/data/cell_values.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

#include "engine/base/time.h"

namespace millrace::data {
namespace {

__extension__ using Unsigned128 = unsigned __int128;

std::string digits_of(Unsigned128 value) {
  std::string out;
  do {
    out.insert(out.begin(), static_cast<char>('0' + static_cast<int>(value % 10)));
    value /= 10;
  } while (value != 0);
  return out;
}

Unsigned128 wide(std::uint64_t upper, std::uint64_t lower) {
  return static_cast<Unsigned128>(upper) << 64 | lower;
}

/// The digits of a signed 128-bit integer without its sign, and the sign.
std::pair<std::string, bool> signed_digits(duckdb_hugeint value) {
  const auto bits = wide(static_cast<std::uint64_t>(value.upper), value.lower);
  return {digits_of(value.upper < 0 ? ~bits + 1 : bits), value.upper < 0};
}

std::string time_text(const duckdb_time_struct& parts) {
  char text[48];
  const int length =
      std::snprintf(text, sizeof text, "%02d:%02d:%02d", parts.hour, parts.min, parts.sec);
  if (parts.micros != 0)
    std::snprintf(text + length, sizeof text - static_cast<std::size_t>(length), ".%06d",
                  parts.micros);
  return text;
}

}  // namespace

/// An integer that a JSON integer holds; beyond that its digits as text, which lose nothing.
Json huge_cell(duckdb_hugeint value) {
  const auto low = static_cast<std::int64_t>(value.lower);
  if ((value.upper == 0 && low >= 0) || (value.upper == -1 && low < 0)) return Json(low);
  const auto [digits, negative] = signed_digits(value);
  return Json((negative ? "-" : "") + digits);
}

Json unsigned_cell(std::uint64_t upper, std::uint64_t lower) {
  if (upper == 0 && lower <= INT64_MAX) return Json(static_cast<std::int64_t>(lower));
  return Json(digits_of(wide(upper, lower)));
}

Json timestamp_cell(std::int64_t ticks, std::int64_t per_second) {
  if (ticks == INT64_MAX) return Json("infinity");
  if (ticks == -INT64_MAX) return Json("-infinity");
  if (per_second == 1'000'000'000) return Json(format_rfc3339(from_micros(ticks / 1000)));
  std::int64_t micros = 0;
  if (__builtin_mul_overflow(ticks, 1'000'000 / per_second, &micros)) return Json("infinity");
  return Json(format_rfc3339(from_micros(micros)));
}

Json date_cell(duckdb_date date) {
  if (!duckdb_is_finite_date(date)) return Json(date.days < 0 ? "-infinity" : "infinity");
  const duckdb_date_struct parts = duckdb_from_date(date);
  char text[32];
  std::snprintf(text, sizeof text, "%04d-%02d-%02d", parts.year, parts.month, parts.day);
  return Json(text);
}

Json time_cell(duckdb_time time) { return Json(time_text(duckdb_from_time(time))); }

Json time_tz_cell(duckdb_time_tz time) {
  const duckdb_time_tz_struct parts = duckdb_from_time_tz(time);
  const int minutes = std::abs(parts.offset) / 60;
  char offset[16];
  std::snprintf(offset, sizeof offset, "%c%02d:%02d", parts.offset < 0 ? '-' : '+', minutes / 60,
                minutes % 60);
  return Json(time_text(parts.time) + offset);
}

/// ISO 8601: P14M3DT1.5S. The three parts do not convert into each other.
Json interval_cell(duckdb_interval value) {
  std::string out = "P";
  if (value.months != 0) out += std::to_string(value.months) + "M";
  if (value.days != 0) out += std::to_string(value.days) + "D";
  if (value.micros != 0 || out == "P") {
    char text[48];
    const std::int64_t micros = value.micros % 1'000'000;
    const char* sign = value.micros < 0 && value.micros / 1'000'000 == 0 ? "-" : "";
    std::snprintf(text, sizeof text, "T%s%lld", sign,
                  static_cast<long long>(value.micros / 1'000'000));
    out += text;
    if (micros != 0) {
      std::snprintf(text, sizeof text, ".%06lld", static_cast<long long>(std::abs(micros)));
      out += text;
    }
    out += "S";
  }
  return Json(out);
}

/// DuckDB flips the first bit, so that UUIDs sort as integers do.
Json uuid_cell(duckdb_hugeint value) {
  const std::uint64_t upper = static_cast<std::uint64_t>(value.upper) ^ (std::uint64_t{1} << 63);
  char text[40];
  std::snprintf(text, sizeof text, "%08llx-%04llx-%04llx-%04llx-%012llx",
                static_cast<unsigned long long>(upper >> 32),
                static_cast<unsigned long long>(upper >> 16 & 0xffff),
                static_cast<unsigned long long>(upper & 0xffff),
                static_cast<unsigned long long>(value.lower >> 48),
                static_cast<unsigned long long>(value.lower & 0xffff'ffff'ffff));
  return Json(text);
}

/// Bytes as hexadecimal digits.
Json blob_cell(std::string_view bytes) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const unsigned char byte : bytes) {
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return Json(std::move(out));
}

/// The first byte says how many bits of the second are padding.
Json bit_cell(std::string_view bytes) {
  std::string out;
  for (std::size_t i = 1; i < bytes.size(); ++i)
    for (int bit = 7; bit >= 0; --bit)
      out += (static_cast<unsigned char>(bytes[i]) >> bit & 1) != 0 ? '1' : '0';
  const std::size_t padding = bytes.empty() ? 0 : static_cast<unsigned char>(bytes[0]);
  return Json(out.substr(std::min(padding, out.size())));
}

/// A number where a double shows all digits, else text.
Json decimal_cell(duckdb_hugeint value, std::size_t scale) {
  constexpr std::size_t kDigitsOfDouble = 15;
  auto [digits, negative] = signed_digits(value);
  if (digits.size() <= kDigitsOfDouble)
    return Json(duckdb_hugeint_to_double(value) / std::pow(10.0, static_cast<double>(scale)));
  if (digits.size() <= scale) digits.insert(0, scale + 1 - digits.size(), '0');
  if (scale > 0) digits.insert(digits.size() - scale, 1, '.');
  return Json((negative ? "-" : "") + digits);
}

}  // namespace millrace::data
