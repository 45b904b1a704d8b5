// ChangeSignal: "something happened", for threads that wait to look again. Thread-safe; shared with
// the store's callbacks, which outlive nobody.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace millrace::api {

class ChangeSignal {
 public:
  std::uint64_t version() const {
    const std::lock_guard lock(mutex_);
    return version_;
  }
  void notify() {
    {
      const std::lock_guard lock(mutex_);
      ++version_;
    }
    changed_.notify_all();
  }
  /// Until the version differs from `seen`, the signal is closed, or `limit` has passed. Returns
  /// the version.
  std::uint64_t wait(std::uint64_t seen, std::chrono::milliseconds limit) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, limit, [&] { return closed_ || version_ != seen; });
    return version_;
  }
  /// True if the signal was closed within `limit`.
  bool wait_closed(std::chrono::milliseconds limit) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, limit, [&] { return closed_; });
  }
  /// Wakes everybody, now and from now on.
  void close() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    changed_.notify_all();
  }
  bool closed() const {
    const std::lock_guard lock(mutex_);
    return closed_;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t version_ = 0;
  bool closed_ = false;
};

}  // namespace millrace::api
