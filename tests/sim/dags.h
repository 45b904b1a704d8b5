// Random DAGs for the simulation: every feature of the planner, in small graphs.
#pragma once

#include <memory>
#include <string>

#include "engine/base/clock.h"
#include "engine/core/dag.h"

namespace millrace::sim {

/// Operators named "light" run in the engine's thread lane, "heavy" in the process lane.
std::shared_ptr<const Dag> random_dag(const std::string& id, Rng& rng, Time now);

}  // namespace millrace::sim
