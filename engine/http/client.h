// The one HTTP client, on libcurl, for every call that Millrace makes: one request at a time, to
// memory or to a file.
//
// Only http and https, also after a redirect. Only 307 and 308 redirect a request that is not GET
// or HEAD: 301, 302 and 303 would drop its body. A redirect must not lead to this machine or its
// link unless the first request went there or the request allows it. Certificates are always
// verified: by the system's authorities, or those of SSL_CERT_FILE. Bodies in gzip are decoded,
// with any number of members. Errors and logs hold no secret: no password of a URL, no value of a
// query parameter like `token`, no value of a header that may be a secret. Of the environment only
// SSL_CERT_FILE and the usual proxy variables are read. Thread-safe: calls share nothing.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/base/time.h"
#include "engine/http/message.h"

namespace millrace::http {

struct ClientRequest {
  std::string method = "GET";
  std::string url;
  NameValues headers{};
  std::string body{};
  std::filesystem::path file{};  // where the body of the answer goes; "": to ClientResponse.body
  std::int64_t max_bytes = std::int64_t{64} << 20;  // of the answer, after decompression
  Duration timeout = std::chrono::seconds(60);      // of one try
  int max_redirects = 5;
  /// Hosts that redirects may lead to; empty: all but loopback and link-local addresses.
  std::vector<std::string> allowed_hosts{};
  /// The parameter by which a user fills allowed_hosts, for errors; "": there is none.
  std::string hosts_parameter{};
  /// The traceparent of each request that is sent, also after a redirect and at a new try; empty,
  /// or with a header of that name: none.
  std::function<std::string()> traceparent{};
  /// Certificates of the authorities to trust (PEM); "": SSL_CERT_FILE, else the system's.
  std::filesystem::path ca_file{};
  /// Also the path of the URL is a secret, as with webhooks: only the host is shown.
  bool secret_url = false;

  /// The value of a header, in any case of its name; nullptr if there is none.
  const std::string* header(std::string_view name) const;
  /// Replaces one of that name in any case.
  void set_header(std::string_view name, std::string_view value);
};

struct ClientResponse {
  int status = 0;
  NameValues headers{};    // names in lower case
  std::string body{};      // with a file: only its first 300 bytes
  std::int64_t bytes = 0;  // of the body
  std::string url{};       // after redirects, as it may be shown

  /// "" if there is none; the last one of several.
  std::string_view header(std::string_view lower_case_name) const;
};

/// One try. A response of any status is a success here. Errors: invalid_argument (URL, scheme,
/// header, too many redirects, a redirect without the body, ca_file), permission_denied (a redirect
/// to where none may lead, a certificate that is not trusted), resource_exhausted (max_bytes),
/// timeout, unavailable (name, connection, TLS), cancelled.
Result<ClientResponse> send(const ClientRequest& request, const std::function<bool()>& cancelled);

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
Result<ClientResponse> send_with_retry(const ClientRequest& request, const RetryRule& rule,
                                       const RetryWorld& world);

/// `url` without user, password and fragment, and with "***" for secret values of its query.
std::string shown_url(std::string_view url);

/// Waits in steps of at most 100 ms, looking at `cancelled` between them.
Status wait_unless_cancelled(Duration duration, const std::function<bool()>& cancelled);

/// Retry-After as a delay from `now`: "120", or a date of RFC 9110, section 5.6.7; never negative.
std::optional<Duration> parse_retry_after(std::string_view text, Time now);

}  // namespace millrace::http
