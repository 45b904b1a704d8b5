// ColumnFacts: what the values of one column have in common, over all rows of a data set, and the
// narrowest type that holds every one of them exactly.
//
// Pure: texts in, a type out. Order matters only for the example that a message names.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/data/time_text.h"

namespace millrace::data {

/// A value on its way from a text file.
struct Cell {
  enum class Kind : std::uint8_t {
    null,
    plain,    // a field of a CSV file, a number of JSON: any type may come of it
    string,   // a string of JSON: text, or a time
    boolean,  // of JSON
    nested,   // a list or object of JSON, as its text
  };
  std::string_view text;
  Kind kind = Kind::null;
  std::string_view raw;  // of JSON: the token as written
};

enum class ValueClass : std::uint8_t {
  boolean,
  integer,
  decimal,  // digits with a point
  real,     // with an exponent
  infinity,
  nan,
  date,       // ISO
  timestamp,  // ISO, without offset
  instant,    // ISO, with offset
  day_month,  // "03/04/2024"
  formatted,  // fits the declared format, and no case above
  empty,      // a field without characters that is no null: fits any type, as null but in text
  text,
  nested,
};
inline constexpr std::size_t kValueClasses = 14;

enum class CellType : std::uint8_t {
  boolean,
  int8,
  int16,
  int32,
  int64,
  uint8,
  uint16,
  uint32,
  uint64,
  float32,
  float64,
  decimal,
  date,
  timestamp,
  timestamptz,
  text,
  json,  // stored as text: each value as the JSON token that was written
};

struct ColumnType {
  CellType type = CellType::text;
  int width = 0;  // of a decimal
  int scale = 0;
  /// How texts of times are read: a declared format, or day before month (true) or after (false).
  std::optional<TimeFormat> format;
  std::optional<bool> day_first;
  /// "DECIMAL(18,2)", "TIMESTAMP WITH TIME ZONE", …
  std::string sql() const;
};

/// The place of a value, for messages.
struct Place {
  std::string file;
  std::size_t line = 0;
  std::string text;
  std::string to_string() const;  // "a.csv:3"
};

struct NumberStyle {
  char decimal = '.';
  char thousands = '\0';
  bool plain() const { return decimal == '.' && thousands == '\0'; }
};

/// A DuckDB type's name as a type that texts are read into; nothing for others (lists, TIME, …).
std::optional<ColumnType> column_type_of(std::string_view sql);
bool is_type_word(std::string_view word);
bool is_time(CellType type);

class ColumnFacts {
 public:
  /// `format`: the date format declared for this column, or for all.
  explicit ColumnFacts(std::optional<TimeFormat> format = std::nullopt, bool format_is_own = false)
      : format_(std::move(format)), format_is_own_(format_is_own) {}

  void add(const Cell& cell, const NumberStyle& style, const std::string& file, std::size_t line);

  /// The type by the values alone. data_invalid for dates whose day and month cannot be told apart,
  /// and for values that contradict a declared format. `column` is for messages.
  Result<ColumnType> decide(std::string_view column) const;
  /// The type within what a contract calls "integer", "number", "string", "boolean", "timestamp"
  /// or "date". REQUIRES: is_type_word(word)
  Result<ColumnType> decide_within(std::string_view word, std::string_view column) const;
  /// How this column's texts of times are read, given that its type is declared.
  Status set_time_reading(ColumnType& type, std::string_view column) const;
  /// Says why a column is text whose first values were not, or "".
  std::string hint(std::string_view column) const;
  std::uint64_t nans() const { return nans_; }
  std::uint64_t values() const { return values_; }

 private:
  ValueClass classify(const Cell& cell, const NumberStyle& style, bool& ambiguous);
  ValueClass classify_number(std::string_view text);
  ValueClass classify_time(std::string_view text, bool& ambiguous);
  bool only(std::initializer_list<ValueClass> classes) const;
  bool has(ValueClass what) const { return (seen_ >> static_cast<int>(what) & 1) != 0; }
  bool numeric() const;
  bool is_declared_time() const;
  /// Of the numbers among the values, whatever else there is.
  std::optional<ColumnType> number_type() const;
  Result<std::optional<bool>> day_order(std::string_view column) const;
  Result<std::optional<ColumnType>> time_type(std::string_view column) const;

  std::optional<TimeFormat> format_;
  bool format_is_own_ = false;
  std::uint32_t seen_ = 0;
  std::uint64_t values_ = 0;
  std::uint64_t nans_ = 0;
  std::array<Place, kValueClasses> first_{};  // of each class that was seen
  std::vector<ValueClass> order_;             // in which they were seen

  bool fits_int64_ = true;
  bool fits_double_ = true;
  bool fits_format_ = true;
  int whole_digits_ = 1;
  int scale_ = 0;
  bool day_first_possible_ = true;
  bool month_first_possible_ = true;
  bool day_month_time_ = false;
  bool day_month_offset_ = false;
  bool day_month_local_ = false;  // a time without an offset
  Place ambiguous_;
  Place format_misfit_;
  std::string number_;  // scratch
};

}  // namespace millrace::data
