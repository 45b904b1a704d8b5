#include "tests/roundtrip/table.h"

#include <bit>
#include <charconv>
#include <cmath>
#include <limits>

namespace millrace::roundtrip {
namespace {

constexpr std::int64_t kDay = 86'400'000'000;

std::string digits(Dice& dice, std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i)
    out += static_cast<char>('0' + (i == 0 && count > 1 ? 1 + dice.roll(9) : dice.roll(10)));
  return out;
}

std::string signed_digits(Dice& dice, std::size_t count) {
  std::string out = digits(dice, count);
  return dice.chance(3) && out.find_first_not_of('0') != std::string::npos ? "-" + out : out;
}

void fill_number(Dice& dice, Kind kind, std::size_t scale, bool with_point, Value& value) {
  if (kind == Kind::integer) {
    value.exact = dice.chance(20)
                      ? (dice.chance(2) ? "9223372036854775807" : "-9223372036854775808")
                      : signed_digits(dice, 1 + dice.roll(18));
  } else if (kind == Kind::big) {
    value.exact = signed_digits(dice, 1 + dice.roll(38));
  } else {
    value.exact = signed_digits(dice, 1 + dice.roll(12));
    if (with_point) {
      value.exact += '.';
      for (std::size_t i = 0; i < scale; ++i) value.exact += static_cast<char>('0' + dice.roll(10));
    }
    if (value.exact.starts_with("-0.") &&
        value.exact.find_first_of("123456789") == std::string::npos)
      value.exact.erase(0, 1);
  }
}

double random_real(Dice& dice) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  switch (dice.roll(12)) {
    case 0:
      return std::numeric_limits<double>::quiet_NaN();
    case 1:
      return dice.chance(2) ? kInfinity : -kInfinity;
    case 2:
      return std::numeric_limits<double>::denorm_min() * static_cast<double>(1 + dice.roll(1000));
    case 3:
      return dice.chance(2) ? std::numeric_limits<double>::max() : -0.0;
    case 4:
    case 5:
    case 6:
      return static_cast<double>(dice.roll(100'000)) / 100.0;
    case 7:
      return static_cast<double>(static_cast<std::int64_t>(dice.bits()) >> 11) * 1e-10;
    default: {
      const double any = std::bit_cast<double>(dice.bits());
      return std::isfinite(any) ? any : 1.5;
    }
  }
}

const std::vector<std::string>& pieces(bool latin) {
  static const std::vector<std::string> all = {
      "a",  "Zürich", " ",    ",",    ";",          "\t",     "|",     "\"",         "'",   "\\",
      "#",  "\n",     "\r\n", "x",    "0",          "NA",     "null",  "N/A",        "nan", "true",
      "1",  ".",      "-",    "e5",   "é",          "=",      "sep=;", "2024-01-01", "{",   "[1]",
      "\r", "<b>",    "€",    "日本", "\U0001F600", "\u2028", "Ω"};
  static const std::vector<std::string> narrow(all.begin(), all.begin() + 32);
  return latin ? narrow : all;
}

std::string random_text(Dice& dice, bool latin) {
  std::string out;
  const std::size_t count = dice.roll(5);
  for (std::size_t i = 0; i < count; ++i) out += dice.of(pieces(latin));
  return out;
}

std::int64_t random_day(Dice& dice) {
  // 1900-01-01 to 2099; now and then the ends of four-digit years.
  if (dice.chance(20)) return dice.chance(2) ? -719'162 : 2'932'896;
  return -25'567 + static_cast<std::int64_t>(dice.roll(73'000));
}

void fill_time(Dice& dice, Kind kind, Value& value) {
  value.micros = random_day(dice) * kDay;
  if (kind == Kind::date) return;
  std::int64_t of_day = static_cast<std::int64_t>(dice.roll(86'400)) * 1'000'000;
  if (dice.chance(2)) of_day += static_cast<std::int64_t>(dice.roll(1'000'000));
  value.micros += of_day;
  if (kind != Kind::instant) return;
  value.offset_minutes = (static_cast<int>(dice.roll(57)) - 28) * 30;
  value.micros -= std::int64_t{value.offset_minutes} * 60'000'000;
}

void fill(Dice& dice, const Table& table, Column& column, std::size_t row, std::size_t late,
          std::size_t scale) {
  Value& value = column.values[row];
  if (column.kind == Kind::nothing || dice.chance(8)) return;
  value.null = false;
  switch (column.kind) {
    case Kind::integer:
    case Kind::big:
    case Kind::decimal:
      return fill_number(dice, column.kind, scale, row >= late, value);
    case Kind::real:
      value.number = random_real(dice);
      return;
    case Kind::boolean:
      value.truth = dice.chance(2);
      return;
    case Kind::text:
      value.exact = random_text(dice, table.latin);
      return;
    case Kind::zip:
      value.exact = "0" + digits(dice, 4);
      return;
    default:
      return fill_time(dice, column.kind, value);
  }
}

}  // namespace

Civil civil_of(std::int64_t days) {
  days += 719'468;
  const std::int64_t era = (days >= 0 ? days : days - 146'096) / 146'097;
  const auto of_era = static_cast<unsigned>(days - era * 146'097);
  const unsigned year_of_era = (of_era - of_era / 1460 + of_era / 36'524 - of_era / 146'096) / 365;
  const unsigned of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const unsigned month_from_march = (5 * of_year + 2) / 153;
  const int day = static_cast<int>(of_year - (153 * month_from_march + 2) / 5 + 1);
  const int month =
      static_cast<int>(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
  const auto year = static_cast<int>(static_cast<std::int64_t>(year_of_era) + era * 400);
  return {year + (month <= 2 ? 1 : 0), month, day};
}

Table random_table(Dice& dice) {
  Table table;
  table.latin = dice.chance(4);
  const bool long_one = dice.chance(5000);
  table.rows = long_one ? 25'000 : dice.roll(13);
  const std::size_t columns = long_one ? 1 : 1 + dice.roll(6);
  for (std::size_t c = 0; c < columns; ++c) {
    Column column;
    column.kind = long_one ? Kind::decimal : static_cast<Kind>(dice.roll(11));
    column.style = static_cast<DateStyle>(dice.roll(5));
    column.t_between = dice.chance(2);
    column.name = "c" + std::to_string(c) + (dice.chance(6) ? random_text(dice, table.latin) : "");
    column.values.resize(table.rows);
    const std::size_t late = long_one ? table.rows - 5 : dice.roll(table.rows + 1);
    const std::size_t scale = 1 + dice.roll(8);
    for (std::size_t row = 0; row < table.rows; ++row) fill(dice, table, column, row, late, scale);
    // One value that is a text beyond doubt: digits alone could not be told from numbers.
    if (column.kind == Kind::text && table.rows > 0) {
      Value& sure = column.values[dice.roll(table.rows)];
      sure.null = false;
      sure.exact = "text " + random_text(dice, table.latin);
    }
    table.columns.push_back(std::move(column));
  }
  return table;
}

}  // namespace millrace::roundtrip
