// Schedules: which DAG's schedule fires next, and when. What the next date of a DAG is, and whether
// it may run: engine/core/schedule.h.
//
// Not thread-safe: a value, owned by the planner.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <utility>

#include "engine/base/time.h"
#include "engine/core/names.h"

namespace millrace {

class Schedules {
 public:
  /// The DAG's next firing, in place of the one before; nullopt: none. Without effect while dates
  /// are not known.
  void plan(const DagKey& dag, std::optional<Time> at);
  /// The DAG whose firing is due first, if one is due. It stays planned.
  std::optional<DagKey> due(Time now) const;
  std::optional<Time> next() const;

  /// The wall clock jumped: nothing fires before it is known which dates have a run.
  void clock_was_set();
  void take_dates() { knows_dates_ = true; }
  bool knows_dates() const { return knows_dates_; }

 private:
  std::set<std::pair<Time, DagKey>> firings_;
  std::map<DagKey, Time> firing_of_;  // the entry of each DAG in firings_
  bool knows_dates_ = true;
};

}  // namespace millrace
