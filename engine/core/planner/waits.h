// Waits: deferred task instances that an event may wake before their time is up.
//
// Not thread-safe: a value, owned by the planner.
#pragma once

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "engine/core/names.h"
#include "engine/core/planner/timers.h"

namespace millrace {

struct Waiting {
  Uuid run;
  TaskRef ref;
  Timer timer;  // as it was added: ends the wait without the event
};

class Waits {
 public:
  /// An instance waits for one event; a second call replaces the first.
  void add(const EventName& event, const Waiting& waiting);
  /// It does not wait any more. Without effect on one that does not wait.
  void remove(const Uuid& run, TaskRef ref);
  /// Those that wait for the event, in the order in which they began to; they wait no more.
  std::vector<Waiting> take(const EventName& event);

  std::size_t size() const { return place_.size(); }

 private:
  using Place = std::pair<EventName, std::uint64_t>;  // event, then first come
  std::map<Place, Waiting> waiting_;
  std::map<std::pair<Uuid, TaskRef>, Place> place_;
  std::uint64_t next_order_ = 0;
};

}  // namespace millrace
