// JournalTail: follows the journal once for all of this process's clients. It starts at the
// journal's end, takes the batches of this process's engine in memory, and reads what others
// append; a request that waits for a run, a command or the next events needs no query of its own.
//
// Thread-safe. Owns one thread between start and stop.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "engine/api/http.h"
#include "engine/base/clock.h"
#include "engine/base/mutex.h"
#include "engine/store/store.h"

namespace millrace::api {

/// What one parked request waits for. Notifies its wake when something has come.
class Awaited {
 public:
  explicit Awaited(std::shared_ptr<http::Wake> wake) : wake_(std::move(wake)) {}
  std::optional<CommandResult> answer() const;
  std::optional<RunStatus> status() const;

 private:
  friend class JournalTail;
  void take(CommandResult answer);
  void take(RunStatus status);

  const std::shared_ptr<http::Wake> wake_;
  mutable Mutex mutex_;
  std::optional<CommandResult> answer_ GUARDED_BY(mutex_);
  std::optional<RunStatus> status_ GUARDED_BY(mutex_);
};

/// The events that one stream wants.
struct EventFilter {
  std::optional<Uuid> run;
  std::vector<std::string> kinds;  // empty: all
  bool wants(const Event& event) const;
};

/// A stream's place in the journal. While it keeps up, its events are handed to it; when it fell
/// behind, `behind` says so and it reads the journal itself until it has caught up again.
class Follower {
 public:
  Follower(EventFilter wanted, std::int64_t after) : filter(std::move(wanted)), after_(after) {}

  const EventFilter filter;
  const std::shared_ptr<http::Wake> wake = std::make_shared<http::Wake>();

  struct Line {
    std::int64_t seq;
    std::shared_ptr<const std::string> text;  // as server-sent event
  };
  std::int64_t after() const;
  /// Set by who reads the journal for it.
  void read_up_to(std::int64_t seq);
  bool behind() const;
  /// All that came since.
  std::vector<Line> take();
  /// How many events that it wants have come.
  std::uint64_t count() const;

 private:
  friend class JournalTail;
  void push(std::int64_t seq, const std::shared_ptr<const std::string>& text);

  mutable Mutex mutex_;
  std::int64_t after_ GUARDED_BY(mutex_);  // what it has, or was given
  bool live_ GUARDED_BY(mutex_) = false;
  std::vector<Line> lines_ GUARDED_BY(mutex_);
  std::size_t bytes_ GUARDED_BY(mutex_) = 0;
  std::uint64_t count_ GUARDED_BY(mutex_) = 0;
};

/// `event` as the text of one server-sent event.
std::string event_text(const Event& event);

class JournalTail {
 public:
  /// An event, and the DAG of its run; "" where it is about no run, or of a run that is not known.
  using OnEvent = std::function<void(const Event&, std::string_view dag)>;
  /// `on_event` is told each event once, on the tail's thread.
  JournalTail(Stores stores, const Clock& clock, OnEvent on_event);
  ~JournalTail();
  JournalTail(const JournalTail&) = delete;
  JournalTail& operator=(const JournalTail&) = delete;

  void start();
  void stop();

  /// A batch that this process has made durable.
  void offer(std::vector<Event> events);
  /// Something may have been appended.
  void look();

  std::shared_ptr<Awaited> await_command(const Uuid& command, std::shared_ptr<http::Wake> wake);
  std::shared_ptr<Awaited> await_run(const Uuid& run, std::shared_ptr<http::Wake> wake);
  /// Told of what comes as long as it lives.
  std::shared_ptr<Follower> follow(EventFilter filter, std::int64_t after);
  /// From now on the follower is handed its events, if it has read all that the tail has.
  void join(Follower& follower);

  /// Followed up to here.
  std::int64_t seq() const;
  /// The store answered when it was last asked.
  bool store_up() const;
  /// Runs that have not finished.
  std::size_t open_runs() const;

 private:
  struct Door;
  using Waiters = std::unordered_multimap<Uuid, std::weak_ptr<Awaited>>;

  void work();
  bool begin();
  void read_on();
  void take(const std::vector<Event>& events);
  void tell_waiters(const Event& event);
  void tell_followers(const std::vector<Event>& events);
  std::string dag_of(const Event& event);
  void close_run(const Event& event);
  void wake_followers();
  static void forget_gone(Waiters& waiters);

  const Stores stores_;
  const Clock& clock_;
  const OnEvent on_event_;
  const std::shared_ptr<Door> door_;
  Subscription appended_;
  std::thread thread_;

  mutable Mutex mutex_;
  ConditionVariable changed_;
  std::deque<std::vector<Event>> offered_ GUARDED_BY(mutex_);
  std::size_t offered_events_ GUARDED_BY(mutex_) = 0;
  bool look_ GUARDED_BY(mutex_) = true, stopping_ GUARDED_BY(mutex_) = false;
  bool store_up_ GUARDED_BY(mutex_) = true;
  std::int64_t seq_ = -1;  // written by the thread under mutex_; -1: not begun
  Waiters commands_ GUARDED_BY(mutex_), runs_ GUARDED_BY(mutex_);
  std::vector<std::weak_ptr<Follower>> followers_ GUARDED_BY(mutex_);
  std::unordered_map<Uuid, std::string> open_runs_ GUARDED_BY(mutex_);  // their DAGs
  std::vector<std::shared_ptr<Follower>> to_wake_;                      // of the thread
  std::chrono::steady_clock::time_point woken_at_{};                    // of the thread
};

}  // namespace millrace::api
