// Waiters: requests that wait for the answer to a command or the end of a run or backfill. The feed
// notifies them, so they need no queries. Thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "engine/base/mutex.h"
#include "engine/core/event.h"
#include "engine/store/rows.h"

namespace millrace::follow {

/// The answer or the status that one request waits for. Calls `wake` when it has come.
class Awaited {
 public:
  explicit Awaited(std::function<void()> wake) : wake_(std::move(wake)) {}
  std::optional<CommandResult> answer() const;
  std::optional<RunStatus> status() const;

  void take(CommandResult answer);
  void take(RunStatus status);

 private:
  const std::function<void()> wake_;
  mutable Mutex mutex_;
  std::optional<CommandResult> answer_ GUARDED_BY(mutex_);
  std::optional<RunStatus> status_ GUARDED_BY(mutex_);
};

class Waiters {
 public:
  /// The request is notified as long as the returned object lives. `wake` is called from the feed's
  /// thread and must be brief.
  std::shared_ptr<Awaited> await_command(const Uuid& command, std::function<void()> wake);
  std::shared_ptr<Awaited> await_run(const Uuid& run, std::function<void()> wake);
  /// Its status is `success` if the backfill was completed, however its runs ended.
  std::shared_ptr<Awaited> await_backfill(const Uuid& backfill, std::function<void()> wake);

  void take(const std::vector<Event>& events);

 private:
  using Map = std::unordered_multimap<Uuid, std::weak_ptr<Awaited>>;

  static std::vector<std::shared_ptr<Awaited>> extract(Map& map, const Uuid& key);
  static void forget_gone(Map& map);

  Mutex mutex_;
  Map commands_ GUARDED_BY(mutex_), runs_ GUARDED_BY(mutex_), backfills_ GUARDED_BY(mutex_);
};

}  // namespace millrace::follow
