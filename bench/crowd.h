// Crowd: many clients of one server on this machine, of which each has sent a request. A thread
// reads what comes, so that no answer waits for its reader.
#pragma once

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "engine/base/result.h"

namespace millrace::bench {

/// Not thread-safe.
class Crowd {
 public:
  explicit Crowd(int port) : port_(port) {}
  /// Hangs up.
  ~Crowd();
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;

  /// Connects `count` clients more, each of which sends `request`. Not after `listen`.
  Status join(int count, const std::string& request);
  /// Begins to read.
  void listen();
  /// Bytes that came so far, and clients that the server has cut off.
  std::int64_t bytes() const { return bytes_; }
  int gone() const { return gone_; }

 private:
  void read();

  const int port_;
  std::vector<int> sockets_;
  std::atomic<std::int64_t> bytes_{0};
  std::atomic<int> gone_{0};
  int stop_[2] = {-1, -1};  // a pipe
  std::thread reader_;
};

/// Milliseconds of `count` round trips of one byte over TCP on loopback, between two threads: what
/// this machine, as busy as it is, takes for any answer.
Result<std::vector<double>> echo_ms(int count);

}  // namespace millrace::bench
