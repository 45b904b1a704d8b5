// Random DAGs for the simulation: every feature of the planner, in small graphs.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "engine/base/clock.h"
#include "engine/core/dag.h"
#include "engine/core/names.h"

namespace millrace::sim {

/// Two in each of two namespaces, of the same names.
inline constexpr std::size_t kDags = 4;
DagKey dag_key(std::uint64_t number);

/// The DAG whose tasks update the dataset that others wait for.
inline constexpr std::string_view kDatasetMaker = "dag0";

/// The operator that starts runs; it runs in a process.
inline constexpr std::string_view kStarter = "starter";

/// Operators named "light" run in threads of the engine, "heavy" in processes.
/// Without deadlines an attempt that hangs does so for years.
std::shared_ptr<const Dag> random_dag(const DagKey& key, Rng& rng, Time now, bool deadlines);

}  // namespace millrace::sim
