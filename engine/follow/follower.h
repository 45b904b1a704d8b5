// Follower: receives every event of the journal without slowing down the engine, for example for
// lineage, webhooks, alerts or audit export. Each follower has a name, a durable cursor (its
// position in the journal) and a thread of its own, so a slow follower does not delay the others.
// Delivery is at least once: after a crash, a follower gets the last events again, with the same
// sequence numbers.
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
  /// The name of its cursor. It must not change between versions.
  virtual std::string_view name() const = 0;
  virtual RunsOn runs_on() const = 0;
  /// Gets the events after those of the last call that succeeded, in order. After an error, the
  /// same events come again later. May block.
  virtual Status take(std::span<const Event> events) = 0;
};

struct FollowersOptions {
  std::string engine;             // stable name of this engine, for cursors of `every_engine`
  std::function<bool()> leading;  // true while this engine leads
};

/// Runs the followers of one engine. Thread-safe. Owns their threads between start and stop. A
/// follower without a saved cursor begins with the first event of the journal.
class Followers {
 public:
  /// All arguments must outlive the object.
  Followers(Feed& feed, Stores stores, const Clock& clock, FollowersOptions options);
  ~Followers();  // stops
  Followers(const Followers&) = delete;
  Followers& operator=(const Followers&) = delete;

  /// Call it before `start`.
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
