// export.http: a table artifact as the body of a request.
#pragma once

#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "engine/core/outcome.h"
#include "engine/op/context.h"
#include "engine/op/param.h"

namespace millrace {

struct ExportHttp {
  static constexpr std::string_view name = "export.http";
  static constexpr std::string_view doc =
      "Sends a table by HTTP, as the body of one request. Each try of a task carries the same "
      "Idempotency-Key, by which the server can tell a repetition. Retries connection errors, "
      "timeouts, 429 and 5xx, and honours Retry-After; other 4xx are final. The redirects 307 and "
      "308 are followed with method and body; 301, 302 and 303 would lose the body, and fail.";
  static constexpr int version = 1;

  std::string input, url, url_env, method, format, compression;
  Json headers = Json::object(), headers_env = Json::object();
  std::vector<std::string> columns;
  long max_bytes = 0, retries = 0;
  Duration timeout{}, retry_initial{}, retry_max{};

  static auto params() {
    using E = ExportHttp;
    return std::tuple{
        param("input", &E::input, "Digest of the table artifact")
            .example("${{ tasks.clean.outputs.table }}"),
        param("url", &E::url, "http:// or https:// address")
            .def("")
            .example("https://api.example.com/v1/sales"),
        param("url_env", &E::url_env, "Environment variable that holds the address, instead of url")
            .def(""),
        param("method", &E::method, "HTTP method").def("POST").one_of({"POST", "PUT"}),
        param("headers", &E::headers, "Headers to add").def(Json::object()).texts(),
        param("headers_env", &E::headers_env,
              "Headers whose values are secrets: name to the environment variable that holds it")
            .def(Json::object())
            .texts()
            .example(Json::object({{"Authorization", "SALES_API_AUTHORIZATION"}})),
        param("format", &E::format, "How the rows are written")
            .def("jsonl")
            .one_of({"csv", "jsonl", "parquet"}),
        param("compression", &E::compression, "gzip is announced as Content-Encoding")
            .def("none")
            .one_of({"none", "gzip"}),
        param("columns", &E::columns, "Columns to send, in this order; all by default").optional(),
        param("max_bytes", &E::max_bytes, "A larger body than this is an error")
            .def(64L << 20)
            .range(1, double(1L << 30)),
        param("timeout", &E::timeout, "Limit of one try").def("5m"),
        param("retries", &E::retries,
              "Further tries within this attempt; the task's own retries come on top")
            .def(3)
            .range(0, 20),
        param("retry_initial", &E::retry_initial, "Wait before the first of them; doubles")
            .def("1s"),
        param("retry_max", &E::retry_max,
              "Longest wait; if Retry-After asks for more, the attempt ends and is tried later")
            .def("30s")};
  }
  static std::vector<ParamRule> rules() { return {exactly_one_of({"url", "url_env"})}; }
  static std::vector<std::pair<std::string, std::string>> outputs() {
    return {{"status", "HTTP status of the answer"},
            {"rows", "number of rows"},
            {"bytes", "size of the body"}};
  }
  Result<Outcome> run(OperatorContext& ctx) const;
};

}  // namespace millrace
