// Event: something the engine has decided. Events are appended to the journal in one order; all
// state is a fold of them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/base/id.h"
#include "engine/base/json.h"
#include "engine/base/result.h"
#include "engine/base/time.h"
#include "engine/core/effect.h"
#include "engine/core/events/backfill_events.h"
#include "engine/core/events/common.h"
#include "engine/core/events/dag_events.h"
#include "engine/core/events/record_events.h"
#include "engine/core/events/resource_events.h"
#include "engine/core/events/run_events.h"
#include "engine/core/events/task_events.h"

namespace millrace {

using EventBody = std::variant<
    DagRegistered, DagFileChecked, DagPaused, RunCreated, RunCancelRequested, TasksCleared,
    RunFinished, TaskExpanded, TaskQueued, AttemptStarted, AttemptLost, AttemptFailed, TaskDeferred,
    TaskSucceeded, TaskFailed, TaskSkipped, TaskUpstreamFailed, TaskCancelled, CompletionRejected,
    EffectsRequested, CommandHandled, AttemptDispatched, AttemptReturned, TaskCancelRequested,
    DagRetired, DagOutOfOrder, ScheduleMoved, ResourceRegistered, ResourceRetired, TaskHeld,
    TaskResumed, HeldTaskGivenUp, AttemptStateSaved, BackfillCreated, BackfillPaused,
    BackfillCancelRequested, BackfillEnded, ChildRunEnded, TaskRepeated>;

struct Event {
  std::int64_t seq = 0;  // place in the journal; given when the batch is appended
  Uuid run;              // nil where it is about no run
  Time at{};
  EventBody body;
};

/// "run_created", "task_queued", …
std::string_view kind_of(const EventBody& body);
/// The body's fields with "kind"; `seq`, `run` and `at` are not part of it.
Json to_json(const EventBody& body);
Result<EventBody> event_from_json(const Json& json);
/// Appends to_json(body).dump(), without building the tree for the frequent kinds.
void append_json(std::string& out, const EventBody& body);
/// The task instance that it is about, if any.
const TaskRef* task_of(const EventBody& body);
/// The effects that it carries, if any.
const std::vector<Effect>* effects_of(const EventBody& body);

}  // namespace millrace
