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
  /// top: [{value, count}]. `distinct` is an estimate (HyperLogLog); the quantiles of a file of
  /// more than 200,000 rows are of every k-th row, which is deterministic.
  Json columns = Json::array();
};

/// One pass over the file, and one more for each text column.
Result<TableStatistics> table_statistics(Session& session, const std::filesystem::path& parquet);

}  // namespace millrace::data
