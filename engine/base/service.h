// Service: one thread that works for its owner until it is asked to stop, with one signal that
// wakes it. Every long-running thread of the engine is one.
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

/// Thread-safe. An exception that leaves the body is logged and ends the process: nothing would do
/// the thread's work from then on.
class Service {
 public:
  /// Of a wait without a limit.
  static constexpr std::chrono::hours kForever{24 * 365};

  /// The name is the thread's, as debuggers and `top -H` show it: at most 15 characters.
  explicit Service(std::string name) : name_(std::move(name)) {}
  /// Stops.
  ~Service() { stop(); }
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  /// Runs `body` on a thread of its own. Without effect between a start and the return of a stop,
  /// also when the body has ended by itself.
  void start(std::function<void()> body);
  /// Asks the body to end and waits until it has. Without effect where none runs; from several
  /// threads at once, each waits. On the service's own thread it only asks. After it, `start` may
  /// be called again.
  void stop();
  /// Asks only. Without effect where none runs.
  void request_stop();
  /// Ends the present wait of the body, or else the next one, also if that comes after a start.
  void wake();

  // --- for the body ---

  /// Sleeps until `wake`, a stop, or the end of `most`. False: to stop.
  bool wait(std::chrono::nanoseconds most = kForever);
  /// Sleeps to the end of `most`, or until a stop: then false. A wake is kept for the next `wait`.
  bool pause(std::chrono::nanoseconds most);
  bool stopping() const { return stopping_.load(); }
  /// For a body that waits in poll or epoll for other things as well: readable after `wake` or a
  /// request to stop. Call it before `start`; then `wait` with 0 takes the signal back.
  int fd();

 private:
  void signal();
  void run(const std::function<void()>& body);

  const std::string name_;
  std::atomic<bool> stopping_ = false;
  std::atomic<bool> woken_ = false;
  Mutex wait_mutex_;
  ConditionVariable changed_;
  UniqueFd event_ GUARDED_BY(wait_mutex_);  // an eventfd, where `fd` was called
  Mutex thread_mutex_;                      // held while a thread is made or joined
  std::optional<std::jthread> thread_ GUARDED_BY(thread_mutex_);
};

}  // namespace millrace
