// Random tables, by seed: what the round-trip test writes to files and wants back unchanged.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace millrace::roundtrip {

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}
  /// 0 … sides-1.
  std::size_t roll(std::size_t sides) { return engine_() % sides; }
  bool chance(std::size_t one_in) { return roll(one_in) == 0; }
  std::uint64_t bits() { return engine_(); }
  template <typename T>
  const T& of(const std::vector<T>& all) {
    return all[roll(all.size())];
  }

 private:
  std::mt19937_64 engine_;
};

enum class Kind {
  integer,  // of 64 bits
  big,      // up to 38 digits
  decimal,
  real,
  boolean,
  text,
  zip,  // digits with leading zeros: a text
  date,
  timestamp,
  instant,  // with an offset
  nothing,  // nulls only
};

/// How the dates of a column are written.
enum class DateStyle { iso, slashes, day_month, month_day, day_month_dots };

struct Value {
  bool null = true;
  std::string exact;        // of a number: its digits, "-12.50"; of a text: itself
  double number = 0;        // of a real
  bool truth = false;       // of a boolean
  std::int64_t micros = 0;  // of a time, since 1970
  int offset_minutes = 0;   // in which an instant is written
  std::string written;      // as the last writer wrote it
};

struct Column {
  std::string name;
  Kind kind = Kind::integer;
  DateStyle style = DateStyle::iso;
  bool t_between = true;  // "2024-01-01T…" or a space
  std::vector<Value> values;
};

struct Table {
  std::vector<Column> columns;
  std::size_t rows = 0;
  /// Only characters that Latin-1 has.
  bool latin = false;
};

Table random_table(Dice& dice);

/// The digits of a civil date: year, month, day of days since 1970 (Howard Hinnant's algorithm).
struct Civil {
  int year, month, day;
};
Civil civil_of(std::int64_t days);

}  // namespace millrace::roundtrip
