// Subscription: what keeps a callback registered. Subscribers: the list of callbacks, for those who
// call them.
#pragma once

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "engine/base/mutex.h"

namespace millrace {

/// Movable. When the destructor or `end` returns, the callback does not run and never will again.
/// Inside the callback itself it does not wait: the present call is then the last one. It may
/// outlive the list. The caller must not hold a lock that the callback takes.
class [[nodiscard]] Subscription {
 public:
  /// One registered callback, as the list knows it.
  class Entry {
   public:
    virtual ~Entry() = default;
    virtual void end() = 0;
  };

  /// Of nothing.
  Subscription() = default;
  explicit Subscription(std::shared_ptr<Entry> entry) : entry_(std::move(entry)) {}
  Subscription(Subscription&& other) noexcept = default;
  Subscription& operator=(Subscription&& other) {
    if (this == &other) return *this;
    end();
    entry_ = std::move(other.entry_);
    return *this;
  }
  ~Subscription() { end(); }

  /// Again is harmless.
  void end() {
    if (const auto entry = std::exchange(entry_, nullptr)) entry->end();
  }

 private:
  std::shared_ptr<Entry> entry_;
};

namespace detail {

/// Counts the calls of one callback that are under way, on this thread and on others.
class CallGate : public Subscription::Entry {
 public:
  /// False: ended. Otherwise `leave` must follow, on the same thread.
  bool enter();
  void leave();
  void end() override;
  bool ended() const {
    const MutexLock lock(mutex_);
    return ended_;
  }

 private:
  mutable Mutex mutex_;
  ConditionVariable left_;
  int calls_ GUARDED_BY(mutex_) = 0;
  bool ended_ GUARDED_BY(mutex_) = false;
};

}  // namespace detail

/// Thread-safe. No lock is held while a callback runs, so that it may subscribe, end a
/// subscription, or call the list again.
template <typename... Arguments>
class Subscribers {
 public:
  using Callback = std::function<void(Arguments...)>;

  Subscription add(Callback callback) {
    auto entry = std::make_shared<Entry>(std::move(callback));
    const MutexLock lock(mutex_);
    auto next = std::make_shared<List>();
    for (const auto& known : *list_)
      if (!known->ended()) next->push_back(known);
    next->push_back(entry);
    list_ = std::move(next);
    return Subscription(std::move(entry));
  }

  /// Calls those that were subscribed before, in that order.
  void call(Arguments... arguments) const {
    const std::shared_ptr<const List> entries = list();
    for (const auto& entry : *entries) {
      if (!entry->enter()) continue;
      const Leaving leaving{*entry};
      entry->callback(arguments...);
    }
  }

 private:
  struct Entry final : detail::CallGate {
    explicit Entry(Callback given) : callback(std::move(given)) {}
    const Callback callback;
  };
  struct Leaving {
    Entry& entry;
    ~Leaving() { entry.leave(); }
  };
  using List = std::vector<std::shared_ptr<Entry>>;

  std::shared_ptr<const List> list() const {
    const MutexLock lock(mutex_);
    return list_;
  }

  mutable Mutex mutex_;
  std::shared_ptr<const List> list_ GUARDED_BY(mutex_) = std::make_shared<const List>();
};

}  // namespace millrace
