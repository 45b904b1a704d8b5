// ApiClient: the command line's way to a running engine: small JSON requests over HTTP.
// Thread-safe.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/json.h"
#include "engine/base/result.h"
#include "engine/http/client.h"

namespace millrace {

class ApiClient {
 public:
  /// `base`: "http://127.0.0.1:8793". `ca_file`: authorities to trust for an address with https;
  /// "": those of SSL_CERT_FILE or the system.
  explicit ApiClient(std::string base, std::filesystem::path ca_file = {})
      : base_(std::move(base)), ca_file_(std::move(ca_file)) {}

  /// Of each try from now on; 60 s at first.
  void limit_time(Duration timeout) { timeout_ = timeout; }

  /// `cancelled` is asked again and again while the answer is awaited.
  Result<Json> get(std::string_view path, bool (*cancelled)() = never) const;
  /// The body as it is, with the headers.
  Result<http::ClientResponse> get_text(std::string_view path, bool (*cancelled)() = never) const;
  /// The items of a list, of all its pages: follows each `Link` to the next one.
  Result<Json> get_list(std::string path) const;
  Result<Json> post(std::string_view path, const Json& body,
                    const std::vector<std::pair<std::string, std::string>>& headers = {}) const;

 private:
  static bool never() { return false; }
  Result<http::ClientResponse> send(std::string_view method, std::string_view path,
                                    std::string body,
                                    std::vector<std::pair<std::string, std::string>> headers,
                                    bool (*cancelled)() = never) const;
  std::string base_;
  std::filesystem::path ca_file_;
  Duration timeout_ = http::ClientRequest{}.timeout;
};

/// Where a header `Link` (RFC 8288) says that the next page is; "" if it does not.
std::string next_link(std::string_view header);

}  // namespace millrace
