// LeaseKeeper: renews a lease from a thread of its own, and fences its owner from another the
// moment the lease can no longer be relied on: before a standby may take over, whatever the engine
// loop is busy with and however long a renewal hangs.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <string_view>

#include "engine/base/clock.h"
#include "engine/base/mutex.h"
#include "engine/base/service.h"
#include "engine/store/store.h"

namespace millrace {

class LeaseKeeper {
 public:
  /// `on_lost` is called at most once, from a thread of the keeper: the epoch was superseded, or
  /// the lease ran out on our own steady clock before a renewal succeeded. `acquired` is when the
  /// lease was asked for. `on_held` is called with the time until which it can be relied on: at
  /// first, and after each renewal.
  using OnHeld = std::function<void(std::chrono::steady_clock::time_point)>;
  LeaseKeeper(Leadership& leadership, std::string shard, Lease lease, const Clock& clock,
              std::chrono::steady_clock::time_point acquired, std::function<void()> on_lost,
              OnHeld on_held = {});
  ~LeaseKeeper();
  LeaseKeeper(const LeaseKeeper&) = delete;
  LeaseKeeper& operator=(const LeaseKeeper&) = delete;

  /// True as long as no other engine can hold the shard.
  bool held() const { return held_.load(); }

  /// Gives the lease back to the store, unless it is lost. `on_lost` is not called afterwards.
  Status release();

 private:
  void renew_loop();
  void guard();
  std::chrono::steady_clock::time_point valid_until();
  void lose(std::string_view reason);

  Leadership& leadership_;
  const std::string shard_;
  const Lease lease_;
  const Clock& clock_;
  std::function<void()> on_lost_;
  OnHeld on_held_;
  std::atomic<bool> held_{true};
  Mutex mutex_;
  std::chrono::steady_clock::time_point valid_until_ GUARDED_BY(mutex_);
  Service renewer_{"lease renewer"}, guard_{"lease guard"};  // last: they use everything above
};

}  // namespace millrace
