// What must be true of any journal and store, whatever went wrong on the way.
#pragma once

#include <set>
#include <string>

#include "engine/store/store.h"
#include "tests/sim/world.h"

namespace millrace::sim {

struct Limits {
  int process_slots = 0, light_slots = 0, ahead_per_slot = 0;
};

/// "" or the first promise that was broken. Counts what it saw into `verdict`.
///
/// Every run that was accepted ended; each run folds by the transition table; every task instance
/// ended once; edges were respected; no epoch went back; slots were never exceeded; one scheduled
/// run a logical date; projections equal the fold; every model version is there once and belongs to
/// a success.
std::string check(Stores stores, const Limits& limits, const std::set<Uuid>& accepted,
                  Verdict& verdict);

}  // namespace millrace::sim
