// Feed: follows the journal once for the whole process, starting at the journal's end. It gets the
// batches of this process's engine in memory, and reads those of other engines from the store.
// Observers (metrics, waiting requests) get each span on the feed's thread. Live views and
// followers read the ring.
//
// Thread-safe. Owns one thread between start and stop.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/mutex.h"
#include "engine/base/service.h"
#include "engine/base/subscription.h"
#include "engine/follow/live_view.h"
#include "engine/follow/ring.h"
#include "engine/follow/run_names.h"
#include "engine/follow/waiters.h"
#include "engine/store/store.h"

namespace millrace::follow {

class Feed {
 public:
  /// Gets each event once, in order, before any client does. Must return quickly, because all
  /// clients wait for it.
  using Observer = std::function<void(const std::vector<Event>& events)>;

  Feed(Stores stores, const Clock& clock, Ring::Limits limits = {});
  ~Feed();  // stops
  Feed(const Feed&) = delete;
  Feed& operator=(const Feed&) = delete;

  Subscription observe(Observer observer) { return observers_.add(std::move(observer)); }
  /// Begins at the current end of the journal.
  void start();
  void stop();

  /// A batch that this process has made durable.
  void offer(std::vector<Event> events);
  /// Reads the journal soon, because it may have new events.
  void look();

  /// `wake` is called for new events as long as the returned view lives.
  std::shared_ptr<LiveView> watch(EventFilter filter, std::int64_t after,
                                  std::function<void()> wake);
  /// Calls `changed` from the feed's thread when the ring has new events.
  Subscription on_change(std::function<void()> changed) { return changes_.add(std::move(changed)); }
  Waiters& waiters() { return waiters_; }
  RunNames& names() { return names_; }
  const Ring& ring() const { return ring_; }

  // For metrics and health checks. They take no lock.
  /// The last event that the feed has processed; 0 before the first.
  std::int64_t seq() const { return std::max<std::int64_t>(seq_, 0); }
  /// True if the last call of the store succeeded.
  bool store_up() const { return store_up_; }
  /// Runs that have not finished.
  std::size_t open_runs() const { return open_runs_; }

 private:
  void work();
  bool begin();
  void read_on();
  void take(std::vector<Event> events);
  void tell_views(const Span& span);
  void wake_views();

  const Stores stores_;
  const Clock& clock_;
  Subscribers<const std::vector<Event>&> observers_;
  RunNames names_;
  Ring ring_;
  Waiters waiters_;

  std::atomic<std::int64_t> seq_{-1};  // -1: not begun
  std::atomic<bool> store_up_{true};
  std::atomic<std::size_t> open_runs_{0};

  Mutex mutex_;
  std::deque<std::vector<Event>> offered_ GUARDED_BY(mutex_);
  std::size_t offered_events_ GUARDED_BY(mutex_) = 0;
  bool look_ GUARDED_BY(mutex_) = true;
  std::vector<std::weak_ptr<LiveView>> views_ GUARDED_BY(mutex_);
  Subscribers<> changes_;

  std::vector<std::shared_ptr<LiveView>> to_wake_;         // only for the thread
  std::chrono::steady_clock::time_point waiting_since_{};  // only for the thread: of to_wake_

  Service service_{"feed"};
  Subscription appended_;
};

}  // namespace millrace::follow
