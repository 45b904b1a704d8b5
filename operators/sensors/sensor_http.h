// sensor.http: waits for an answer of an HTTP server.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "engine/http/client.h"
#include "engine/op/catalog.h"
#include "operators/sensors/sensor.h"

namespace millrace::operators {

/// For `lint`.
std::optional<TextProblem> check_body_pattern(std::string_view text);
std::optional<std::string> check_pointers(const Json& pointers);

struct SensorHttp : SensorOptions {
  static constexpr std::string_view name = "sensor.http";
  static constexpr std::string_view doc =
      "Waits until an HTTP server answers as expected, and holds no slot while it waits. Any other "
      "answer, a refused connection and a time-out mean: not yet. A Retry-After of the server "
      "delays the next look.";
  static constexpr int version = 1;

  std::string url, method, body, body_matches;
  Json headers = Json::object(), json = Json::object();
  std::vector<double> status;
  std::vector<std::string> allowed_hosts;
  Duration request_timeout{};
  long max_bytes = 0;

  static auto params() {
    using S = SensorHttp;
    return std::tuple_cat(
        std::tuple{
            param("url", &S::url, "http:// or https:// address")
                .example("https://data.example.com/exports/2001-02-01"),
            param("method", &S::method, "HTTP method").def("GET").one_of({"GET", "POST"}),
            param("headers", &S::headers,
                  "Request headers, name to value, sent as they are written. A redirect to another "
                  "host takes along only those that hold no secret, such as Accept")
                .def(Json::object())
                .texts()
                .example(Json::object({{"Accept", "application/json"}})),
            param("body", &S::body, "Request body of a POST").def(""),
            param("status", &S::status, "Status codes of the expected answer")
                .def(Json::array({200}))
                .range(100, 599),
            param("body_matches", &S::body_matches,
                  "Regular expression (RE2) that must occur in the first 64 KiB of the body")
                .def("")
                .checked_by(check_body_pattern)
                .example("(?i)complete"),
            param("json", &S::json,
                  "JSON pointers (RFC 6901) into the body, each with the value that must be there")
                .def(Json::object())
                .mapping(check_pointers)
                .example(Json::object({{"/state", "ready"}})),
            param("allowed_hosts", &S::allowed_hosts,
                  "Hosts that redirects may lead to; by default all but loopback and link-local "
                  "addresses")
                .optional()
                .example(Json::array({"cdn.example.com"})),
            param("request_timeout", &S::request_timeout, "Limit of one request").def("30s"),
            param("max_bytes", &S::max_bytes, "A larger answer than this is an error")
                .def(1 << 20)
                .range(1, 64 << 20)},
        sensor_params());
  }
  static std::vector<std::pair<std::string, std::string>> outputs() {
    return sensor_outputs({{"status", "Status code of the answer"},
                           {"url", "Where the answer came from, after redirects; without secrets"},
                           {"etag", "ETag of the answer; may be empty"},
                           {"json", "The body, if it is JSON of at most 64 KiB; null otherwise"}});
  }
  Result<Outcome> run(OperatorContext& ctx) const;

 private:
  Result<Look> look(OperatorContext& ctx) const;
};

/// The value at a JSON pointer (RFC 6901), e.g. "/jobs/0/state"; nullptr: there is none.
const Json* find_pointer(const Json& json, std::string_view pointer);

}  // namespace millrace::operators
