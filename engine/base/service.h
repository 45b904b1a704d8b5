// Service: a thread that works for its owner until it is asked to stop. One signal wakes it. Every
// long-running thread of the engine is a Service.
//
//   Status start() { service_.start([this] { run(); }); }
//   void run() {
//     while (service_.wait(interval)) look();   // until stop
//   }
//   ~Owner() { service_.stop(); }               // or declare the service as the last member
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <thread>

#include "engine/base/mutex.h"
#include "engine/base/unique_fd.h"

namespace millrace {

/// Thread-safe. An exception that leaves the body is logged and ends the process, because the work
/// of the thread would not be done any more.
class Service {
 public:
  /// The default limit of a wait: in practice, no limit.
  static constexpr std::chrono::hours kForever{24 * 365};

  /// The name of the thread, as debuggers and `top -H` show it. At most 15 characters.
  explicit Service(std::string name) : name_(std::move(name)) {}
  /// Stops.
  ~Service() { stop(); }
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  /// Runs `body` on a new thread. A second call has no effect until a `stop` has returned, even if
  /// the body has ended by itself.
  void start(std::function<void()> body);
  /// Asks the body to end, and waits until it has ended. No effect if no body runs. Several threads
  /// may call it at once; each waits. On the service's own thread it does not wait. Afterwards,
  /// `start` may be called again.
  void stop();
  /// Asks the body to end, and does not wait. No effect if no body runs.
  void request_stop();
  /// Ends the current wait of the body. If the body does not wait now, its next wait ends at once,
  /// even if `start` is called in between.
  void wake();

  // --- for the body ---

  /// Sleeps until `wake` or a stop, for at most `most`. False: the body must end.
  bool wait(std::chrono::nanoseconds most = kForever);
  /// Sleeps for `most`, or until a stop. False: the body must end. A `wake` does not end the sleep;
  /// it ends the next `wait`.
  bool pause(std::chrono::nanoseconds most);
  bool stopping() const { return stopping_.load(); }
  /// A descriptor for a body that waits in poll or epoll. It is readable after `wake` or a request
  /// to stop; `wait` with 0 resets it. Call this before `start`.
  int fd();

 private:
  void signal();
  void run(const std::function<void()>& body);

  const std::string name_;
  std::atomic<bool> stopping_ = false;
  std::atomic<bool> woken_ = false;
  Mutex wait_mutex_;
  ConditionVariable changed_;
  UniqueFd event_ GUARDED_BY(wait_mutex_);  // an eventfd, once `fd` was called
  Mutex thread_mutex_;                      // held while a thread is started or joined
  std::optional<std::jthread> thread_ GUARDED_BY(thread_mutex_);
};

}  // namespace millrace
