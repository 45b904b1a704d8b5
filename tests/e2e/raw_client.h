// RawClient: a connection to a server on loopback that says what it likes, HTTP or not.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace millrace::e2e {

class RawClient {
 public:
  explicit RawClient(int port);
  RawClient(RawClient&& other) noexcept : socket_(std::exchange(other.socket_, -1)) {}
  RawClient& operator=(RawClient&&) = delete;
  ~RawClient();

  /// As much of it as the server takes.
  void say(std::string_view bytes) const;
  /// Says no more; everything until the server closes.
  std::string hear() const;

 private:
  int socket_;
};

/// "HTTP/1.1 400 …" → 400; 0 where the server closed without a word.
int status_of(const std::string& answer);

/// The whole answer to a well-formed GET on a connection of its own.
std::string get(int port, const std::string& path);

}  // namespace millrace::e2e
