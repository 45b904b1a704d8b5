// ingest.http: a table from an HTTP API, with retries, as an artifact.
#pragma once

#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "engine/core/outcome.h"
#include "engine/op/context.h"
#include "engine/op/param.h"

namespace millrace {

struct IngestHttp {
  static constexpr std::string_view name = "ingest.http";
  static constexpr std::string_view doc =
      "Fetch CSV, JSON lines, a JSON array or Parquet over HTTP into a table artifact. Retries "
      "connection errors, timeouts, 429 and 5xx, and honours Retry-After; other 4xx are final. "
      "Skips when the server answers that nothing has changed.";
  static constexpr int version = 1;

  std::string url;
  std::string method;
  Json headers;
  std::string body;
  std::string etag;
  std::string sha256;
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
  Duration timeout{};
  long retries = 0;
  Duration retry_initial{};
  Duration retry_max{};

  static auto params() {
    return std::tuple{
        param("url", &IngestHttp::url, "http:// or https:// address of the data")
            .example("https://data.example.com/flights.csv"),
        param("method", &IngestHttp::method, "HTTP method").def("GET").one_of({"GET", "POST"}),
        param("headers", &IngestHttp::headers, "Request headers, name to value")
            .optional()
            .example(Json::object({{"Accept", "text/csv"}})),
        param("body", &IngestHttp::body, "Request body of a POST").def(""),
        param("etag", &IngestHttp::etag,
              "ETag of the last answer; with an unchanged resource the task is skipped")
            .def(""),
        param("sha256", &IngestHttp::sha256, "Digest that the answer must have, in hex").def(""),
        param("format", &IngestHttp::format,
              "How the answer is written; auto judges by Content-Type, name and content")
            .def("auto")
            .one_of({"auto", "csv", "jsonl", "parquet"}),
        param("time_column", &IngestHttp::time_column,
              "Keep the rows whose time lies in the run's data interval [start, end)")
            .def(""),
        param("from", &IngestHttp::from, "Start of the range of time_column instead, inclusive")
            .def("")
            .example("2001-01-01"),
        param("to", &IngestHttp::to, "End of the range of time_column instead, exclusive").def(""),
        param("columns", &IngestHttp::columns, "Columns to keep, in this order; all by default")
            .optional(),
        param("where", &IngestHttp::where, "Keep the rows for which this DuckDB expression is true")
            .def(""),
        param("types", &IngestHttp::types,
              "DuckDB types of columns, where guessing is not good enough")
            .optional(),
        param("dataset", &IngestHttp::dataset, "Dataset that this updates").def(""),
        param("max_rows", &IngestHttp::max_rows, "More rows than this are an error")
            .def(100'000'000)
            .min(1),
        param("max_bytes", &IngestHttp::max_bytes, "A larger answer than this is an error")
            .def(std::int64_t{1} << 30)
            .min(1),
        param("allow_empty", &IngestHttp::allow_empty, "Whether a table without rows is fine")
            .def(false),
        param("timeout", &IngestHttp::timeout, "Limit of one try").def("5m"),
        param("retries", &IngestHttp::retries,
              "Further tries within this attempt; the task's own retries come on top")
            .def(3)
            .range(0, 20),
        param("retry_initial", &IngestHttp::retry_initial, "Wait before the first of them; doubles")
            .def("1s"),
        param("retry_max", &IngestHttp::retry_max,
              "Longest wait; if Retry-After asks for more, the attempt ends and is tried later")
            .def("30s")};
  }
  static std::vector<std::pair<std::string, std::string>> outputs() {
    return {{"table", "digest of the Parquet artifact"},
            {"rows", "number of rows"},
            {"columns", "names of the columns"},
            {"bytes", "size of the artifact"},
            {"statistics", "nulls, min, max and mean of each column"},
            {"etag", "ETag of the answer, for the next run; may be empty"},
            {"sha256", "digest of the answer as it came"}};
  }
  Result<Outcome> run(OperatorContext& ctx) const;
};

}  // namespace millrace
