// Inside engine/data only: rows that are computed outside of DuckDB, as a table function of it.
#pragma once

#include <duckdb.h>

#include <optional>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/data/column_facts.h"

namespace millrace::data {

struct SourceColumn {
  std::string name;  // all different, also without regard to case
  ColumnType type;
};

class RowSource {
 public:
  virtual ~RowSource() = default;
  virtual const std::vector<SourceColumn>& columns() const = 0;
  /// Before the first fill of each scan.
  virtual Status restart() = 0;
  /// Fills the chunk with up to a vector of rows, in order; 0 at the end. One thread at a time.
  virtual Result<idx_t> fill(duckdb_data_chunk chunk) = 0;

  /// The error that ended a scan: DuckDB carries only its text.
  std::optional<Error> failure;
};

/// REQUIRES: the source outlives the connection's use of the function.
Status register_rows(duckdb_connection connection, const std::string& name, RowSource& source);

}  // namespace millrace::data
