// An HTTP server on 127.0.0.1 that answers from a script, for tests.
#pragma once

#include <httplib.h>

#include <string>
#include <thread>

namespace millrace {

class LoopbackServer {
 public:
  /// The routes are set up before the server starts.
  template <typename Setup>
  explicit LoopbackServer(Setup setup) {
    setup(server_);
    port_ = server_.bind_to_any_port("127.0.0.1");
    thread_ = std::thread([this] { server_.listen_after_bind(); });
    while (!server_.is_running()) std::this_thread::yield();  // else stop() would do nothing
  }
  ~LoopbackServer() {
    server_.stop();
    thread_.join();
  }
  std::string url(const std::string& path) const {
    return "http://127.0.0.1:" + std::to_string(port_) + path;
  }

 private:
  httplib::Server server_;
  int port_ = 0;
  std::thread thread_;
};

}  // namespace millrace
