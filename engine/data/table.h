// Table: the answer to a query, for small results. ColumnData: columns in bulk, for models.
//
// Plain values without a tie to the session they came from.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/json.h"

namespace millrace::data {

struct TableColumn {
  std::string name;
  std::string type;         // DuckDB's name: "BIGINT", "VARCHAR", "TIMESTAMP", …
  /// A timestamp as RFC 3339 text, a NaN or infinity as null; an integer beyond 64 bits and a
  /// DECIMAL of more than 15 digits as text, so that no digit is lost.
  std::vector<Json> cells;
};

struct Table {
  std::vector<TableColumn> columns;

  std::size_t rows() const { return columns.empty() ? 0 : columns.front().cells.size(); }
  /// nullptr if there is none.
  const TableColumn* find(std::string_view name) const;
  /// A null value where there is no such column or row.
  const Json& at(std::size_t row, std::string_view name) const;
  /// {"name": cell, …}
  Json row(std::size_t index) const;
  /// [{"name": cell, …}, …]
  Json to_json() const;
};

inline constexpr std::int64_t kNullMicros = std::numeric_limits<std::int64_t>::min();
inline constexpr std::uint32_t kNullCode = std::numeric_limits<std::uint32_t>::max();

/// One column in bulk; exactly one of the three forms is filled, by the column's type.
struct ColumnData {
  enum class Kind { number, time, text };

  std::string name;
  Kind kind = Kind::number;
  std::vector<double> numbers;          // numbers and booleans (0, 1); NaN for null
  std::vector<std::int64_t> micros;     // dates and timestamps: µs since 1970; kNullMicros: null
  std::vector<std::uint32_t> codes;     // text: index into `dictionary`; kNullCode for null
  std::vector<std::string> dictionary;  // in order of first appearance

  std::size_t rows() const;
  static ColumnData of_numbers(std::string name, std::vector<double> values);
  static ColumnData of_micros(std::string name, std::vector<std::int64_t> values);
  static ColumnData of_texts(std::string name, const std::vector<std::string>& values);
};

}  // namespace millrace::data
