// TaskThreads: a few threads for work that may block (store queries, removing folders), so that the
// event loop never does. Thread-safe.
#pragma once

#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "engine/base/mutex.h"

namespace millrace::exec {

class TaskThreads {
 public:
  explicit TaskThreads(std::size_t threads);
  /// Ends after what is running; what still waits is dropped.
  ~TaskThreads();
  void post(std::function<void()> task);

 private:
  void run();

  Mutex mutex_;
  ConditionVariable changed_;
  std::deque<std::function<void()>> queue_ GUARDED_BY(mutex_);
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace millrace::exec
