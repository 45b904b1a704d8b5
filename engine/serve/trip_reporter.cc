#include "engine/serve/trip_reporter.h"

#include <algorithm>

#include "engine/base/log.h"

namespace millrace::serve {
namespace {

constexpr std::chrono::milliseconds kFirstPause{200};
constexpr std::chrono::milliseconds kLongestPause{10'000};

}  // namespace

void TripReporter::start() {
  if (tell_) thread_ = std::thread([this] { loop(); });
}

void TripReporter::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

void TripReporter::report(TripReport report) {
  const std::lock_guard lock(mutex_);
  waiting_.push_back(std::move(report));
  changed_.notify_all();
}

void TripReporter::loop() {
  auto pause = kFirstPause;
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&] { return stopping_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    const TripReport next = waiting_.front();
    lock.unlock();
    const Status heard = tell_(next);
    lock.lock();
    if (heard) {
      waiting_.pop_front();
      pause = kFirstPause;
      continue;
    }
    log::warning("a tripped circuit breaker could not be reported yet",
                 {{"model", next.model}, {"error", heard.error().to_string()}});
    if (stopping_) return;
    changed_.wait_for(lock, pause, [&] { return stopping_; });
    pause = std::min(pause * 2, kLongestPause);
  }
}

}  // namespace millrace::serve
