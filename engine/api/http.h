// HttpServer: HTTP/1.1 over one listening socket, loopback unless told otherwise, with everything
// bounded: threads, connections waiting for one, header and body bytes, idle and transfer times. It
// knows no endpoint: each request that its guard lets through (engine/api/http_guard.h) goes to one
// handler.
//
// The handler is called from several threads at once. An exception that it throws becomes a problem
// 500 whose text tells nothing of the inside. `stop` lets requests under way finish and ends
// streams.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/result.h"

namespace millrace::api {

using NameValues = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
  std::string method;  // upper case; HEAD arrives as GET
  std::string path;    // raw, as sent: still percent-encoded
  NameValues query;    // decoded, in the order sent
  NameValues headers;  // names in lower case
  std::string body;
  std::string request_id;
  std::string trace_id;  // of a valid traceparent; else ""

  /// The first header of that lower-case name, or "".
  std::string_view header(std::string_view name) const;
};

/// Where a streamed response is written to. Used by one thread.
class HttpStream {
 public:
  virtual ~HttpStream() = default;
  /// False once the client is gone or the server stops: then end.
  virtual bool write(std::string_view text) = 0;
  /// The same question without writing.
  virtual bool open() const = 0;
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::string body{};
  NameValues headers{};
  /// If set, called instead of sending `body`; the response ends when it returns.
  std::function<void(HttpStream&)> stream{};
};

struct HttpConfig {
  std::string host = "127.0.0.1";
  int port = 0;              // 0: any free one
  std::size_t threads = 64;  // connections served at one time
  std::size_t max_body_bytes = 8u << 20;
  std::size_t max_header_bytes = 32u << 10;
  std::vector<std::string>
      host_names{};  // names besides localhost and IP addresses that this server answers to
  std::chrono::milliseconds read_timeout{15'000};
  std::chrono::milliseconds write_timeout{15'000};
  std::chrono::milliseconds idle_timeout{10'000};
};

/// One finished request, for metrics and the access log.
struct HttpAccess {
  std::string_view method{}, path{};
  int status = 0;
  std::chrono::microseconds took{};
};

class HttpServer {
 public:
  using Handler = std::function<HttpResponse(const HttpRequest&)>;
  using Observer = std::function<void(const HttpAccess&)>;

  HttpServer(HttpConfig config, const Clock& clock, Handler handler, Observer observer = {});
  ~HttpServer();  // stops
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// Listens on return. `unavailable` if the address is taken or not ours.
  Status start();
  /// May be called twice, and from any thread but the handler's.
  void stop();
  /// The port in use; 0 before start.
  int port() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// "a=1&b=%20" decoded; `+` is a space. A broken percent code stays as it is.
NameValues parse_query(std::string_view text);
std::string percent_decode(std::string_view text);
/// All but letters, digits and "-._~" percent-encoded.
std::string percent_encode(std::string_view text);

}  // namespace millrace::api
