// Inside engine/data only: DuckDB's handles owned, its vectors decoded.
#pragma once

#include <duckdb.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/json.h"
#include "engine/base/result.h"
#include "engine/data/table.h"

namespace millrace::data {

/// Destroys the handle when it goes out of scope. `handle` may be handed to DuckDB to be filled.
template <typename Handle, void (*destroy)(Handle*)>
struct Owned {
  Handle handle{};
  Owned() = default;
  explicit Owned(Handle given) : handle(given) {}
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;
  Owned(Owned&& other) noexcept : handle(other.handle) { other.handle = Handle{}; }
  ~Owned() { destroy(&handle); }
};
using Database = Owned<duckdb_database, duckdb_close>;
using Connection = Owned<duckdb_connection, duckdb_disconnect>;
using Config = Owned<duckdb_config, duckdb_destroy_config>;
using Prepared = Owned<duckdb_prepared_statement, duckdb_destroy_prepare>;
using Pending = Owned<duckdb_pending_result, duckdb_destroy_pending>;
using QueryResult = Owned<duckdb_result, duckdb_destroy_result>;
using Chunk = Owned<duckdb_data_chunk, duckdb_destroy_data_chunk>;
using LogicalType = Owned<duckdb_logical_type, duckdb_destroy_logical_type>;

/// Copies and frees a string that DuckDB allocated.
std::string take_string(char* text);
/// "BIGINT", "DECIMAL(18,3)", "VARCHAR[]", …
std::string type_name_of(duckdb_logical_type type);

/// The cells of one vector appended to `column`. Every type has a JSON form: what no JSON number
/// holds exactly, such as an integer beyond 64 bits, is text.
Status append_cells(duckdb_vector vector, idx_t rows, TableColumn& column);

/// Appends vectors of one column to a ColumnData.
class ColumnReader {
 public:
  /// invalid_argument for a type that has no bulk form.
  static Result<ColumnReader> of(std::string name, duckdb_logical_type type);
  void append(duckdb_vector vector, idx_t rows);
  ColumnData take() { return std::move(data_); }

 private:
  using Append = void (*)(ColumnReader&, duckdb_vector, idx_t);
  friend struct ColumnAppend;
  ColumnData data_;
  Append append_ = nullptr;
  double scale_ = 1;                // of a DECIMAL
  std::int64_t micros_factor_ = 1;  // ticks to microseconds: positive multiplies, negative divides
  struct Codes;
  std::shared_ptr<Codes> codes_;
};

/// The SQL type in which a ColumnData is stored.
std::string_view stored_type(ColumnData::Kind kind);
/// Appends the rows to an existing table of those types. REQUIRES: equal lengths.
Status append_rows(duckdb_connection connection, const std::string& table,
                   const std::vector<ColumnData>& columns);

}  // namespace millrace::data
