// Feed: follows the journal once for all of this process. It starts at the journal's end, takes the
// batches of this process's engine in memory, and reads what others append. Observers (metrics,
// requests that wait) get each span on the feed's thread; live views and followers read the ring.
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
  /// Gets each event once, in order, before any client sees it. Must be quick: everything waits.
  using Observer = std::function<void(const std::vector<Event>& events)>;

  Feed(Stores stores, const Clock& clock, Ring::Limits limits = {});
  ~Feed();  // stops
  Feed(const Feed&) = delete;
  Feed& operator=(const Feed&) = delete;

  Subscription observe(Observer observer) { return observers_.add(std::move(observer)); }
  /// From the present end of the journal.
  void start();
  void stop();

  /// A batch that this process has made durable.
  void offer(std::vector<Event> events);
  /// Something may have been appended.
  void look();

  /// Woken for what comes as long as it lives.
  std::shared_ptr<LiveView> watch(EventFilter filter, std::int64_t after,
                                  std::function<void()> wake);
  /// Calls back when the ring has grown, from the feed's thread.
  Subscription on_change(std::function<void()> changed) { return changes_.add(std::move(changed)); }
  Waiters& waiters() { return waiters_; }
  RunNames& names() { return names_; }
  const Ring& ring() const { return ring_; }

  // For metrics and health; no lock.
  /// Followed up to here; 0 before it has begun.
  std::int64_t seq() const { return std::max<std::int64_t>(seq_, 0); }
  /// The store answered when it was last asked.
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

  std::vector<std::shared_ptr<LiveView>> to_wake_;         // of the thread
  std::chrono::steady_clock::time_point waiting_since_{};  // of the thread: the first of to_wake_

  Service service_{"feed"};
  Subscription appended_;
};

}  // namespace millrace::follow
