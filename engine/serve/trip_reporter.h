// TripReporter: reports tripped candidates on a thread of its own, again and again until it is
// heard, since the store that must hear of it may be away just then. Thread-safe.
#pragma once

#include <chrono>
#include <deque>
#include <functional>

#include "engine/base/mutex.h"
#include "engine/base/service.h"
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
  void tell_waiting(std::chrono::milliseconds& pause);

  const Tell tell_;
  Mutex mutex_;
  std::deque<TripReport> waiting_ GUARDED_BY(mutex_);
  Service service_{"trip reporter"};
};

}  // namespace millrace::serve
