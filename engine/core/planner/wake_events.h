// Names of the events by which the planner wakes deferred tasks, e.g. those of sensors, that wait
// for what other tasks do. An operator that defers names them in the same way.
#pragma once

#include <string>
#include <string_view>

#include "engine/base/time.h"
#include "engine/core/names.h"

namespace millrace {

/// The dataset was updated.
inline EventName dataset_event(std::string_view name_space, std::string_view dataset) {
  return {name_space, std::string("dataset/").append(dataset)};
}
/// A run of the DAG for this logical date has ended.
inline EventName run_of_date_event(const DagKey& dag, Time logical_date) {
  return {dag.namespace_, "run/" + dag.name + "/" + format_rfc3339(logical_date)};
}

}  // namespace millrace
