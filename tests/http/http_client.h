// HttpClient: one connection to a server of ours on loopback, on which a test sends bytes as they
// are.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/json.h"

namespace millrace::testing {

struct HttpReply {
  int status = 0;  // 0: the connection ended without one
  std::string headers;
  std::string body;
  Json json() const;
};

/// One connection, kept alive. Not thread-safe.
class HttpClient {
 public:
  explicit HttpClient(int port);
  virtual ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  void send(std::string_view raw);
  /// The next reply; status 0 when the server has closed, or says nothing for a minute.
  HttpReply receive();
  /// All that comes until the server closes.
  std::string rest();
  /// True if the server has closed the connection.
  bool closed();

  /// The same, if it happens within the time; what comes meanwhile is kept.
  bool closed_within(std::chrono::milliseconds time);
  /// Tells the server that there is no more to come; its answer can still be read.
  void end_sending();
  /// The first bytes of what comes, which stay there.
  std::string peek(std::size_t bytes);

  HttpReply get(const std::string& path);
  HttpReply post(const std::string& path, const std::string& body, const std::string& headers = "");

 protected:
  int socket() const { return socket_; }
  /// As recv and send: what TLS puts between them and the socket.
  virtual long read_some(char* data, std::size_t size);
  virtual long write_some(const char* data, std::size_t size);

 private:
  bool fill();
  int socket_ = -1;
  std::string buffer_;
};

}  // namespace millrace::testing
