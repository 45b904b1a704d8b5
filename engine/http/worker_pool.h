// WorkerPool: a fixed number of threads and a bounded queue for handlers that may block.
// Thread-safe.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "engine/base/mutex.h"

namespace millrace::http {

class WorkerPool {
 public:
  WorkerPool(std::size_t threads, std::size_t most_waiting)
      : wanted_(threads), most_waiting_(most_waiting) {}
  ~WorkerPool() { stop(); }
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  void start();
  /// False if as many jobs wait as may, or the pool has stopped. `always`: take it however many
  /// wait, for what follows from a request that was admitted already.
  bool post(std::function<void()> job, bool always = false);
  /// Lets running jobs end and forgets those that wait.
  void stop();

 private:
  void work();

  const std::size_t wanted_, most_waiting_;
  Mutex mutex_;
  ConditionVariable changed_;
  std::deque<std::function<void()>> jobs_ GUARDED_BY(mutex_);
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace millrace::http
