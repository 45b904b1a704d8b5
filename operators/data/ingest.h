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
#include "operators/data/read_options.h"

namespace millrace {

/// Of [from, to); an open end takes all.
struct TimeRange {
  std::string column;
  std::optional<Time> from;
  std::optional<Time> to;
};

struct Ingest {
  std::vector<std::filesystem::path> files;
  std::vector<std::string> sources;  // how each is called in the source column
  data::Format format = data::Format::parquet;
  ReadOptions options;
  long max_bytes = 0;  // of text, after decompression
};

/// `column` filters to `from` and `to` (RFC 3339) where one is given, else to the run's data
/// interval. invalid_argument without an interval, or if from >= to.
Result<TimeRange> time_range(const AttemptInfo& attempt, const std::string& column,
                             const std::string& from, const std::string& to);

/// Outputs as in ReadOptions::outputs; effects: PublishArtifact, UpdateDataset, SetWatermark.
/// data_invalid names file, line, column and value; resource_exhausted above max_rows.
Result<Done> ingest_files(OperatorContext& ctx, const Ingest& ingest);

}  // namespace millrace
