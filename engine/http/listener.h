// Listener: one bound and listening TCP socket. It is opened early, before anything else of a node
// starts, and handed to the server that will answer on it.
#pragma once

#include <string>

#include "engine/base/result.h"

namespace millrace::http {

/// Owns the socket.
class Listener {
 public:
  /// `host`: an IP address or a name of this machine; port 0: any free one. `invalid_argument` for
  /// a malformed address, `unavailable` if the port is taken.
  static Result<Listener> open(const std::string& host, int port);
  ~Listener();
  Listener(Listener&& other) noexcept;
  Listener& operator=(Listener&& other) noexcept;

  int port() const { return port_; }
  bool is_v6() const { return v6_; }
  /// The socket is the caller's then.
  int release();

 private:
  Listener(int socket, int port, bool v6) : socket_(socket), port_(port), v6_(v6) {}
  int socket_;
  int port_;
  bool v6_;
};

/// False for an address that only this machine reaches.
bool is_open_to_others(const std::string& host);

}  // namespace millrace::http
