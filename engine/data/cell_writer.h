// Inside engine/data only: texts into the vectors of a chunk, each exactly or not at all.
#pragma once

#include <duckdb.h>

#include <cstdint>
#include <string>
#include <vector>

#include "engine/data/column_facts.h"

namespace millrace::data {

class CellWriter {
 public:
  CellWriter(ColumnType type, NumberStyle style) : type_(std::move(type)), style_(style) {}
  /// The vector that the next rows go to.
  void aim(duckdb_vector vector);
  /// False, without a change, if the type does not hold the value exactly. A NaN becomes null.
  bool write(idx_t row, const Cell& cell);
  /// Takes back what `write` did with the row.
  void take_back(idx_t row);
  bool wrote_nan() const { return wrote_nan_; }

 private:
  void write_null(idx_t row);
  bool write_number(idx_t row, std::string_view text);
  bool write_decimal(idx_t row, std::string_view text);
  template <typename T>
  bool write_integer(idx_t row, std::string_view text);
  bool write_time(idx_t row, std::string_view text);
  bool write_boolean(idx_t row, const Cell& cell);
  bool write_text(idx_t row, std::string_view text);
  template <typename T>
  bool put(idx_t row, T value) {
    static_cast<T*>(data_)[row] = value;
    return true;
  }

  ColumnType type_;
  NumberStyle style_;
  duckdb_vector vector_ = nullptr;
  void* data_ = nullptr;
  std::uint64_t* validity_ = nullptr;
  bool wrote_nan_ = false;
  std::string number_;  // scratch
};

}  // namespace millrace::data
