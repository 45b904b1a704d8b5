#include "engine/api/http.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <set>
#include <thread>

#include "engine/api/connection.h"
#include "engine/api/http_guard.h"
#include "engine/api/problem.h"
#include "engine/base/log.h"

namespace millrace::api {
namespace {

constexpr std::size_t kRequestsPerConnection = 1000;
constexpr int kListenBacklog = 512;
constexpr std::string_view kContentPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src "
    "'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// A fixed number of threads; when all are busy and as many connections wait, accepting waits too.
class BoundedPool final : public httplib::TaskQueue {
 public:
  explicit BoundedPool(std::size_t threads) : capacity_(threads) {
    for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
  }

  void enqueue(std::function<void()> job) override {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return stopping_ || jobs_.size() < capacity_; });
    jobs_.push_back(std::move(job));
    changed_.notify_all();
  }

  void shutdown() override {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    for (auto& thread : threads_) thread.join();
  }

 private:
  void work() {
    for (;;) {
      std::function<void()> job;
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
        if (jobs_.empty()) return;
        job = std::move(jobs_.front());
        jobs_.pop_front();
      }
      changed_.notify_all();
      job();
    }
  }

  const std::size_t capacity_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> jobs_;
  std::vector<std::thread> threads_;
  bool stopping_ = false;
};

/// What is known of the request on this thread, between the callbacks of the library.
struct Exchange {
  HttpRequest request;
  std::optional<Problem> refusal;
  Connection* connection = nullptr;
  bool understood = false;  // the header is whole and well formed
  std::chrono::steady_clock::time_point start;
};
thread_local Exchange t_exchange;

/// cpp-httplib's server on our Connection.
class Server final : public httplib::Server {
 public:
  using Prepare = std::function<void(httplib::Request&, Connection&)>;

  Server(const HttpConfig& config, Prepare prepare)
      : config_(config), prepare_(std::move(prepare)) {}

  bool bind() {
    const bool bound = config_.port == 0 ? (port_ = bind_to_any_port(config_.host)) > 0
                                         : bind_to_port(config_.host, port_ = config_.port);
    return bound && ::listen(svr_sock_, kListenBacklog) == 0;
  }
  int port() const { return port_; }

  void wake_idle() {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    for (auto* connection : idle_) connection->wake();
  }
  bool stopping() const { return stopping_; }

 private:
  bool process_and_close_socket(socket_t socket) override {
    Connection connection(socket, config_);
    for (std::size_t left = kRequestsPerConnection; left > 0 && wait_idle(connection); --left) {
      connection.begin_request();
      t_exchange = Exchange{};
      t_exchange.connection = &connection;
      bool closed = false;
      const bool ok =
          process_request(connection, left == 1 || stopping_, closed,
                          [&](httplib::Request& request) { prepare_(request, connection); });
      // Where the header was not understood, nobody knows where the next request begins.
      if (!ok || closed || connection.closing() || !t_exchange.understood) break;
    }
    connection.linger();
    return true;
  }

  bool wait_idle(Connection& connection) {
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return false;
      idle_.insert(&connection);
    }
    const bool ready = connection.wait_for_request();
    const std::lock_guard lock(mutex_);
    idle_.erase(&connection);
    return ready && !stopping_;
  }

  const HttpConfig& config_;
  Prepare prepare_;
  int port_ = 0;
  std::mutex mutex_;
  std::set<Connection*> idle_;
  std::atomic<bool> stopping_{false};
};

class SinkStream final : public HttpStream {
 public:
  SinkStream(httplib::DataSink& sink, const Connection& connection, const Server& server)
      : sink_(sink), connection_(connection), server_(server) {}
  bool write(std::string_view text) override {
    good_ = open() && sink_.write(text.data(), text.size());
    return good_;
  }
  bool open() const override { return good_ && !server_.stopping() && connection_.peer_is_there(); }
  bool good() const { return good_; }

 private:
  httplib::DataSink& sink_;
  const Connection& connection_;
  const Server& server_;
  bool good_ = true;
};

void add_security_headers(httplib::Response& response) {
  response.set_header("X-Content-Type-Options", "nosniff");
  response.set_header("X-Frame-Options", "DENY");
  response.set_header("Referrer-Policy", "no-referrer");
  response.set_header("Cross-Origin-Resource-Policy", "same-origin");
  response.set_header("Cross-Origin-Opener-Policy", "same-origin");
  response.set_header("Content-Security-Policy", std::string(kContentPolicy));
}

std::string refusal_text(int status) {
  switch (status) {
    case 400:
      return "The request could not be understood as HTTP/1.1.";
    case 413:
      return "The body is too long.";
    case 414:
      return "The address is longer than 8192 bytes.";
    default:
      return std::string(reason_of(status)) + ".";
  }
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string percent_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
    if (low >= 0) {
      out += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string percent_encode(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("-._~").find(c) != std::string_view::npos;
    if (plain) {
      out += c;
    } else {
      out += '%';
      out += digits[byte >> 4];
      out += digits[byte & 15];
    }
  }
  return out;
}

NameValues parse_query(std::string_view text) {
  NameValues values;
  const auto decode = [](std::string_view part) {
    std::string spaced(part);
    for (char& c : spaced)
      if (c == '+') c = ' ';
    return percent_decode(spaced);
  };
  while (!text.empty()) {
    const auto pair = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(text.size(), pair.size() + 1));
    if (pair.empty()) continue;
    const auto equals = pair.find('=');
    values.emplace_back(decode(pair.substr(0, equals)), equals == std::string_view::npos
                                                            ? std::string()
                                                            : decode(pair.substr(equals + 1)));
  }
  return values;
}

std::string_view HttpRequest::header(std::string_view name) const {
  for (const auto& [known, value] : headers)
    if (known == name) return value;
  return {};
}

struct HttpServer::State {
  State(HttpConfig given, const Clock& given_clock, Handler given_handler, Observer given_observer)
      : config(std::move(given)),
        clock(given_clock),
        handler(std::move(given_handler)),
        observer(std::move(given_observer)),
        server(config, [this](httplib::Request& request, Connection& c) { prepare(request, c); }) {
    configure();
  }

  void configure();
  void prepare(httplib::Request& request, Connection& connection);
  HttpResponse answer(const HttpRequest& request);
  void send(HttpResponse&& response, httplib::Response& out, bool head);
  void finish(const httplib::Request& request, httplib::Response& out);
  std::string next_request_id();

  const HttpConfig config;
  const Clock& clock;
  Handler handler;
  Observer observer;
  Server server;
  std::thread thread;
  std::mutex mutex;
  bool started = false, stopped = false;
  std::atomic<std::uint64_t> requests{0};
};

void HttpServer::State::configure() {
  const auto handle = [this](const httplib::Request& request, httplib::Response& out) {
    t_exchange.request.body = request.body;
    send(answer(t_exchange.request), out, request.method == "HEAD");
  };
  server.Get("/", handle);
  server.Post("/", handle);
  server.Put("/", handle);
  server.Patch("/", handle);
  server.Delete("/", handle);
  server.Options("/", handle);
  server.set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& out) {
    if (!t_exchange.refusal) return httplib::Server::HandlerResponse::Unhandled;
    send(respond(*t_exchange.refusal, t_exchange.request), out, request.method == "HEAD");
    return httplib::Server::HandlerResponse::Handled;
  });
  // The library's own refusals (a broken request line, a body cut short) have no body yet.
  server.set_error_handler([this](const httplib::Request&, httplib::Response& out) {
    if (!out.body.empty() || out.is_chunked_content_provider_) return;
    auto status = out.status;
    if (t_exchange.connection != nullptr && t_exchange.connection->header_too_long()) status = 431;
    if (!t_exchange.understood) out.set_header("Connection", "close");
    send(respond(Problem::make(status, "invalid_argument", refusal_text(status)),
                 t_exchange.request),
         out, false);
  });
  server.set_logger([this](const httplib::Request& request, const httplib::Response& out) {
    finish(request, const_cast<httplib::Response&>(out));
  });
  server.new_task_queue = [this] { return new BoundedPool(config.threads); };
  server.set_tcp_nodelay(true);
  server.set_payload_max_length(config.max_body_bytes);
  // Not SO_REUSEPORT, the library's default: a second engine on the same port must be refused, not
  // mixed in.
  server.set_socket_options([](socket_t socket) {
    const int yes = 1;
    ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  });
}

std::string HttpServer::State::next_request_id() {
  return "r" + std::to_string(to_micros(clock.now())) + "-" + std::to_string(++requests);
}

/// Called by the library once the header is read, before anything else.
void HttpServer::State::prepare(httplib::Request& request, Connection& connection) {
  t_exchange.start = clock.steady();
  t_exchange.understood = true;
  auto& ours = t_exchange.request;
  ours.method = request.method == "HEAD" ? "GET" : request.method;
  const std::string_view target = request.target;
  const auto question = target.find('?');
  ours.path = target.substr(0, question);
  if (question != std::string_view::npos) ours.query = parse_query(target.substr(question + 1));
  for (const auto& [name, value] : request.headers) {
    std::string lower = name;
    for (char& c : lower) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
    if (lower != "remote_addr" && lower != "remote_port" && lower != "local_addr" &&
        lower != "local_port")
      ours.headers.emplace_back(std::move(lower), value);
  }
  const auto given_id = ours.header("x-request-id");
  ours.request_id = is_request_id(given_id) ? std::string(given_id) : next_request_id();
  ours.trace_id = trace_id_of(ours.header("traceparent"));

  t_exchange.refusal = refuse(ours, config);
  if (t_exchange.refusal) {
    connection.close_after_response();
    request.set_header("Connection", "close");
  }
  // One route for all paths: ours are matched on the raw target. Byte ranges are not offered. A
  // request without a length has no body (RFC 9112, 6.3); the library would read until the peer
  // closes.
  request.path = "/";
  request.ranges.clear();
  if (!request.has_header("Content-Length")) request.set_header("Content-Length", "0");
}

HttpResponse HttpServer::State::answer(const HttpRequest& request) {
  std::string what;
  try {
    return handler(request);
  } catch (const std::exception& e) {
    what = e.what();
  } catch (...) {
    what = "something that is no std::exception";
  }
  log::error("a request's handler threw", {{"what", what},
                                           {"method", request.method},
                                           {"path", request.path},
                                           {"request_id", request.request_id}});
  return respond(Problem::of(internal_error(what)), request);
}

void HttpServer::State::send(HttpResponse&& response, httplib::Response& out, bool head) {
  out.status = response.status;
  add_security_headers(out);
  out.set_header("X-Request-Id", t_exchange.request.request_id);
  bool cached = false;
  for (const auto& [name, value] : response.headers) {
    cached = cached || name == "Cache-Control";
    out.set_header(name, value);
  }
  if (!cached) out.set_header("Cache-Control", "no-store");
  if (!response.stream || head) {
    if (response.status != 304 && response.status != 204)
      out.set_content(response.body, response.content_type);
    return;
  }
  const Connection& connection = *t_exchange.connection;
  t_exchange.connection->close_after_response();
  out.set_chunked_content_provider(
      response.content_type, [this, &connection, stream = std::move(response.stream)](
                                 std::size_t, httplib::DataSink& sink) {
        SinkStream to(sink, connection, server);
        try {
          stream(to);
        } catch (const std::exception& e) {
          log::error("a stream ended by an exception", {{"what", e.what()}});
        }
        if (to.good()) sink.done();
        return to.good();
      });
}

void HttpServer::State::finish(const httplib::Request& request, httplib::Response& out) {
  const auto& ours = t_exchange.request;
  const auto took =
      std::chrono::duration_cast<std::chrono::microseconds>(clock.steady() - t_exchange.start);
  if (observer)
    observer({.method = request.method, .path = ours.path, .status = out.status, .took = took});
  const Json path = ours.path.substr(0, 500);
  const double ms = static_cast<double>(took.count()) / 1000;
  const auto write = out.status >= 500      ? log::warning
                     : out.status >= 400    ? log::info
                     : ours.method == "GET" ? log::debug
                                            : log::info;
  write("http", {{"method", request.method},
                 {"path", path},
                 {"status", out.status},
                 {"ms", ms},
                 {"request_id", ours.request_id},
                 {"trace", ours.trace_id}});
}

HttpServer::HttpServer(HttpConfig config, const Clock& clock, Handler handler, Observer observer)
    : state_(std::make_unique<State>(std::move(config), clock, std::move(handler),
                                     std::move(observer))) {}

HttpServer::~HttpServer() { stop(); }

Status HttpServer::start() {
  const std::lock_guard lock(state_->mutex);
  if (state_->started) return conflict("the HTTP server was started already");
  if (!state_->server.bind())
    return unavailable(
        "cannot listen on " + state_->config.host + ":" + std::to_string(state_->config.port) +
        ": the port is taken or the address is not of this machine; choose another with --listen");
  state_->started = true;
  state_->thread = std::thread([this] { state_->server.listen_after_bind(); });
  while (!state_->server.is_running()) std::this_thread::yield();
  return {};
}

void HttpServer::stop() {
  const std::lock_guard lock(state_->mutex);
  if (!state_->started || state_->stopped) return;
  state_->stopped = true;
  state_->server.wake_idle();
  state_->server.stop();
  state_->thread.join();
}

int HttpServer::port() const { return state_->started ? state_->server.port() : 0; }

}  // namespace millrace::api
