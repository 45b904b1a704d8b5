// HttpGet: one kept connection to a server on this machine, for GET and small POSTs. So little of
// HTTP that what is measured is the server.
#pragma once

#include <string>

#include "engine/base/result.h"

namespace millrace::bench {

class HttpGet {
 public:
  /// With `packs` it takes compressed answers, as browsers do, and returns them as they are.
  explicit HttpGet(int port, bool packs = true) : port_(port), packs_(packs) {}
  ~HttpGet();
  HttpGet(const HttpGet&) = delete;
  HttpGet& operator=(const HttpGet&) = delete;

  /// The body. An error unless the status is 200.
  Result<std::string> get(const std::string& path);
  /// Sends {}; the body of the answer. An error unless the status is 200 or 201.
  Result<std::string> post(const std::string& path);
  /// Reads an event stream until `text` has come, and hangs up.
  Result<std::string> stream_until(const std::string& path, const std::string& text);

 private:
  Status connect();
  Status send(const std::string& head, const std::string& body = "");
  Result<std::string> answer(const std::string& path);
  Status read_more();
  void close();

  const int port_;
  const bool packs_;
  int socket_ = -1;
  std::string read_;  // and not yet used
};

}  // namespace millrace::bench
