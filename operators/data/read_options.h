// ReadOptions: how files are read into a table; ingest.file and ingest.http have them in common.
#pragma once

#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "engine/base/json.h"
#include "engine/base/result.h"
#include "engine/data/text_table.h"
#include "engine/op/context.h"
#include "engine/op/param.h"
#include "operators/data/table_outputs.h"
#include "operators/data/table_watermark.h"

namespace millrace {

struct ReadOptions {
  std::string time_column;
  std::string from;
  std::string to;
  std::vector<std::string> columns;
  std::string where;
  Json types;
  Json contract;
  Json date_format;
  std::string delimiter;
  std::string quote;
  std::string escape;
  std::string comment;
  long skip = 0;
  bool header = true;
  std::vector<std::string> names;
  std::vector<std::string> nulls;
  bool quoted_nulls = false;
  std::string decimal_separator;
  std::string thousands_separator;
  std::string encoding;
  std::string nan;
  bool union_by_name = false;
  std::string source_column;
  std::string bad_rows;
  double max_bad_share = 0;
  std::string dataset;
  std::string watermark;
  long max_rows = 0;
  bool allow_empty = false;

  static auto reading_params() {
    using R = ReadOptions;
    return std::tuple{
        param("time_column", &R::time_column,
              "Keep the rows whose time lies in the run's data interval [start, end). A time "
              "without an offset is in UTC, whatever the zone of the schedule")
            .def("")
            .example("date"),
        param("from", &R::from, "Start of the range of time_column instead, inclusive")
            .def("")
            .example("2001-01-01"),
        param("to", &R::to, "End of the range of time_column instead, exclusive")
            .def("")
            .example("2001-02-01"),
        param("columns", &R::columns, "Columns to keep, in this order; all by default")
            .optional()
            .example(Json::array({"date", "delay"})),
        param("where", &R::where, "Keep the rows for which this DuckDB expression is true")
            .def("")
            .example("origin <> destination"),
        param("types", &R::types,
              "Types of columns: DuckDB's names, or integer, number, string, boolean, timestamp, "
              "date; a value that a type does not hold exactly makes a bad row")
            .optional()
            .example(Json::object({{"delay", "BIGINT"}, {"zip", "VARCHAR"}})),
        param("contract", &R::contract,
              "A data contract, as validate has it: the types of its columns apply where types "
              "gives none")
            .optional()
            .example("contracts/flights.yaml"),
        param("date_format", &R::date_format,
              "How dates and times are written where it is not ISO 8601: a format of strptime, or "
              "one for each column")
            .optional()
            .example("%d/%m/%Y"),
        param("nan", &R::nan, "What a NaN in a column of numbers is: null, and counted, or bad")
            .def("null")
            .one_of({"null", "refuse"}),
        param("union_by_name", &R::union_by_name,
              "Whether files may lack columns that others have; they are null there")
            .def(false),
        param("source_column", &R::source_column,
              "Name of a further column with the file that each row is from")
            .def("")
            .example("file")};
  }
  static auto csv_params() {
    using R = ReadOptions;
    return std::tuple{
        param("delimiter", &R::delimiter,
              "What separates the fields of CSV; by default the one of , ; tab and | that the rows "
              "of a file agree on")
            .def("")
            .example(";"),
        param("quote", &R::quote, "Around fields of CSV that hold a separator; none: no quotes")
            .def("\""),
        param("escape", &R::escape, "Before a quote within quotes; by default the quote is doubled")
            .def("")
            .example("\\"),
        param("comment", &R::comment, "Lines of CSV that start with it are passed over")
            .def("")
            .example("#"),
        param("skip", &R::skip, "Lines before the header of CSV").def(0).range(0, 1e6),
        param("header", &R::header, "Whether CSV has a header").def(true),
        param("names", &R::names, "Names of the columns of CSV, instead of the header's")
            .optional()
            .example(Json::array({"date", "delay"})),
        param("nulls", &R::nulls, "Fields of CSV that mean: no value")
            .def(Json::array({""}))
            .example(Json::array({"", "NA", "N/A", "null"})),
        param("quoted_nulls", &R::quoted_nulls, "Whether they mean it also within quotes")
            .def(false),
        param("decimal_separator", &R::decimal_separator, "Between the digits of a number")
            .def(".")
            .example(","),
        param("thousands_separator", &R::thousands_separator, "Between groups of three digits")
            .def("")
            .example("."),
        param("encoding", &R::encoding, "auto is UTF-8, or UTF-16 with a byte order mark")
            .def("auto")
            .one_of(
                {"auto", "utf-8", "utf-16", "utf-16le", "utf-16be", "latin-1", "windows-1252"})};
  }
  static auto result_params() {
    using R = ReadOptions;
    return std::tuple{
        param("bad_rows", &R::bad_rows,
              "Rows that cannot be read: the task fails, or they go to an artifact, or they are "
              "only counted")
            .def("fail")
            .one_of({"fail", "quarantine", "count"}),
        param("max_bad_share", &R::max_bad_share, "A larger share of bad rows fails the task")
            .def(0.05)
            .range(0, 1),
        param("dataset", &R::dataset, "Dataset that this updates").def(""),
        param("watermark", &R::watermark, kWatermarkDoc).def("").example("updated_at"),
        param("max_rows", &R::max_rows, "More rows than this are an error").def(100'000'000).min(1),
        param("allow_empty", &R::allow_empty, "Accept a table without rows").def(false)};
  }
  static auto params() { return std::tuple_cat(reading_params(), csv_params(), result_params()); }
  static std::vector<std::pair<std::string, std::string>> outputs() {
    return table_outputs(
        {{"bad_rows", "rows that could not be read and are not in the table"},
         {"quarantine",
          "digest of the table of bad rows: file, line, reason, text; null if there is none"},
         {"nans", "NaNs made null, by column"},
         {"watermark", kWatermarkOutputDoc}});
  }
};

/// The options as the reader takes them; `files` and max_bytes are left open. invalid_argument
/// names the option that is wrong.
Result<data::TextOptions> text_options(const ReadOptions& options, OperatorContext& ctx);

}  // namespace millrace
