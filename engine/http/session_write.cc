// Session: answers and streams on their way out.
#include <array>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <cstdio>

#include "engine/base/log.h"
#include "engine/http/session.h"

namespace millrace::http {
namespace {

constexpr std::size_t kSliceBytes = 256u << 10;
// A body somewhat too long is read to its end, so that its sender sees why it was refused; one that
// is far too long, or comes slowly, is cut.
constexpr std::chrono::milliseconds kLingerTime{2'000};
constexpr std::chrono::milliseconds kLastLingerTime{100};  // when the server stops

/// A value that came from a handler ends no header.
void append_header(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ");
  for (const char c : value)
    if (static_cast<unsigned char>(c) >= ' ' || c == '\t') out += c;
  out += "\r\n";
}

bool may_have_body(int status) { return status != 204 && status != 304; }

}  // namespace

std::string Session::header_text(const HttpResponse& response, std::string_view framing) const {
  std::string out = "HTTP/1.1 " + std::to_string(response.status) + " ";
  out.append(reason_of(response.status)).append("\r\n");
  if (!response.content_type.empty() && may_have_body(response.status))
    append_header(out, "Content-Type", response.content_type);
  for (const auto& [name, value] : core_->config.headers) append_header(out, name, value);
  for (const auto& [name, value] : response.headers) append_header(out, name, value);
  append_header(out, "X-Request-Id", request_.request_id);
  if (!keep_alive_)
    append_header(out, "Connection", "close");
  else if (http_1_0_)
    append_header(out, "Connection", "keep-alive");
  out.append(framing).append("\r\n");
  return out;
}

void Session::send(HttpResponse response) {
  state_ = State::writing;
  keep_alive_ = keep_alive_ && !core_->draining;
  status_ = response.status;
  std::string framing;
  if (may_have_body(status_) && !response.stream)
    framing = "Content-Length: " + std::to_string(response.body.size()) + "\r\n";
  head_ = header_text(response, framing);
  body_ = is_head_ || !may_have_body(status_) ? std::string() : std::move(response.body);
  write_slice(0);
}

/// The header goes with the first slice. Each has its own time, so that a long answer over a slow
/// line arrives, and one that is not taken does not stay.
void Session::write_slice(std::size_t at) {
  const std::size_t bytes = std::min(kSliceBytes, body_.size() - at);
  const std::array<boost::asio::const_buffer, 2> slice = {
      at == 0 ? boost::asio::buffer(head_) : boost::asio::const_buffer(),
      boost::asio::buffer(body_.data() + at, bytes)};
  stream_.tcp().expires_after(core_->config.write_timeout);
  boost::asio::async_write(
      stream_, slice, [self = shared_from_this(), next = at + bytes](Error error, std::size_t) {
        if (error) return self->close();
        if (next < self->body_.size()) return self->write_slice(next);
        self->on_sent();
      });
}

void Session::begin_stream(HttpResponse response) {
  state_ = State::streaming;
  keep_alive_ = keep_alive_ && !http_1_0_;  // without chunks its end is the connection's
  status_ = response.status;
  head_ = header_text(response, http_1_0_ ? "" : "Transfer-Encoding: chunked\r\n");
  body_stream_ = std::move(response.stream);
  asking_ = true;  // until the header is out
  if (body_stream_->wake)
    body_stream_->wake->attach([weak = weak_from_this(), executor = stream_.get_executor()] {
      boost::asio::post(executor, [weak] {
        if (const auto self = weak.lock(); self && self->state_ == State::streaming)
          self->ask_stream();
      });
    });
  stream_.tcp().expires_after(core_->config.write_timeout);
  boost::asio::async_write(stream_, boost::asio::buffer(head_),
                           [self = shared_from_this()](Error error, std::size_t) {
                             self->asking_ = false;
                             if (error || self->state_ != State::streaming) return self->close();
                             self->stream_.tcp().expires_never();
                             self->watch_peer();
                             self->ask_stream();
                           });
}

void Session::ask_stream() {
  if (std::exchange(asking_, true)) {
    ask_again_ = true;
    return;
  }
  ask_again_ = false;
  ++pause_;
  if (over_ || core_->draining) {
    asking_ = false;
    return end_stream();
  }
  const bool posted = core_->workers.post(
      [self = shared_from_this(), stream = body_stream_] {
        Piece piece;
        try {
          piece = stream->next();
        } catch (const std::exception& error) {
          log::error("a stream ended by an exception", {{"what", error.what()}});
          piece.end = true;
        }
        boost::asio::post(self->stream_.get_executor(), [self, made = std::move(piece)]() mutable {
          self->on_piece(std::move(made));
        });
      },
      /*always=*/true);
  if (!posted) close();
}

void Session::on_piece(Piece piece) {
  if (state_ != State::streaming) return;
  if (piece.text.empty()) {
    asking_ = false;
    if (piece.end) return end_stream();
    if (ask_again_ || over_ || core_->draining) return ask_stream();
    timer_.expires_after(piece.pause);
    timer_.async_wait([self = shared_from_this(), mine = pause_](Error error) {
      if (!error && self->state_ == State::streaming && self->pause_ == mine) self->ask_stream();
    });
    return;
  }
  body_ = std::move(piece.text);
  std::string_view end_of_chunk;
  head_.clear();
  if (!http_1_0_) {
    char size[24];
    std::snprintf(size, sizeof size, "%zx\r\n", body_.size());
    head_ = size;
    end_of_chunk = "\r\n";
  }
  const std::array<boost::asio::const_buffer, 3> parts = {
      boost::asio::buffer(head_), boost::asio::buffer(body_), boost::asio::buffer(end_of_chunk)};
  stream_.tcp().expires_after(core_->config.write_timeout);
  boost::asio::async_write(stream_, parts,
                           [self = shared_from_this(), end = piece.end](Error error, std::size_t) {
                             self->asking_ = false;
                             if (self->state_ != State::streaming) return;
                             if (error) return self->close();
                             self->stream_.tcp().expires_never();
                             if (end) return self->end_stream();
                             self->ask_stream();
                           });
}

void Session::end_stream() {
  if (body_stream_->wake) body_stream_->wake->attach({});
  body_stream_.reset();
  timer_.cancel();
  peer_timer_.cancel();
  over_ = false;
  if (watching_) {
    Error ignored;
    stream_.socket().cancel(ignored);
  }
  state_ = State::writing;
  keep_alive_ = keep_alive_ && !core_->draining;
  head_ = http_1_0_ ? "" : "0\r\n\r\n";
  body_.clear();
  write_slice(0);
}

void Session::observe() {
  if (!core_->handlers.observe || status_ == 0) return;
  core_->handlers.observe(
      {.method = is_head_ ? std::string_view("HEAD") : std::string_view(request_.method),
       .path = request_.path,
       .request_id = request_.request_id,
       .trace_id = request_.trace_id,
       .status = status_,
       .took =
           std::chrono::duration_cast<std::chrono::microseconds>(core_->clock.steady() - began_)});
}

void Session::on_sent() {
  observe();
  if (state_ == State::closed) return;
  body_ = {};
  if (keep_alive_) return next_request();
  state_ = State::lingering;
  stream_.tcp().expires_after(core_->draining ? kLastLingerTime : kLingerTime);
  if (!stream_.is_tls()) return begin_linger();
  // Tells the peer that nothing was cut off, and waits for its farewell or what it still sends.
  stream_.tls().async_shutdown([self = shared_from_this()](Error) { self->begin_linger(); });
}

/// Closes without cutting off the answer: a socket closed with unread input is reset, and the peer
/// could lose what we said.
void Session::begin_linger() {
  Error ignored;  // the peer may have gone
  stream_.socket().shutdown(boost::asio::ip::tcp::socket::shutdown_send, ignored);
  linger();
}

void Session::linger() {
  if (core_->draining || lingered_ > 2 * core_->config.max_body_bytes) return close();
  buffer_.clear();
  stream_.tcp().async_read_some(buffer_.prepare(kReadBytes),
                                [self = shared_from_this()](Error error, std::size_t bytes) {
                                  if (error) return self->close();
                                  self->lingered_ += bytes;
                                  self->linger();
                                });
}

}  // namespace millrace::http
