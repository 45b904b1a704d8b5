// TripReporter: tells of tripped candidates on a thread of its own, again and again until it is
// heard, since the store that must hear of it may be away just then. Thread-safe.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "engine/serve/inference.h"

namespace millrace::serve {

class TripReporter {
 public:
  using Tell = std::function<Status(const TripReport&)>;
  /// An empty `tell` hears nothing.
  explicit TripReporter(Tell tell) : tell_(std::move(tell)) {}
  ~TripReporter() { stop(); }

  void start();
  /// Reports that were not heard yet are tried once more.
  void stop();
  void report(TripReport report);

 private:
  void loop();

  const Tell tell_;
  std::thread thread_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<TripReport> waiting_;
  bool stopping_ = false;
};

}  // namespace millrace::serve
