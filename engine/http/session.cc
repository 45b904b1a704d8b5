#include "engine/http/session.h"

#include <poll.h>

#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/read.hpp>

#include "engine/base/log.h"
#include "engine/base/trace_context.h"
#include "engine/http/target.h"

namespace millrace::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;

/// How long a peer that has gone may go unnoticed while its response waits.
constexpr std::chrono::seconds kEndLook{1};
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

std::string_view view(boost::beast::string_view text) { return {text.data(), text.size()}; }

}  // namespace

Session::Session(tcp::socket socket, std::shared_ptr<asio::ssl::context> tls,
                 std::shared_ptr<ServerCore> core)
    : stream_(std::move(socket), std::move(tls)),
      timer_(stream_.get_executor()),
      peer_timer_(stream_.get_executor()),
      core_(std::move(core)) {}

Session::~Session() { core_->leave(this); }

void Session::run() {
  asio::post(stream_.get_executor(), [self = shared_from_this()] {
    if (self->stream_.is_tls()) return self->begin_handshake();
    self->next_request();
  });
}

/// Until it is done the connection counts as one that waits for its peer: it may be evicted, and
/// has as much time as a request.
void Session::begin_handshake() {
  if (core_->draining) return close();
  core_->begin_waiting(this);
  began_ = core_->clock.steady();
  stream_.tcp().expires_after(core_->config.request_timeout);
  stream_.tcp().async_read_some(buffer_.prepare(kReadBytes),
                                [self = shared_from_this()](Error error, std::size_t bytes) {
                                  if (error) return self->close();
                                  self->on_hello(bytes);
                                });
}

/// The first bytes tell whether the peer speaks TLS.
void Session::on_hello(std::size_t bytes) {
  constexpr char kHandshakeRecord = 22;
  buffer_.commit(bytes);
  const char first = *static_cast<const char*>(buffer_.data().data());
  if (first >= 'A' && first <= 'Z') {
    stream_.give_up_tls();
    request_.request_id = core_->next_request_id();
    return refuse(
        {400, "invalid_argument", "This port speaks HTTPS: write https:// instead of http://."});
  }
  if (first != kHandshakeRecord) return close();
  stream_.tls().async_handshake(asio::ssl::stream_base::server, buffer_.data(),
                                [self = shared_from_this()](Error error, std::size_t used) {
                                  if (error || used < self->buffer_.size()) return self->close();
                                  self->buffer_.consume(used);
                                  self->next_request();
                                });
}

void Session::drain() {
  asio::post(stream_.get_executor(), [self = shared_from_this()] {
    if (self->state_ == State::idle || self->state_ == State::reading ||
        self->state_ == State::lingering)
      return self->close();
    if (self->state_ == State::parked) self->look(/*over=*/true);
    if (self->state_ == State::streaming) {
      self->over_ = true;
      self->ask_stream();
    }
  });
}

void Session::evict() {
  asio::post(stream_.get_executor(), [self = shared_from_this()] {
    if (self->state_ == State::idle || self->state_ == State::reading) self->close();
  });
}

void Session::abort() {
  asio::post(stream_.get_executor(), [self = shared_from_this()] { self->close(); });
}

void Session::next_request() {
  if (core_->draining) return close();
  parser_.reset();
  request_ = {};
  status_ = 0;
  keep_alive_ = is_head_ = http_1_0_ = over_ = false;
  core_->begin_waiting(this);
  if (buffer_.size() > 0) return read_header();
  state_ = State::idle;
  stream_.tcp().expires_after(core_->config.idle_timeout);
  stream_.async_read_some(buffer_.prepare(kReadBytes),
                          [self = shared_from_this()](Error error, std::size_t bytes) {
                            if (error) return self->close();
                            self->buffer_.commit(bytes);
                            self->read_header();
                          });
}

void Session::read_header() {
  const auto& config = core_->config;
  state_ = State::reading;
  began_ = core_->clock.steady();
  parser_.emplace();
  parser_->header_limit(static_cast<std::uint32_t>(config.max_header_bytes));
  parser_->body_limit(config.max_body_bytes);
  stream_.tcp().expires_after(config.request_timeout);  // until the whole request is there
  beast::http::async_read_header(
      stream_, buffer_, *parser_,
      [self = shared_from_this()](Error error, std::size_t) { self->on_header(error); });
}

void Session::on_header(Error error) {
  if (error) return on_read_error(error);
  if (!take_header()) return;
  const auto& message = parser_->get();
  if (!parser_->is_done() && beast::iequals(message[beast::http::field::expect], "100-continue"))
    return asio::async_write(
        stream_, asio::buffer(kContinue),
        [self = shared_from_this()](Error failed, std::size_t) { self->on_continue(failed); });
  read_body();
}

void Session::on_continue(Error error) {
  if (error) return close();
  read_body();
}

/// Into `request_`; false if it was refused.
bool Session::take_header() {
  const auto& message = parser_->get();
  is_head_ = message.method() == beast::http::verb::head;
  http_1_0_ = message.version() < 11;
  keep_alive_ = message.keep_alive();
  request_.method = is_head_ ? "GET" : std::string(view(message.method_string()));
  request_.headers.reserve(12);
  for (const auto& field : message)
    request_.headers.emplace_back(in_lower_case(view(field.name_string())),
                                  std::string(view(field.value())));
  const auto given_id = request_.header("x-request-id");
  request_.request_id = is_request_id(given_id) ? std::string(given_id) : core_->next_request_id();
  request_.trace_id = trace_id_of_request(request_.headers);
  const auto target = view(message.target());
  request_.path = std::string(target.substr(0, target.find('?')));
  if (message.version() != 10 && message.version() != 11) {
    refuse({505, "unsupported", "The server speaks HTTP/1.1."});
    return false;
  }
  if (target.size() > core_->config.max_target_bytes) {
    refuse({414, "invalid_argument",
            "The address is longer than " + std::to_string(core_->config.max_target_bytes) +
                " bytes."});
    return false;
  }
  if (auto refused = http::refuse(request_, core_->rules, message.version())) {
    refuse(*refused);
    return false;
  }
  if (const auto split = split_target(target, request_); !split) {
    refuse({400, "invalid_argument", split.error().message});
    return false;
  }
  return true;
}

void Session::read_body() {
  // The whole request is mostly in the buffer already: then it needs no further trip.
  Error error;
  parser_->eager(true);
  while (!parser_->is_done() && buffer_.size() > 0) {
    const std::size_t used = parser_->put(buffer_.data(), error);
    buffer_.consume(used);
    if (error == beast::http::error::need_more) error = {};
    if (error) return on_read_error(error);
    if (used == 0) break;
  }
  if (parser_->is_done()) return dispatch();
  beast::http::async_read(
      stream_, buffer_, *parser_,
      [self = shared_from_this()](Error failed, std::size_t) { self->on_body(failed); });
}

void Session::on_body(Error error) {
  if (error) return on_read_error(error);
  dispatch();
}

void Session::on_read_error(Error error) {
  using Cause = beast::http::error;
  if (state_ == State::closed || error == Cause::end_of_stream || error == Cause::partial_message)
    return close();
  const auto& config = core_->config;
  if (error == Cause::body_limit)
    return refuse({413, "resource_exhausted",
                   "The body is too long; at most " + std::to_string(config.max_body_bytes) +
                       " bytes are taken."});
  if (error == Cause::header_limit || error == Cause::buffer_overflow)
    return refuse(
        {431, "resource_exhausted",
         "The header is longer than " + std::to_string(config.max_header_bytes) + " bytes."});
  if (error.category() == beast::http::make_error_code(Cause::bad_method).category())
    return refuse({400, "invalid_argument",
                   "The request could not be understood as HTTP/1.1: " + error.message() + "."});
  close();  // the peer is gone, or too slow
}

/// After this nothing more is read from the connection: it is not known where the next request
/// begins.
void Session::refuse(const Refusal& refusal) {
  keep_alive_ = false;
  core_->end_waiting(this);
  send(core_->refusal(refusal, request_));
}

void Session::dispatch() {
  core_->end_waiting(this);
  state_ = State::handling;
  stream_.tcp().expires_never();
  request_.body = std::move(parser_->get().body());
  parser_.reset();
  const auto& handlers = core_->handlers;
  if (core_->config.workers == 0 || (handlers.is_quick && handlers.is_quick(request_)))
    return on_answer(core_->answer(request_));
  const bool taken = core_->workers.post([self = shared_from_this()] {
    HttpResponse response = self->core_->answer(self->request_);
    asio::post(self->stream_.get_executor(), [self, answer = std::move(response)]() mutable {
      self->on_answer(std::move(answer));
    });
  });
  if (taken) return;
  on_answer(core_->refusal(
      {503, "unavailable", "Too many requests wait for an answer; ask again in a moment."},
      request_));
}

void Session::on_answer(HttpResponse response) {
  if (state_ == State::closed) return;
  if (response.later) return park(std::move(response.later));
  if (response.stream && !is_head_) return begin_stream(std::move(response));
  send(std::move(response));
}

void Session::park(std::shared_ptr<Later> later) {
  state_ = State::parked;
  later_ = std::move(later);
  await_look(std::chrono::steady_clock::now() + later_->patience);
  later_->wake->attach([weak = weak_from_this(), executor = stream_.get_executor()] {
    asio::post(executor, [weak] {
      if (const auto self = weak.lock(); self && self->state_ == State::parked) self->look(false);
    });
  });
  watch_peer();
  if (core_->draining) look(/*over=*/true);
}

/// The timer ends the wait at `until`, and looks before if that was asked for.
void Session::await_look(std::chrono::steady_clock::time_point until) {
  const auto rest = until - std::chrono::steady_clock::now();
  const bool last = later_->look_every.count() <= 0 || rest <= later_->look_every;
  timer_.expires_after(last ? rest : later_->look_every);
  timer_.async_wait([self = shared_from_this(), mine = later_, last, until](Error error) {
    if (error || self->later_ != mine) return;
    if (!last) self->await_look(until);
    self->look(/*over=*/last);
  });
}

void Session::look(bool over) {
  over_ = over_ || over;
  if (std::exchange(asking_, true)) {
    ask_again_ = true;
    return;
  }
  ask_again_ = false;
  const bool posted = core_->workers.post(
      [self = shared_from_this(), later = later_, last = over_] {
        std::optional<HttpResponse> response;
        // Guarded like a handler: what it throws becomes a 500.
        bool nothing = false;
        HttpResponse answer = self->core_->guarded(self->request_, [&] {
          auto looked = later->look(last);
          nothing = !looked;
          return looked ? *std::move(looked) : HttpResponse{};
        });
        if (!nothing) response = std::move(answer);
        asio::post(self->stream_.get_executor(),
                   [self, last, found = std::move(response)]() mutable {
                     self->on_look(std::move(found), last);
                   });
      },
      /*always=*/true);
  if (!posted) close();  // the server has stopped
}

void Session::on_look(std::optional<HttpResponse> response, bool over) {
  asking_ = false;
  if (state_ != State::parked) return;
  if (response) {
    unpark();
    return on_answer(*std::move(response));  // it may have to wait for something else
  }
  if (over) return close();
  if (ask_again_ || over_) look(over_);
}

void Session::unpark() {
  later_->wake->attach({});
  later_.reset();
  timer_.cancel();
  peer_timer_.cancel();
  over_ = false;
  if (!watching_) return;
  Error ignored;
  stream_.socket().cancel(ignored);
}

/// A peer that sends no more while it waits for us: it may still read, so it gets what there is.
void Session::watch_peer() {
  if (std::exchange(watching_, true)) return;
  stream_.socket().async_wait(tcp::socket::wait_read, [self = shared_from_this()](Error error) {
    self->watching_ = false;
    if (!error && (self->state_ == State::parked || self->state_ == State::streaming))
      self->on_peer_sent();
  });
}

void Session::on_peer_sent() {
  char byte = 0;
  Error failed;
  stream_.socket().non_blocking(true, failed);
  const auto got =
      stream_.socket().receive(asio::buffer(&byte, 1), tcp::socket::message_peek, failed);
  if (got == 0 && failed != asio::error::would_block) return on_peer_gone();
  // Its next request; within TLS perhaps a farewell, which the end of the connection follows.
  if (stream_.is_tls()) watch_for_end();
}

/// Where input waits, no further one is announced: this looks from time to time.
void Session::watch_for_end() {
  pollfd peer{stream_.socket().native_handle(), POLLRDHUP, 0};
  if (::poll(&peer, 1, 0) != 0) return on_peer_gone();
  peer_timer_.expires_after(kEndLook);
  peer_timer_.async_wait([self = shared_from_this()](Error error) {
    if (!error && (self->state_ == State::parked || self->state_ == State::streaming))
      self->watch_for_end();
  });
}

void Session::on_peer_gone() {
  if (state_ == State::parked) return look(/*over=*/true);
  over_ = true;
  ask_stream();
}

void Session::close() {
  if (state_ == State::closed) return;
  core_->end_waiting(this);
  if (later_) later_->wake->attach({});
  if (body_stream_ && body_stream_->wake) body_stream_->wake->attach({});
  if (state_ == State::streaming) observe();
  state_ = State::closed;
  timer_.cancel();
  peer_timer_.cancel();
  Error ignored;
  stream_.socket().shutdown(tcp::socket::shutdown_both, ignored);
  stream_.tcp().close();
}

}  // namespace millrace::http
