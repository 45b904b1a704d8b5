// Pool: attempts of one executor. How many may run at one time, how many the executor has, which of
// them have not begun, and which task instances wait for a slot.
//
// Not thread-safe: a value, owned by the planner.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "engine/core/executor.h"

namespace millrace {

struct PoolOptions {
  std::string name;      // unique
  std::string executor;  // what carries its attempts out
  int slots = 4;         // attempts at one time
  /// An attempt begins with its dispatch, and the planner keeps its deadline. Otherwise the
  /// executor keeps it, and reports when the work has begun.
  bool begins_at_once = false;
  /// Attempts of a former leader go on: they are adopted (engine/core/executor.h).
  bool survives_leader = false;
  /// While attempts are shorter than `short_attempt`, so many more for each slot are handed to the
  /// executor, which lets them wait for a free slot: it need not wait for a commit before it can
  /// begin the next one. They are queued until it says that they have begun. Short is what takes
  /// less than a hundred commits or so.
  int ahead_per_slot = 0;
  Duration short_attempt = std::chrono::milliseconds{50};
};

/// A task instance that may start as soon as there is a slot.
struct Ready {
  int priority = 0;         // higher first
  std::uint64_t order = 0;  // then first come, first served
  Uuid run;
  TaskRef ref;
  bool operator<(const Ready& other) const {
    return priority != other.priority ? priority > other.priority : order < other.order;
  }
};

class Pool {
 public:
  explicit Pool(PoolOptions options) : options_(std::move(options)) {}
  const PoolOptions& options() const { return options_; }

  /// May an attempt of this priority be handed to the executor? One that runs at most once waits
  /// for a free slot.
  bool has_room(int priority, bool at_most_once) const;
  /// While it is closed there is no room.
  void set_open(bool open) { open_ = open; }

  /// The attempt is handed to the executor, has begun, and is over. Each of them once and in this
  /// order; one that begins at once has no `begin`.
  void dispatch(int priority);
  void begin(int priority);
  void end() { --in_hand_; }
  /// How long an attempt took from its dispatch to its end.
  void note_length(Duration taken);

  std::set<Ready>& ready() { return ready_; }
  const std::set<Ready>& ready() const { return ready_; }
  int in_hand() const { return in_hand_; }  // that the executor has
  int waiting() const { return waiting_; }  // of these, that have not begun
  /// How long the executor keeps busy with attempts that were handed out ahead: results may be
  /// gathered for this long. Zero while every attempt has a slot of its own.
  Duration slack() const;

 private:
  /// Of those that have not begun, how many are less urgent.
  int waiting_behind(int priority) const;

  PoolOptions options_;
  bool open_ = true;
  int in_hand_ = 0;
  int waiting_ = 0;
  std::map<int, int> waiting_by_priority_;
  std::set<Ready> ready_;
  Duration usual_ = Duration::max();  // how long attempts took lately; none was seen yet
};

}  // namespace millrace
