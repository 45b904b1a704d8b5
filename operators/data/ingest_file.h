// ingest.file: CSV, JSON lines and Parquet files into a table artifact.
#pragma once

#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "engine/core/outcome.h"
#include "engine/op/context.h"
#include "engine/op/param.h"

namespace millrace {

struct IngestFile {
  static constexpr std::string_view name = "ingest.file";
  static constexpr std::string_view doc =
      "Read CSV, JSON lines or Parquet files into a table artifact, filtered to the run's data "
      "interval.";
  static constexpr int version = 1;

  std::string path;
  std::string format;
  std::string time_column;
  std::string from;
  std::string to;
  std::vector<std::string> columns;
  std::string where;
  Json types;
  std::string dataset;
  long max_rows = 0;
  long max_bytes = 0;
  bool allow_empty = false;

  static auto params() {
    return std::tuple{
        param("path", &IngestFile::path,
              "File, or pattern with * ? [ ], relative to the DAG file's folder")
            .example("data/flights/2001-*.parquet"),
        param("format", &IngestFile::format, "How the files are written; auto judges by content")
            .def("auto")
            .one_of({"auto", "csv", "jsonl", "parquet"}),
        param("time_column", &IngestFile::time_column,
              "Keep the rows whose time lies in the run's data interval [start, end)")
            .def("")
            .example("date"),
        param("from", &IngestFile::from, "Start of the range of time_column instead, inclusive")
            .def("")
            .example("2001-01-01"),
        param("to", &IngestFile::to, "End of the range of time_column instead, exclusive")
            .def("")
            .example("2001-02-01"),
        param("columns", &IngestFile::columns, "Columns to keep, in this order; all by default")
            .optional()
            .example(Json::array({"date", "delay"})),
        param("where", &IngestFile::where, "Keep the rows for which this DuckDB expression is true")
            .def("")
            .example("origin <> destination"),
        param("types", &IngestFile::types,
              "DuckDB types of columns, where guessing is not good enough")
            .optional()
            .example(Json::object({{"delay", "BIGINT"}})),
        param("dataset", &IngestFile::dataset, "Dataset that this updates").def(""),
        param("max_rows", &IngestFile::max_rows, "More rows than this are an error")
            .def(100'000'000)
            .min(1),
        param("max_bytes", &IngestFile::max_bytes, "Larger input than this is an error")
            .def(std::int64_t{16} << 30)
            .min(1),
        param("allow_empty", &IngestFile::allow_empty, "Whether a table without rows is fine")
            .def(false)};
  }
  static std::vector<std::pair<std::string, std::string>> outputs() {
    return {{"table", "digest of the Parquet artifact"},
            {"rows", "number of rows"},
            {"columns", "names of the columns"},
            {"bytes", "size of the artifact"},
            {"statistics", "nulls, min, max and mean of each column"},
            {"files", "names of the files read"}};
  }
  Result<Outcome> run(OperatorContext& ctx) const;
};

/// The regular files that `pattern` names, sorted; a relative pattern starts at `base` and must not
/// leave it. not_found if there is none.
Result<std::vector<std::filesystem::path>> matching_files(const std::filesystem::path& base,
                                                          const std::string& pattern);

}  // namespace millrace
