// A small HTTP client on libcurl, for operators: one request at a time, to memory or to a file.
//
// Only http and https, also after a redirect, which must not lead to this machine or its link
// unless it came from there or the request allows it. Bodies in gzip are decoded, with any number
// of members. Nothing is read from the environment but the usual proxy variables. Thread-safe:
// calls share nothing.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/result.h"
#include "engine/base/time.h"

namespace millrace {

struct HttpRequest {
  std::string method = "GET";
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers{};
  std::string body{};
  std::filesystem::path file{};  // where the body of the answer goes; "": to HttpResponse.body
  std::int64_t max_bytes = std::int64_t{64} << 20;  // of the answer, after decompression
  Duration timeout = std::chrono::seconds(60);      // of one try
  int max_redirects = 5;
  /// Hosts that redirects may lead to; empty: all but loopback and link-local addresses.
  std::vector<std::string> allowed_hosts{};
  /// The traceparent of each request that is sent, also after a redirect and at a new try; empty,
  /// or with a header of that name: none.
  std::function<std::string()> traceparent{};

  /// The value of a header, in any case of its name; nullptr if there is none.
  const std::string* header(std::string_view name) const;
  /// Replaces one of that name in any case.
  void set_header(std::string_view name, std::string_view value);
};

struct HttpResponse {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers{};  // names in lower case
  std::string body{};      // with a file: only its first 300 bytes
  std::int64_t bytes = 0;  // of the body
  std::string url{};       // after redirects

  /// "" if there is none; the last one of several.
  std::string_view header(std::string_view lower_case_name) const;
};

/// One try. A response of any status is a success here. Errors: invalid_argument (URL, scheme,
/// header, too many redirects), permission_denied (a redirect to where none may lead),
/// resource_exhausted (max_bytes), timeout, unavailable (name, connection, TLS), cancelled.
Result<HttpResponse> http_send(const HttpRequest& request, const std::function<bool()>& cancelled);

struct RetryRule {
  int max_tries = 4;
  Duration initial = std::chrono::seconds(1);  // doubles with each try
  Duration max_wait = std::chrono::seconds(30);
};

/// What the retries need of the outside.
struct RetryWorld {
  std::function<Time()> now;
  /// Waits, or returns an error (cancelled) that ends it all.
  std::function<Status(Duration)> wait;
  std::function<void(std::string_view)> log;
  std::function<bool()> cancelled;
};

/// Repeats after connection errors, timeouts, 408, 425, 429 and 5xx, after 1, 2, 4 … times
/// `initial`, or after what Retry-After says (seconds or a date). Where that is longer than
/// `max_wait`, and when the tries are used up, it gives up with a transient error that carries
/// retry_after. A status of 400 or more is an error: not_found for 404 and 410, permission_denied
/// for 401 and 403, invalid_argument for the rest, all permanent.
Result<HttpResponse> http_send_with_retry(const HttpRequest& request, const RetryRule& rule,
                                          const RetryWorld& world);

/// Waits in steps of at most 100 ms, looking at `cancelled` between them.
Status wait_unless_cancelled(Duration duration, const std::function<bool()>& cancelled);

/// Retry-After as a delay from `now`: "120", or a date of RFC 9110, section 5.6.7; never negative.
std::optional<Duration> parse_retry_after(std::string_view text, Time now);

}  // namespace millrace
