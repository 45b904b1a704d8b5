// HttpServer: a small HTTP/1.1 server on Boost.Asio, for the model server.
//
// Connections share a few threads; none has a thread of its own. Keep-alive and pipelining work;
// the answers of one connection come in the order of its requests. Every limit has an answer: 431
// for a long header, 413 for a long body, 503 beyond `max_connections`, and a peer that has not
// sent its whole request, or taken its answer, within `io_timeout` is cut off.
//
// The handler runs on the server's threads, several at a time: it must be thread-safe and must not
// block. What it throws becomes a 500.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/result.h"

namespace millrace::serve {

/// Views are valid while the handler runs.
struct HttpRequest {
  std::string_view method;            // upper case, e.g. "POST"
  std::string path;                   // decoded, without the query
  std::vector<std::string> segments;  // of the path, split at '/', then decoded
  std::vector<std::pair<std::string, std::string>> query;
  std::vector<std::pair<std::string_view, std::string_view>> headers;
  std::string_view body;

  /// The first header of that name (in any case), or "".
  std::string_view header(std::string_view name) const;
  /// The first query parameter of that name, or "".
  std::string_view query_value(std::string_view name) const;
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers = {};
};

using HttpHandler = std::function<HttpResponse(const HttpRequest&)>;

/// "/v2/models/a%20b?x=1" into path, segments and query; an error for a malformed escape, a NUL, or
/// a target that does not begin with '/'.
Status split_target(std::string_view target, HttpRequest& request);

struct HttpLimits {
  std::size_t max_header_bytes = 16u << 10;
  std::size_t max_body_bytes = 8u << 20;
  std::size_t max_connections = 1024;
  std::chrono::milliseconds io_timeout{30'000};    // idle, reading one request, writing one answer
  std::chrono::milliseconds drain_timeout{5'000};  // stop() waits so long for open requests
};

struct HttpServerConfig {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;  // 0: any free one
  int threads = 2;
  HttpLimits limits = {};
};

struct HttpCore;

class HttpServer {
 public:
  HttpServer(HttpServerConfig config, HttpHandler handler);
  /// Stops.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// Binds and begins to answer. Call once.
  Status start();
  /// Takes no new connection, finishes the requests that have begun, then closes. Safe to repeat.
  void stop();
  /// The port bound by start().
  std::uint16_t port() const;
  std::size_t connections() const;

 private:
  std::shared_ptr<HttpCore> core_;
};

}  // namespace millrace::serve
