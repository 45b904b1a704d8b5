// An API whose first answers are errors.
#pragma once

#include <httplib.h>

#include <atomic>
#include <string>
#include <thread>

namespace millrace::e2e {

/// Answers GET `path` with 503 at first, then with `body`.
class UnreliableApi {
 public:
  UnreliableApi(int failures, std::string path, std::string body)
      : failures_(failures), path_(std::move(path)) {
    server_.Get(path_, [this, body](const httplib::Request&, httplib::Response& out) {
      if (asked_++ < failures_) {
        out.status = 503;
        return;
      }
      out.set_content(body, "application/json");
    });
    port_ = server_.bind_to_any_port("127.0.0.1");
    thread_ = std::thread([this] { server_.listen_after_bind(); });
    while (!server_.is_running()) std::this_thread::yield();
  }
  ~UnreliableApi() {
    server_.stop();
    thread_.join();
  }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + path_; }
  int asked() const { return asked_; }

 private:
  httplib::Server server_;
  const int failures_;
  const std::string path_;
  std::atomic<int> asked_ = 0;
  int port_ = 0;
  std::thread thread_;
};

}  // namespace millrace::e2e
