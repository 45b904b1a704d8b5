// Pools: the pools by executor, and the attempts that executors have in hand. An attempt holds its
// place from its dispatch until its executor reports that it is over, also when the task has ended
// before: nothing that follows it in its task instance may begin earlier.
//
// Not thread-safe: a value, owned by the planner.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/core/planner/pool.h"
#include "engine/core/planner/timers.h"

namespace millrace {

/// An attempt that its executor has.
struct InHand {
  std::size_t pool = 0;
  int priority = 0;
  bool begun = false;
  Timer deadline{};   // as it was added, if the planner keeps it
  Time dispatched{};  // monotonic
};

class Pools {
 public:
  /// REQUIRES: at least one. The first also has what no pool names as its executor.
  explicit Pools(std::vector<PoolOptions> options);
  std::size_t index_of(std::string_view executor) const;
  std::size_t count() const { return pools_.size(); }
  Pool& operator[](std::size_t index) { return pools_[index]; }
  const Pool& operator[](std::size_t index) const { return pools_[index]; }

  void dispatch(const AttemptKey& key, const InHand& attempt);
  /// Its work has begun; false: no executor has it. A second call changes nothing.
  bool begin(const AttemptKey& key);
  /// It is over. What waited for that is ready now.
  std::optional<InHand> end(const AttemptKey& key);

  const InHand* find(const AttemptKey& key) const;
  /// The attempt of the instance that is in hand, if any; of a run all of them.
  std::optional<AttemptKey> of_instance(const Uuid& run, TaskRef ref) const;
  std::vector<AttemptKey> of_run(const Uuid& run) const;
  /// The instance is ready, and waits for the end of an attempt of its own that was cancelled.
  void block(const Ready& ready, std::size_t pool);

  /// While they are closed, no pool has room.
  void set_open(bool open);
  Duration slack() const;  // the longest of any pool
  int in_hand() const;     // of all pools
  int waiting() const;     // of these, that have not begun
  int queued() const;      // ready, blocked or waiting

 private:
  struct Blocked {
    Ready ready;
    std::size_t pool;
  };
  std::vector<Pool> pools_;
  std::map<AttemptKey, InHand> in_hand_;
  std::map<std::pair<Uuid, TaskRef>, Blocked> blocked_;
};

}  // namespace millrace
