// Session: one connection of an HttpServer. Runs on its own strand; keeps itself alive by the
// operation under way. Internal to this module.
//
//   (handshake ─►) idle ─► reading ─► handling ─┬─► writing ─► idle
//                                               ├─► parked (Later) ─► writing
//                                               └─► streaming (BodyStream) ─► idle
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <memory>
#include <optional>
#include <string>

#include "engine/http/core.h"
#include "engine/http/peer_stream.h"

namespace millrace::http {

class Session : public std::enable_shared_from_this<Session> {
 public:
  /// `tls`: nullptr for a plain connection.
  Session(boost::asio::ip::tcp::socket socket, std::shared_ptr<boost::asio::ssl::context> tls,
          std::shared_ptr<ServerCore> core);
  ~Session();

  void run();
  /// From any thread. The server stops: closes unless a request has come whole; ends what waits and
  /// streams.
  void drain();
  /// From any thread. Closes if it still waits for its peer.
  void evict();
  /// From any thread. Closes, whatever is under way.
  void abort();

 private:
  using Error = boost::system::error_code;
  static constexpr std::size_t kReadBytes = 16u << 10;
  enum class State { idle, reading, handling, parked, streaming, writing, lingering, closed };

  // The handshake of TLS.
  void begin_handshake();
  void on_hello(std::size_t bytes);

  // Reading.
  void next_request();
  void read_header();
  void on_header(Error error);
  void on_continue(Error error);
  void read_body();
  void on_body(Error error);
  void on_read_error(Error error);
  bool take_header();
  void dispatch();
  void refuse(const Refusal& refusal);

  // Handling: `job` on a worker or here, `then` on the strand.
  void on_answer(HttpResponse response);
  void park(std::shared_ptr<Later> later);
  void await_look(std::chrono::steady_clock::time_point until);
  void look(bool over);
  void on_look(std::optional<HttpResponse> response, bool over);
  void unpark();
  void watch_peer();
  void on_peer_sent();
  void watch_for_end();
  void on_peer_gone();

  // Writing.
  void send(HttpResponse response);
  void write_slice(std::size_t at);
  void begin_stream(HttpResponse response);
  void ask_stream();
  void on_piece(Piece piece);
  void end_stream();
  void on_sent();
  void begin_linger();
  void linger();
  void close();
  std::string header_text(const HttpResponse& response, std::string_view framing) const;
  void observe();

  PeerStream stream_;
  boost::asio::steady_timer timer_;       // of what is parked, and of a stream's pauses
  boost::asio::steady_timer peer_timer_;  // of watch_for_end
  const std::shared_ptr<ServerCore> core_;
  boost::beast::flat_buffer buffer_;
  std::optional<boost::beast::http::request_parser<boost::beast::http::string_body>> parser_;
  State state_ = State::idle;
  HttpRequest request_;
  std::chrono::steady_clock::time_point began_;
  bool is_head_ = false, keep_alive_ = false, http_1_0_ = false;

  std::shared_ptr<Later> later_;
  std::shared_ptr<BodyStream> body_stream_;
  bool asking_ = false;      // a worker looks, or makes a piece
  bool ask_again_ = false;   // it was woken since
  bool over_ = false;        // whatever is there must be said now
  bool watching_ = false;    // for the peer's end
  std::uint64_t pause_ = 0;  // which one the timer is set for

  std::string head_, body_;
  int status_ = 0;
  std::size_t lingered_ = 0;
};

}  // namespace millrace::http
