// Session: an in-memory DuckDB with one connection, shut off from everything that it was not given.
//
// A session reads and writes only the files and folders named when it was opened, loads no
// extension, reaches no network, and its settings cannot be changed by SQL that runs in it: an
// expression from a DAG file can compute, and nothing else. The time zone is UTC.
//
// Not thread-safe; movable. Errors: invalid_argument (SQL that does not parse or bind),
// data_invalid (values that do not convert), not_found (a file), resource_exhausted (memory, disk),
// permission_denied (a file outside), cancelled.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/json.h"
#include "engine/base/result.h"
#include "engine/data/table.h"

namespace millrace::data {

class RowSource;

struct SessionOptions {
  std::vector<std::filesystem::path> files{};    // that it may open
  std::vector<std::filesystem::path> folders{};  // in which it may read and write
  std::filesystem::path temp_dir{};              // for spilling; "": what exceeds memory fails
  std::size_t memory_limit_bytes = std::size_t{4} << 30;
  /// At least 2 are used: Parquet files come out byte for byte the same with any number above one,
  /// but not with one.
  int threads = 2;
  bool places = false;  // whether error_place() is known
  /// Asked between steps of a query, on the calling thread; true ends the query with `cancelled`.
  std::function<bool()> cancelled{};
};

class Session {
 public:
  static Result<Session> open(SessionOptions options = {});
  Session(Session&&) noexcept;
  Session& operator=(Session&&) noexcept;
  ~Session();

  /// One statement. `params` are bound to its `?`; values never need quoting.
  Status execute(std::string_view sql, const std::vector<Json>& params = {});
  /// Where in `text` the last error is, in bytes, if the statement that failed holds `text`.
  std::optional<std::size_t> error_place(std::string_view text) const;
  /// For small answers: more than `max_rows` rows are refused.
  Result<Table> query(std::string_view sql, const std::vector<Json>& params = {},
                      std::size_t max_rows = 100'000);
  /// For bulk: typed columns, in the order of the select list. Lists, structs and blobs are
  /// refused.
  Result<std::vector<ColumnData>> fetch(std::string_view sql, const std::vector<Json>& params = {});

  /// A new table out of columns of equal length, rows in order.
  Status create_table(std::string_view name, const std::vector<ColumnData>& columns);

  /// Makes `name()` a relation of rows that are computed outside of DuckDB. An error of the source
  /// comes back from the statement that reads it. REQUIRES: the source outlives the session.
  Status add_rows(std::string_view name, RowSource& source);

  /// Writes the rows of `select` to a new file, in order, zstd. The same statement over the same
  /// files writes the same bytes, on any machine of the same DuckDB version. Integers of 128 bits,
  /// which Parquet does not have, become DECIMAL(38,0): data_invalid for a value of 39 digits.
  Status write_parquet(std::string_view select, const std::filesystem::path& file);

  /// The syntax tree of one scalar expression (DuckDB's json_serialize_sql). What comes back can be
  /// put between parentheses in a statement and stays one expression. `what` names it in the error.
  Result<Json> parse_expression(std::string_view text, std::string_view what);

 private:
  struct State;
  explicit Session(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace millrace::data
