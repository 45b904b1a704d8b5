// What the oracle knows about teardowns, from their description alone.
#pragma once

#include <set>

#include "engine/core/run.h"
#include "tests/oracle/rule.h"

namespace millrace::oracle {

/// All that runs between a setup and its teardown has ended, and a setup has succeeded.
bool may_tear_down(const Run& run, int task);

/// Follows cancellations, so that a teardown that is left out can be judged.
class Teardowns {
 public:
  /// Judges an event of the run before it is folded.
  Finding follow(const Run& run, const Event& event);

 private:
  std::set<Uuid> forced_;                 // runs whose teardowns may be cancelled
  std::set<std::pair<Uuid, int>> asked_;  // teardowns that a person cancelled
};

}  // namespace millrace::oracle
