// Column statistics of a Parquet file: what goes into PublishArtifact.schema.
#pragma once

#include <cstdint>
#include <filesystem>

#include "engine/base/json.h"
#include "engine/base/result.h"
#include "engine/data/session.h"

namespace millrace::data {

struct TableStatistics {
  std::int64_t rows = 0;
  /// [{name, type, nulls, distinct, min, max}], and for numbers and booleans also
  /// mean, stddev (n-1) and quantiles {p01, p05, p25, p50, p75, p95, p99}; for text of few values
  /// and booleans top: [{value, count}]. `distinct` is an estimate (HyperLogLog); the quantiles of
  /// a file of more than 200,000 rows are of every k-th row, which is deterministic.
  ///
  /// A NaN counts as null everywhere; `nans` says how many of the nulls are NaN, if any are. min,
  /// max and top hold the first 100 characters of a text. A nested column has name and type only. A
  /// table of more than 1,000 columns has no quantiles and no top, one of more than 10,000 columns
  /// names and types only.
  Json columns = Json::array();
};

/// The cost is linear in the number of columns and of rows.
Result<TableStatistics> table_statistics(Session& session, const std::filesystem::path& parquet);

}  // namespace millrace::data
