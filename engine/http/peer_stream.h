// PeerStream: the bytes of one connection, plain or within TLS. Internal to this module.
//
// One branch at each read and write, which plain connections do not notice; two session types would
// double the code that a server consists of.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <memory>
#include <utility>

namespace millrace::http {

class PeerStream {
 public:
  using executor_type = boost::beast::tcp_stream::executor_type;
  using Tls = boost::asio::ssl::stream<boost::beast::tcp_stream&>;

  /// `context`: nullptr for a plain connection.
  PeerStream(boost::asio::ip::tcp::socket socket,
             std::shared_ptr<boost::asio::ssl::context> context)
      : tcp_(std::move(socket)), context_(std::move(context)) {
    if (context_) tls_ = std::make_unique<Tls>(tcp_, *context_);
  }

  executor_type get_executor() { return tcp_.get_executor(); }
  bool is_tls() const { return tls_ != nullptr; }
  /// REQUIRES: is_tls().
  Tls& tls() { return *tls_; }
  /// Below TLS: deadlines and the socket.
  boost::beast::tcp_stream& tcp() { return tcp_; }
  boost::asio::ip::tcp::socket& socket() { return tcp_.socket(); }
  /// What is sent from now on is plain. REQUIRES: no operation of TLS is under way.
  void give_up_tls() { tls_.reset(); }

  template <typename Buffers, typename Handler>
  void async_read_some(const Buffers& buffers, Handler&& handler) {
    if (tls_) return tls_->async_read_some(buffers, std::forward<Handler>(handler));
    tcp_.async_read_some(buffers, std::forward<Handler>(handler));
  }
  template <typename Buffers, typename Handler>
  void async_write_some(const Buffers& buffers, Handler&& handler) {
    if (tls_) return tls_->async_write_some(buffers, std::forward<Handler>(handler));
    tcp_.async_write_some(buffers, std::forward<Handler>(handler));
  }

 private:
  boost::beast::tcp_stream tcp_;
  std::shared_ptr<boost::asio::ssl::context> context_;  // outlives tls_
  std::unique_ptr<Tls> tls_;
};

}  // namespace millrace::http
