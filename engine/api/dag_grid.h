// The grid of a DAG: its newest runs, each with the state of every task. Pure.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "engine/api/views_group.h"
#include "engine/core/run.h"

namespace millrace::api {

/// The one of two states that a reader has to see first: a failure before what runs, and that
/// before what waits.
TaskState more_urgent(TaskState a, TaskState b);

/// The counts of a run that is still open: all of its instances, not only the ended ones.
std::vector<TaskCountRow> counts_of(const Run& run);

/// `tasks`: those of the current version, upstream first. `counts`: of all the runs, in any order.
DagGridView make_grid(std::vector<std::string> tasks, std::vector<RunRow> runs,
                      std::span<const TaskCountRow> counts);

}  // namespace millrace::api
