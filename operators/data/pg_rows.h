// PgRows: the rows of a query of PostgreSQL on their way to a table artifact. They are written to a
// file as texts; DuckDB then reads them with the types that PostgreSQL gave.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "engine/data/session.h"
#include "engine/pgclient/pg_connection.h"

namespace millrace {

class PgRows {
 public:
  struct Limits {
    std::int64_t rows = 0;
    std::int64_t bytes = 0;
  };
  /// Writes to a new file.
  PgRows(std::filesystem::path file, Limits limits);

  // For PgConnection::query. resource_exhausted beyond the limits.
  Status take_columns(const std::vector<pgclient::PgColumn>& columns);
  Status take_row(pgclient::PgRow row);
  /// After the last row.
  Status close();

  /// A SELECT of DuckDB over all rows, in order. data_invalid for a numeric without a declared
  /// precision that has more than 38 digits, or is infinite.
  Result<std::string> select(data::Session& session) const;
  std::int64_t rows() const { return rows_; }
  /// The columns of type json and jsonb, whose values are texts in the table.
  const std::vector<std::string>& json_columns() const { return json_; }

 private:
  struct Column {
    pgclient::PgColumn from;
    // Of a numeric without a precision: the most digits so far.
    int whole = 0, scale = 0;
    bool infinite = false;
  };
  std::string item(const Column& column, std::size_t place) const;

  const std::filesystem::path file_;
  const Limits limits_;
  std::ofstream out_;
  std::string line_;
  std::vector<Column> columns_;
  std::vector<std::string> json_;
  std::int64_t rows_ = 0, bytes_ = 0;
  std::size_t longest_ = 0;  // line
};

}  // namespace millrace
