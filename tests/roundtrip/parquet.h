// The random tables as Parquet files, in many types, compressions and layouts.
#pragma once

#include <filesystem>
#include <vector>

#include "engine/base/json.h"
#include "engine/base/result.h"
#include "engine/data/session.h"
#include "tests/roundtrip/table.h"

namespace millrace::roundtrip {

struct ParquetFiles {
  std::vector<std::filesystem::path> files;
  Json types = Json::object();  // declared: column to type
  bool may_refuse = false;      // a declared type cannot hold the values, or the files differ
};

/// Fills `written` of each value. DuckDB is the writer; values reach it as exact literals.
/// `session` may write to `folder`.
Result<ParquetFiles> write_parquet_files(Dice& dice, Table& table, data::Session& session,
                                         const std::filesystem::path& folder);

}  // namespace millrace::roundtrip
