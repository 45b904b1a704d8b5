// CopyText: the rows of an export as the text format of COPY. CSV is no choice: servers before
// version 18 take a line `\.` within a quoted value for the end of the data.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "engine/base/result.h"
#include "operators/data/export_rows.h"

namespace millrace {

/// A type of PostgreSQL that holds the values of a DuckDB type.
std::string pg_type_of(std::string_view duckdb_type);

class CopyText {
 public:
  /// Writes the rows to a file in the folder, as texts that PostgreSQL reads.
  static Result<CopyText> of(ExportTable& table, const std::filesystem::path& folder);
  /// The next lines, "" at the end. Valid until the next call.
  Result<std::string_view> next();

 private:
  CopyText(const std::filesystem::path& file, std::size_t columns);
  Status append_line(std::string_view json);

  std::ifstream in_;
  std::size_t columns_;
  std::string line_, piece_;
};

}  // namespace millrace
