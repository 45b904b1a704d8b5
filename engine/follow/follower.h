// Follower: what looks at every event that happened, without slowing down the engine: lineage,
// webhooks, alerts, audit export. Each one has a name, a durable cursor and a thread of its own, so
// that a slow one holds up no other. Delivery is at least once: after a crash the last events come
// again, each with the same sequence number.
//
//   Followers followers(feed, stores, clock, {.engine = "a", .leading = …});
//   followers.add(std::make_unique<Lineage>());
//   followers.start();
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/clock.h"
#include "engine/follow/feed.h"
#include "engine/store/store.h"

namespace millrace::follow {

enum class RunsOn {
  leader,        // one cursor for all engines
  every_engine,  // a cursor for each engine
};

class Follower {
 public:
  virtual ~Follower() = default;
  /// Of its cursor: never changes.
  virtual std::string_view name() const = 0;
  virtual RunsOn runs_on() const = 0;
  /// The events after those of the last call that succeeded, in order. After an error the same ones
  /// come again, later. May block.
  virtual Status take(std::span<const Event> events) = 0;
};

struct FollowersOptions {
  std::string engine;             // stable name of this engine, for cursors of its own
  std::function<bool()> leading;  // true while this engine leads
};

/// Runs the followers of one engine. Thread-safe; owns their threads between start and stop. A
/// follower that never saved a cursor begins with the first event of the journal.
class Followers {
 public:
  /// Everything given outlives it.
  Followers(Feed& feed, Stores stores, const Clock& clock, FollowersOptions options);
  ~Followers();  // stops
  Followers(const Followers&) = delete;
  Followers& operator=(const Followers&) = delete;

  /// Before `start`.
  void add(std::unique_ptr<Follower> follower);
  void start();
  /// Saves the cursors. Safe to call twice.
  void stop();

 private:
  class Worker;

  std::vector<std::unique_ptr<Worker>> workers_;
  Feed& feed_;
  const Stores stores_;
  const Clock& clock_;
  const FollowersOptions options_;
};

}  // namespace millrace::follow
