// LeaseKeeper: renews a lease from a thread of its own, and fences its owner the moment the lease
// can no longer be relied on: before a standby may take over, whatever the engine loop is busy
// with.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "engine/base/clock.h"
#include "engine/store/store.h"

namespace millrace {

class LeaseKeeper {
 public:
  /// `on_lost` is called at most once, from the keeper's thread: the epoch was superseded, or the
  /// lease ran out on our own steady clock before a renewal succeeded. `acquired` is when the lease
  /// was asked for.
  LeaseKeeper(Leadership& leadership, std::string shard, Lease lease, const Clock& clock,
              std::chrono::steady_clock::time_point acquired, std::function<void()> on_lost);
  ~LeaseKeeper();
  LeaseKeeper(const LeaseKeeper&) = delete;
  LeaseKeeper& operator=(const LeaseKeeper&) = delete;

  /// True as long as no other engine can hold the shard.
  bool held() const { return held_.load(); }

 private:
  void run();

  Leadership& leadership_;
  const std::string shard_;
  const Lease lease_;
  const Clock& clock_;
  std::chrono::steady_clock::time_point valid_until_;
  std::function<void()> on_lost_;
  std::atomic<bool> held_{true};
  std::mutex mutex_;
  std::condition_variable stop_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace millrace
