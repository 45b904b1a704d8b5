// ingest.http: a table from an HTTP API, with retries, as an artifact.
#pragma once

#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "engine/core/outcome.h"
#include "engine/op/context.h"
#include "engine/op/param.h"
#include "operators/data/read_options.h"

namespace millrace {

struct IngestHttp : ReadOptions {
  static constexpr std::string_view name = "ingest.http";
  static constexpr std::string_view doc =
      "Fetch CSV, JSON lines, a JSON array or Parquet over HTTP into a table artifact. Retries "
      "connection errors, timeouts, 429 and 5xx, and honours Retry-After; other 4xx are final. "
      "Skips when the server answers that nothing has changed.";
  static constexpr int version = 2;

  std::string url;
  std::string method;
  Json headers = Json::object();
  std::string body;
  std::string etag;
  std::string sha256;
  std::string format;
  std::vector<std::string> allowed_hosts;
  long max_bytes = 0;
  Duration timeout{};
  long retries = 0;
  Duration retry_initial{};
  Duration retry_max{};

  static auto params() {
    return std::tuple_cat(
        std::tuple{
            param("url", &IngestHttp::url, "http:// or https:// address of the data")
                .example("https://data.example.com/flights.csv"),
            param("method", &IngestHttp::method, "HTTP method").def("GET").one_of({"GET", "POST"}),
            param("headers", &IngestHttp::headers,
                  "Request headers, name to value, sent as they are written. A redirect to another "
                  "host takes along only those that hold no secret, such as Accept")
                .def(Json::object())
                .texts()
                .example(Json::object({{"Accept", "text/csv"}})),
            param("body", &IngestHttp::body, "Request body of a POST").def(""),
            param("allowed_hosts", &IngestHttp::allowed_hosts,
                  "Hosts that redirects may lead to; by default all but loopback and link-local "
                  "addresses")
                .optional()
                .example(Json::array({"cdn.example.com"})),
            param("etag", &IngestHttp::etag,
                  "ETag of the last answer; with an unchanged resource the task is skipped")
                .def(""),
            param("sha256", &IngestHttp::sha256, "Digest that the answer must have, in hex")
                .def(""),
            param("format", &IngestHttp::format,
                  "How the answer is written; auto judges by Content-Type, name and content, which "
                  "must not contradict each other")
                .def("auto")
                .one_of({"auto", "csv", "jsonl", "parquet"}),
            param("max_bytes", &IngestHttp::max_bytes,
                  "A larger answer than this is an error, before and after decompression")
                .def(std::int64_t{1} << 30)
                .min(1),
            param("timeout", &IngestHttp::timeout, "Limit of one try").def("5m"),
            param("retries", &IngestHttp::retries,
                  "Further tries within this attempt; the task's own retries come on top")
                .def(3)
                .range(0, 20),
            param("retry_initial", &IngestHttp::retry_initial,
                  "Wait before the first of them; doubles")
                .def("1s"),
            param("retry_max", &IngestHttp::retry_max,
                  "Longest wait; if Retry-After asks for more, the attempt ends and is tried later")
                .def("30s")},
        ReadOptions::params());
  }
  static std::vector<std::pair<std::string, std::string>> outputs() {
    auto all = ReadOptions::outputs();
    all.emplace_back("etag", "ETag of the answer, for the next run; may be empty");
    all.emplace_back("sha256", "digest of the answer as it came");
    return all;
  }
  Result<Outcome> run(OperatorContext& ctx) const;
};

}  // namespace millrace
