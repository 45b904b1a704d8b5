#include "engine/serve/http_server.h"

#include <atomic>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>

#include "engine/base/json.h"
#include "engine/base/log.h"

namespace millrace::serve {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using boost::system::error_code;

/// What a request that never reaches the handler is told.
HttpResponse refusal(int status, std::string_view message) {
  std::string body = R"({"error":)";
  append_json_string(body, message);
  body += '}';
  return {.status = status, .body = std::move(body)};
}

constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
constexpr std::string_view kFull =
    "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nRetry-After: 1\r\n"
    "Connection: close\r\nContent-Length: 32\r\n\r\n{\"error\":\"too many connections\"}";
static_assert(std::string_view("{\"error\":\"too many connections\"}").size() == 32);

}  // namespace

class Session;

/// What the connections share. Lives until the last of them is gone.
struct HttpCore : std::enable_shared_from_this<HttpCore> {
  HttpCore(HttpServerConfig config_, HttpHandler handler_)
      : config(std::move(config_)),
        handler(std::move(handler_)),
        acceptor(asio::make_strand(context)),
        retry_timer(acceptor.get_executor()) {}

  Status start();
  void stop();
  void accept();
  void admit(tcp::socket socket);
  void leave(const Session* session);
  std::vector<std::shared_ptr<Session>> sessions();

  const HttpServerConfig config;
  const HttpHandler handler;
  asio::io_context context;
  tcp::acceptor acceptor;
  asio::steady_timer retry_timer;
  std::optional<asio::executor_work_guard<asio::io_context::executor_type>> work;
  std::vector<std::thread> threads;
  std::uint16_t port = 0;
  std::atomic<bool> draining{false};

  std::mutex mutex;
  std::condition_variable changed;
  std::unordered_map<const Session*, std::weak_ptr<Session>> open;
  bool stopped = false;
};

/// One connection. Runs on its own strand; keeps itself alive by the operation under way.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(tcp::socket socket, std::shared_ptr<HttpCore> core)
      : stream_(std::move(socket)), core_(std::move(core)) {}
  ~Session() { core_->leave(this); }

  void run() {
    asio::dispatch(stream_.get_executor(), [self = shared_from_this()] { self->read_header(); });
  }

  /// Closes if no request has begun; one that has begun is answered first.
  void drain() {
    asio::post(stream_.get_executor(), [self = shared_from_this()] {
      if (self->between_requests()) self->close();
    });
  }
  void abort() {
    asio::post(stream_.get_executor(), [self = shared_from_this()] { self->close(); });
  }

 private:
  bool between_requests() const { return waiting_ && buffer_.size() == 0 && !parser_->got_some(); }

  void read_header() {
    const auto& limits = core_->config.limits;
    response_.reset();
    parser_.emplace();
    parser_->header_limit(static_cast<std::uint32_t>(limits.max_header_bytes));
    parser_->body_limit(limits.max_body_bytes);
    waiting_ = true;
    if (core_->draining && between_requests()) return close();
    stream_.expires_after(limits.io_timeout);
    http::async_read_header(stream_, buffer_, *parser_,
                            beast::bind_front_handler(&Session::on_header, shared_from_this()));
  }

  void on_header(error_code error, std::size_t) {
    waiting_ = false;
    if (error) return on_read_error(error);
    if (!parser_->is_done() && beast::iequals(parser_->get()[http::field::expect], "100-continue"))
      return asio::async_write(
          stream_, asio::buffer(kContinue),
          beast::bind_front_handler(&Session::on_continue, shared_from_this()));
    read_body();
  }

  void on_continue(error_code error, std::size_t) {
    if (error) return close();
    read_body();
  }

  void read_body() {
    // The whole request is mostly in the buffer already: then it needs no further trip.
    error_code error;
    parser_->eager(true);
    while (!parser_->is_done() && buffer_.size() > 0) {
      const std::size_t used = parser_->put(buffer_.data(), error);
      buffer_.consume(used);
      if (error == http::error::need_more) error = {};
      if (error) return on_read_error(error);
      if (used == 0) break;
    }
    if (parser_->is_done()) return answer();
    http::async_read(stream_, buffer_, *parser_,
                     beast::bind_front_handler(&Session::on_body, shared_from_this()));
  }

  void on_body(error_code error, std::size_t) {
    if (error) return on_read_error(error);
    answer();
  }

  void on_read_error(error_code error) {
    if (error == http::error::end_of_stream || error == http::error::partial_message)
      return close();
    const auto& limits = core_->config.limits;
    if (error == http::error::body_limit)
      return refuse(413,
                    "the body is longer than " + std::to_string(limits.max_body_bytes) + " bytes");
    if (error == http::error::header_limit || error == http::error::buffer_overflow)
      return refuse(
          431, "the header is longer than " + std::to_string(limits.max_header_bytes) + " bytes");
    if (error.category() == http::make_error_code(http::error::bad_method).category())
      return refuse(400, "not an HTTP/1.1 request: " + error.message());
    close();  // the peer is gone, or too slow
  }

  void refuse(int status, std::string_view message) {
    send(refusal(status, message), /*keep_alive=*/false);
  }

  void answer() {
    const auto& message = parser_->get();
    HttpResponse answer = handle(message);
    send(std::move(answer), message.keep_alive() && !core_->draining);
  }

  HttpResponse handle(const http::request<http::string_body>& message) {
    HttpRequest request;
    const auto view = [](auto text) { return std::string_view(text.data(), text.size()); };
    request.method = view(message.method_string());
    request.body = message.body();
    if (auto split = split_target(view(message.target()), request); !split)
      return refusal(400, split.error().message);
    request.headers.reserve(8);
    for (const auto& field : message)
      request.headers.emplace_back(view(field.name_string()), view(field.value()));
    try {
      return core_->handler(request);
    } catch (const std::exception& error) {
      log::error("request failed", {{"path", request.path}, {"error", error.what()}});
      return refusal(500, "internal error");
    }
  }

  void send(HttpResponse answer, bool keep_alive) {
    const bool head = parser_->is_header_done() && parser_->get().method() == http::verb::head;
    auto& message = response_.emplace();
    message.result(static_cast<unsigned>(answer.status));
    message.version(parser_->is_header_done() ? parser_->get().version() : 11);
    if (!answer.content_type.empty()) message.set(http::field::content_type, answer.content_type);
    for (const auto& [name, value] : answer.headers) message.set(name, value);
    message.keep_alive(keep_alive);
    message.content_length(answer.body.size());
    if (!head) message.body() = std::move(answer.body);
    stream_.expires_after(core_->config.limits.io_timeout);
    serializer_.emplace(message);
    serializer_->split(false);
    const auto done = [self = shared_from_this(), keep_alive](error_code error, std::size_t) {
      self->on_sent(error, keep_alive);
    };
    if (head)
      http::async_write_header(stream_, *serializer_, done);
    else
      http::async_write(stream_, *serializer_, done);
  }

  void on_sent(error_code error, bool keep_alive) {
    if (error) return close();
    if (!keep_alive) return linger();
    read_header();
  }

  /// Closes without cutting off the answer: a socket closed with unread input is reset, and the
  /// peer could lose what we said. Reads a little more, at most for a moment.
  void linger() {
    error_code ignored;
    stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
    if (buffer_.size() >= kLingerBytes) return close();
    stream_.expires_after(std::chrono::seconds(1));
    stream_.async_read_some(buffer_.prepare(16 * 1024),
                            [self = shared_from_this()](error_code failed, std::size_t bytes) {
                              self->buffer_.commit(bytes);
                              if (failed) return self->close();
                              self->linger();
                            });
  }

  void close() {
    error_code ignored;
    stream_.socket().shutdown(tcp::socket::shutdown_both, ignored);
    stream_.close();
  }

  static constexpr std::size_t kLingerBytes = 256 * 1024;

  beast::tcp_stream stream_;
  std::shared_ptr<HttpCore> core_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  std::optional<http::response<http::string_body>> response_;
  std::optional<http::response_serializer<http::string_body>> serializer_;
  bool waiting_ = false;  // for a request to begin or its header to end
};

Status HttpCore::start() {
  error_code error;
  const auto address = asio::ip::make_address(config.address, error);
  if (error)
    return invalid_argument("'" + config.address + "' is not an IP address; try 127.0.0.1");
  const tcp::endpoint endpoint(address, config.port);
  const auto failed = [&](std::string_view what) {
    return unavailable("cannot " + std::string(what) + " " + config.address + ":" +
                       std::to_string(config.port) + ": " + error.message());
  };
  if (acceptor.open(endpoint.protocol(), error); error) return failed("open a socket for");
  if (acceptor.set_option(tcp::acceptor::reuse_address(true), error); error) return failed("reuse");
  if (acceptor.bind(endpoint, error); error) return failed("bind");
  if (acceptor.listen(asio::socket_base::max_listen_connections, error); error)
    return failed("listen on");
  port = acceptor.local_endpoint(error).port();
  work.emplace(context.get_executor());
  asio::dispatch(acceptor.get_executor(), [self = shared_from_this()] { self->accept(); });
  for (int i = 0; i < std::max(1, config.threads); ++i)
    threads.emplace_back([this] { context.run(); });
  return {};
}

void HttpCore::accept() {
  acceptor.async_accept(
      asio::make_strand(context),
      asio::bind_executor(acceptor.get_executor(), [self = shared_from_this()](error_code error,
                                                                               tcp::socket socket) {
        if (!self->acceptor.is_open()) return;
        if (!error) {
          self->admit(std::move(socket));
          return self->accept();
        }
        // Out of file descriptors, mostly: try again when some connections may have ended.
        log::warning("cannot accept a connection", {{"error", error.message()}});
        self->retry_timer.expires_after(std::chrono::milliseconds(100));
        self->retry_timer.async_wait([self](error_code cancelled) {
          if (!cancelled) self->accept();
        });
      }));
}

void HttpCore::admit(tcp::socket socket) {
  error_code ignored;
  socket.set_option(tcp::no_delay(true), ignored);
  std::shared_ptr<Session> session;
  {
    const std::lock_guard lock(mutex);
    if (open.size() >= config.limits.max_connections) {
      socket.non_blocking(true, ignored);
      socket.write_some(asio::buffer(kFull), ignored);
      return;
    }
    session = std::make_shared<Session>(std::move(socket), shared_from_this());
    open.emplace(session.get(), session);
  }
  session->run();
}

void HttpCore::leave(const Session* session) {
  const std::lock_guard lock(mutex);
  open.erase(session);
  changed.notify_all();
}

std::vector<std::shared_ptr<Session>> HttpCore::sessions() {
  std::vector<std::shared_ptr<Session>> out;
  const std::lock_guard lock(mutex);
  for (const auto& [key, weak] : open)
    if (auto session = weak.lock()) out.push_back(std::move(session));
  return out;
}

void HttpCore::stop() {
  {
    const std::lock_guard lock(mutex);
    if (stopped || threads.empty()) return;
    stopped = true;
  }
  draining = true;
  asio::post(acceptor.get_executor(), [self = shared_from_this()] {
    error_code ignored;
    self->acceptor.close(ignored);
    self->retry_timer.cancel();
  });
  for (const auto& session : sessions()) session->drain();
  const auto all_gone = [this] { return open.empty(); };
  {
    std::unique_lock lock(mutex);
    changed.wait_for(lock, config.limits.drain_timeout, all_gone);
  }
  for (const auto& session : sessions()) session->abort();
  {
    std::unique_lock lock(mutex);
    changed.wait_for(lock, std::chrono::seconds(1), all_gone);
  }
  work.reset();  // the threads end with the last operation
  for (auto& thread : threads) thread.join();
}

HttpServer::HttpServer(HttpServerConfig config, HttpHandler handler)
    : core_(std::make_shared<HttpCore>(std::move(config), std::move(handler))) {}
HttpServer::~HttpServer() { stop(); }
Status HttpServer::start() { return core_->start(); }
void HttpServer::stop() { core_->stop(); }
std::uint16_t HttpServer::port() const { return core_->port; }
std::size_t HttpServer::connections() const {
  const std::lock_guard lock(core_->mutex);
  return core_->open.size();
}

}  // namespace millrace::serve
