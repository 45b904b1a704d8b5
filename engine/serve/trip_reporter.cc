#include "engine/serve/trip_reporter.h"

#include <algorithm>

#include "engine/base/log.h"

namespace millrace::serve {
namespace {

constexpr std::chrono::milliseconds kFirstPause{200};
constexpr std::chrono::milliseconds kLongestPause{10'000};

}  // namespace

void TripReporter::start() {
  if (tell_) service_.start([this] { loop(); });
}

void TripReporter::stop() { service_.stop(); }

void TripReporter::report(TripReport report) {
  {
    const MutexLock lock(mutex_);
    waiting_.push_back(std::move(report));
  }
  service_.wake();
}

void TripReporter::loop() {
  auto pause = kFirstPause;
  for (bool last = false; !last;) {
    last = !service_.wait();
    tell_waiting(pause);
  }
}

void TripReporter::tell_waiting(std::chrono::milliseconds& pause) {
  MutexLock lock(mutex_);
  while (!waiting_.empty()) {
    const TripReport next = waiting_.front();
    lock.unlock();
    const Status heard = tell_(next);
    if (!heard) {
      log::warning("a tripped circuit breaker could not be reported yet",
                   {{"model", next.model}, {"error", heard.error().to_string()}});
      if (!service_.pause(pause)) return;
      pause = std::min(pause * 2, kLongestPause);
    }
    lock.lock();
    if (!heard) continue;
    waiting_.pop_front();
    pause = kFirstPause;
  }
}

}  // namespace millrace::serve
