// HttpServer: HTTP/1.1 over one listening socket, on Boost.Asio; the one server of Millrace.
//
// A connection costs a socket and its buffers, never a thread. Keep-alive and pipelining work; the
// answers of one connection come in the order of its requests. Handlers that may block run on a
// bounded pool of workers, others on the server's own threads. What waits (`Later`) or streams
// (`BodyStream`) holds neither.
//
// With a TlsIdentity it speaks HTTPS (TLS 1.2 and 1.3). A renewed certificate is used from the next
// connection on; plain HTTP on such a port gets an answer that says so.
//
// Every limit has an answer: 431 for a long header, 414 for a long target, 413 for a long body, 503
// with Retry-After when too many requests wait for a worker. A request has an absolute deadline
// from its first byte, each slice of an answer another one; a peer that misses it is cut off.
// Beyond `max_connections` the connection that has been idle for longest goes; only if none is
// idle, the new one is answered with 503.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/result.h"
#include "engine/http/listener.h"
#include "engine/http/message.h"

namespace millrace::http {

class TlsIdentity;

struct HttpConfig {
  std::string host = "127.0.0.1";
  int port = 0;                           // 0: any free one
  std::shared_ptr<Listener> listener{};   // bound already: `host` and `port` are not looked at
  std::shared_ptr<TlsIdentity> tls{};     // nullptr: plain HTTP
  std::vector<std::string> host_names{};  // in lower case, besides localhost and IP addresses
  std::string any_type_below{};           // as in GuardRules
  std::size_t io_threads = 1;             // for sockets and handlers that do not block
  std::size_t workers = 0;                // for handlers that may; 0: none does
  std::size_t max_waiting = 2'048;        // requests that wait for a worker
  std::size_t max_connections = 16'384;   // and at most half the process's file descriptors
  std::size_t max_header_bytes = 16u << 10;
  std::size_t max_target_bytes = 8u << 10;
  std::size_t max_body_bytes = 8u << 20;
  std::chrono::milliseconds idle_timeout{60'000};     // between requests
  std::chrono::milliseconds request_timeout{15'000};  // for a whole request, from its first byte
  std::chrono::milliseconds write_timeout{15'000};    // for each slice of an answer
  std::chrono::milliseconds drain_timeout{1'000};     // stop() waits so long for open requests
  NameValues headers{};                               // of every answer
  bool compress = false;                              // long texts, for those who take it
};

/// One finished request, for metrics and the access log. Valid during the call.
struct HttpAccess {
  std::string_view method{}, path{}, request_id{}, trace_id{};
  int status = 0;
  std::chrono::microseconds took{};
};

struct HttpHandlers {
  /// Thread-safe. An exception becomes a 500 whose text tells nothing of the inside.
  std::function<HttpResponse(const HttpRequest&)> answer;
  /// The answer to a request that never reaches `answer`.
  std::function<HttpResponse(const Refusal&, const HttpRequest&)> refuse;
  /// True: `answer` does not block for this one, and no worker is needed. Empty: for none.
  std::function<bool(const HttpRequest&)> is_quick{};
  std::function<void(const HttpAccess&)> observe{};
};

struct ServerCore;

class HttpServer {
 public:
  /// The clock must outlive it.
  HttpServer(HttpConfig config, const Clock& clock, HttpHandlers handlers);
  ~HttpServer();  // stops
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// Listens and answers on return. `unavailable` if the address is taken or not ours.
  Status start();
  /// Takes no new connection, ends what waits and streams, lets requests that have begun finish for
  /// a bounded time, then closes every socket. May be called twice, and from any thread but the
  /// handler's.
  void stop();
  /// The port in use; 0 before start.
  int port() const;
  std::size_t connections() const;

 private:
  std::shared_ptr<ServerCore> core_;
};

}  // namespace millrace::http
