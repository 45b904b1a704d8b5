// ingest.file: CSV, JSON lines and Parquet files into a table artifact.
#pragma once

#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "engine/core/outcome.h"
#include "engine/op/context.h"
#include "engine/op/param.h"
#include "operators/data/file_pattern.h"
#include "operators/data/read_options.h"

namespace millrace {

struct IngestFile : ReadOptions {
  static constexpr std::string_view name = "ingest.file";
  static constexpr std::string_view doc =
      "Read CSV, JSON lines or Parquet files into a table artifact, filtered to the run's data "
      "interval. Types are found over all rows, and no value is changed; docs/data.md says how.";
  static constexpr int version = 2;

  std::string path;
  std::string format;
  long max_bytes = 0;

  static auto params() {
    return std::tuple_cat(
        std::tuple{param("path", &IngestFile::path,
                         "File, or pattern with * ? [ ], relative to the DAG file's folder")
                       .checked_by(check_file_pattern)
                       .example("data/flights/2001-*.parquet"),
                   param("format", &IngestFile::format,
                         "How the files are written; auto judges by name and content")
                       .def("auto")
                       .one_of({"auto", "csv", "jsonl", "parquet"}),
                   param("max_bytes", &IngestFile::max_bytes,
                         "Larger input than this is an error, before and after decompression")
                       .def(std::int64_t{16} << 30)
                       .min(1)},
        ReadOptions::params());
  }
  static std::vector<std::pair<std::string, std::string>> outputs() {
    auto all = ReadOptions::outputs();
    all.emplace_back("files", "names of the files read, the first 100");
    all.emplace_back("file_count", "number of the files read");
    return all;
  }
  Result<Outcome> run(OperatorContext& ctx) const;
};

}  // namespace millrace
