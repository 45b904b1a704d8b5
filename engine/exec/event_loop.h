// EventLoop: one thread waits here for descriptors and for what other threads hand over. It is
// Boost.Asio with the few calls that RunnerLoop needs; no header includes Asio.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "engine/base/time.h"

namespace millrace::exec {

/// One thread runs it and owns its watches; only `post` is thread-safe. Watches must not outlive
/// it.
class EventLoop {
 public:
  using Action = std::function<void()>;
  struct Watched;

  /// A descriptor that the loop waits for. Its owner closes the descriptor, later.
  class Watch {
   public:
    Watch() = default;
    explicit Watch(std::shared_ptr<Watched> watched) : watched_(std::move(watched)) {}
    /// Its actions do not run any more.
    ~Watch();
    Watch(Watch&&) = default;
    Watch& operator=(Watch&& other) noexcept {
      watched_.swap(other.watched_);
      return *this;
    }

    /// While it is off, its action does not run. It is on at first.
    void set_on(bool on);
    /// `action` runs once, when the descriptor can be written to. No effect while one waits.
    void when_writable(Action action);

   private:
    std::shared_ptr<Watched> watched_;
  };

  EventLoop();
  ~EventLoop();

  /// `action` runs in each round in which there is something to read from `fd`, or in which its
  /// other end is closed.
  Watch watch(int fd, Action action);
  /// `action` runs on the loop's thread, after those that were posted before.
  void post(Action action);
  /// One round: waits for at most `most` until something happens, and runs the action of all that
  /// has happened. Each watch acts at most once, so that a busy descriptor holds up no round.
  void run_round(std::optional<Duration> most);

 private:
  struct Asio;
  std::unique_ptr<Asio> asio_;
};

}  // namespace millrace::exec
