// Projections: rows that follow from events, computed from the state that the events led to. Pure.
#pragma once

#include "engine/core/run.h"
#include "engine/store/store.h"

namespace millrace {

RunRow run_row(const Run& run);
/// REQUIRES: the instance has ended.
TaskRow task_row(const Run& run, TaskRef ref);

/// Adds to `batch` the rows that follow from `event`; call it for the batch's events in order.
/// `run` is the event's run with `event` folded in, and perhaps later events of the same batch too.
/// Events of no run need no call: the store derives their rows from the event alone.
void project(Batch& batch, const Event& event, const Run& run);

}  // namespace millrace
