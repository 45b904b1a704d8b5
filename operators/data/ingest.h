// Raw files made into one table artifact: what ingest.file and ingest.http have in common.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/json.h"
#include "engine/base/time.h"
#include "engine/core/outcome.h"
#include "engine/data/scan.h"
#include "engine/op/context.h"

namespace millrace {

/// Of [from, to); an open end takes all.
struct TimeRange {
  std::string column;
  std::optional<Time> from;
  std::optional<Time> to;
};

struct Ingest {
  data::ScanOptions scan;
  std::vector<std::string> columns;  // to keep, in this order; empty: all
  std::string where;                 // DuckDB boolean expression, or ""
  TimeRange range;                   // column "": no filter
  long max_rows = 0;
  bool allow_empty = false;
  std::string dataset;  // to update, or ""
};

/// `column` filters to `from` and `to` (RFC 3339) where one is given, else to the run's data
/// interval. invalid_argument without an interval, or if from >= to.
Result<TimeRange> time_range(const AttemptInfo& attempt, const std::string& column,
                             const std::string& from, const std::string& to);

/// Outputs: table, rows, columns, bytes, statistics; effects: PublishArtifact, UpdateDataset.
/// data_invalid names file, line and value; resource_exhausted above max_rows.
Result<Done> ingest_files(OperatorContext& ctx, const Ingest& ingest);

}  // namespace millrace
