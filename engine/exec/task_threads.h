// TaskThreads: a few threads for work that may block (store queries, removing folders), so that the
// event loop never does. Thread-safe.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace millrace::exec {

class TaskThreads {
 public:
  explicit TaskThreads(std::size_t threads);
  /// Ends after what is running; what still waits is dropped.
  ~TaskThreads();
  void post(std::function<void()> task);

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> queue_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace millrace::exec
