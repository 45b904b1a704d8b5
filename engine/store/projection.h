// Projections: rows that follow from events, computed from the state that the events led to. Pure.
#pragma once

#include "engine/core/run.h"
#include "engine/store/rows.h"

namespace millrace {

RunRow run_row(const Run& run);
/// REQUIRES: the instance has ended.
TaskRow task_row(const Run& run, TaskRef ref);

}  // namespace millrace
