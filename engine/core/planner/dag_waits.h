// DagWaits: which DAGs wait for which, since a run of one waits for a run of the other. Where these
// waits form a ring, a run that `max_active_runs` holds back could wait for itself.
//
// Not thread-safe: a value, owned by the planner.
#pragma once

#include <map>

#include "engine/core/names.h"

namespace millrace {

class DagWaits {
 public:
  /// One more run of `from` waits for a run of `to`.
  void add(const DagKey& from, const DagKey& to) { ++waits_[from][to]; }
  void remove(const DagKey& from, const DagKey& to);
  /// Runs of `from` wait, directly or through others, for runs of `to`; true if the two are one.
  bool leads(const DagKey& from, const DagKey& to) const;

 private:
  std::map<DagKey, std::map<DagKey, int>> waits_;  // → how many
};

}  // namespace millrace
