// Edges: may a task start, by the ends of its upstream? Written from the descriptions of the
// trigger rules and from nothing of the planner, so that the two can disagree.
#pragma once

#include "engine/core/run.h"

namespace millrace::oracle {

bool may_start(const Run& run, int task);

}  // namespace millrace::oracle
