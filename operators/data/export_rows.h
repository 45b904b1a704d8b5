// A table artifact on its way out: what the export operators share.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/data/session.h"
#include "engine/op/context.h"

namespace millrace {

/// How rows are written outside.
struct RowFormat {
  std::string format = "csv";        // csv, jsonl or parquet
  std::string compression = "none";  // none, gzip or zstd; of csv and jsonl
  std::string delimiter = ",";       // of csv
  bool header = true;                // of csv
};

/// A table artifact as a relation of a session of its own.
struct ExportTable {
  data::Session session;
  std::string relation;              // of the columns to export, NaNs as nulls
  std::vector<std::string> columns;  // their names
  std::vector<std::string> types;    // their types of DuckDB
  std::int64_t rows = 0;
};

/// `columns` are those to export, in this order; all if empty. The session may also write below
/// `folder`. Errors: not_found, data_invalid (no table), invalid_argument (a column).
Result<ExportTable> open_export(OperatorContext& ctx, const std::string& digest,
                                const std::vector<std::string>& columns,
                                const std::filesystem::path& folder);

/// The format and compression that the name of a file asks for where they are "auto".
/// invalid_argument where it tells nothing, or where they do not go together.
Result<RowFormat> format_for(const std::string& format, const std::string& compression,
                             const std::filesystem::path& name);

/// Writes all rows in order to one new file, or to files below a new folder by the values of
/// `partition_by`. data_invalid for an infinity where JSON has none.
Status write_rows(ExportTable& table, const RowFormat& format, const std::filesystem::path& target,
                  const std::vector<std::string>& partition_by);

}  // namespace millrace
