// export.file: a table artifact as a file that other programs read.
#pragma once

#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "engine/core/outcome.h"
#include "engine/op/context.h"
#include "engine/op/param.h"

namespace millrace {

struct ExportFile {
  static constexpr std::string_view name = "export.file";
  static constexpr std::string_view doc =
      "Writes a table to a CSV, JSON lines or Parquet file, or to a folder of files by the values "
      "of columns. Readers see the old file or the new one, never a part: it is written next to "
      "its place and renamed.";
  static constexpr int version = 1;

  std::string input, path, format, compression, delimiter;
  std::vector<std::string> columns, partition_by;
  bool header = true;
  long max_partitions = 0;

  static auto params() {
    using E = ExportFile;
    return std::tuple{
        param("input", &E::input, "Digest of the table artifact")
            .example("${{ tasks.clean.outputs.table }}"),
        param("path", &E::path,
              "The file, or with partition_by the folder; relative to the DAG file's folder. It is "
              "replaced. A folder that this operator has not written is not, nor is a device, a "
              "socket or a pipe. A symbolic link stays, and what it leads to is replaced")
            .example("out/sales-${{ date(run.logical_date, '%Y-%m-%d') }}.csv"),
        param("format", &E::format, "auto: by the name, such as .csv, .jsonl.gz, .parquet")
            .def("auto")
            .one_of({"auto", "csv", "jsonl", "parquet"}),
        param("compression", &E::compression, "Of CSV and JSON lines; auto: by .gz or .zst")
            .def("auto")
            .one_of({"auto", "none", "gzip", "zstd"}),
        param("columns", &E::columns, "Columns to write, in this order; all by default").optional(),
        param("partition_by", &E::partition_by,
              "Columns whose values name folders, as Hive does: country=NL/data_0.parquet. They "
              "are not in the files; without nulls and empty texts")
            .optional(),
        param("max_partitions", &E::max_partitions, "More folders than this are an error")
            .def(1000)
            .range(1, 100'000),
        param("delimiter", &E::delimiter,
              "Between the fields of CSV: one character, and not a quote or a line break")
            .def(","),
        param("header", &E::header, "Whether CSV has a header").def(true)};
  }
  static std::vector<std::pair<std::string, std::string>> outputs() {
    return {{"path", "absolute path of the file or folder"},
            {"format", "csv, jsonl or parquet"},
            {"rows", "number of rows"},
            {"files", "number of files"},
            {"bytes", "their size together"}};
  }
  Result<Outcome> run(OperatorContext& ctx) const;
};

}  // namespace millrace
