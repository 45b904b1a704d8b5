// Connection: one accepted socket as cpp-httplib's Stream, with deadlines on each transfer, a cap
// on a request's header bytes, and a look at whether the peer is still there. Internal to http.cc:
// nobody else includes this.
#pragma once

// Debian's library is built with these; without them the layout of its structs would differ from
// ours.
#ifndef CPPHTTPLIB_OPENSSL_SUPPORT
#define CPPHTTPLIB_OPENSSL_SUPPORT
#endif
#ifndef CPPHTTPLIB_ZLIB_SUPPORT
#define CPPHTTPLIB_ZLIB_SUPPORT
#endif
#ifndef CPPHTTPLIB_BROTLI_SUPPORT
#define CPPHTTPLIB_BROTLI_SUPPORT
#endif
#include <httplib.h>

#include "engine/api/http.h"

namespace millrace::api {

/// Owns the socket. Used by one thread, but for `wake`.
class Connection final : public httplib::Stream {
 public:
  Connection(int socket, const HttpConfig& config) : socket_(socket), config_(config) {}
  ~Connection() override;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Waits for the first byte of the next request; false after the idle time, or when there will be
  /// none.
  bool wait_for_request();
  /// Counts header bytes anew.
  void begin_request();
  /// No further request can be read from here: its body was left unread.
  void close_after_response() { closing_ = true; }
  bool closing() const { return closing_; }
  bool header_too_long() const { return header_bytes_ > config_.max_header_bytes; }
  /// From another thread: ends waiting for the next request.
  void wake();
  bool peer_is_there() const;
  /// Says goodbye so that the peer gets the whole response even if we did not read all it sent.
  void linger();

  bool is_readable() const override;
  bool is_writable() const override;
  ssize_t read(char* to, size_t size) override;
  ssize_t write(const char* from, size_t size) override;
  void get_remote_ip_and_port(std::string& ip, int& port) const override;
  void get_local_ip_and_port(std::string& ip, int& port) const override;
  socket_t socket() const override { return socket_; }

 private:
  bool fill();
  void count_header(const char* bytes, std::size_t size);

  int socket_;
  const HttpConfig& config_;
  std::string buffer_;
  std::size_t position_ = 0;
  std::size_t header_bytes_ = 0;
  int newlines_ = 0;  // in a row, carriage returns apart: two end the header
  bool in_header_ = true, header_has_zero_ = false;
  bool closing_ = false;
};

}  // namespace millrace::api
