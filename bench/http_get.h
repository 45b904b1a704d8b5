// HttpGet: one kept connection to a server on this machine, for GET. So little of HTTP that what is
// measured is the server.
#pragma once

#include <string>

#include "engine/base/result.h"

namespace millrace::bench {

class HttpGet {
 public:
  explicit HttpGet(int port) : port_(port) {}
  ~HttpGet();
  HttpGet(const HttpGet&) = delete;
  HttpGet& operator=(const HttpGet&) = delete;

  /// The body. An error unless the status is 200.
  Result<std::string> get(const std::string& path);
  /// Reads an event stream until `text` has come, and hangs up.
  Result<std::string> stream_until(const std::string& path, const std::string& text);

 private:
  Status connect();
  Status send(const std::string& path);
  Status read_more();
  void close();

  const int port_;
  int socket_ = -1;
  std::string read_;  // and not yet used
};

}  // namespace millrace::bench
