// Event: something the engine has decided. Events are appended to the journal in one order; all
// state is a fold of them.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "engine/base/id.h"
#include "engine/base/json.h"
#include "engine/base/result.h"
#include "engine/base/time.h"
#include "engine/core/effect.h"

namespace millrace {

/// A task instance inside a run: the index of the task in its Dag, and the map index (-1: not
/// mapped, or a mapped task that has not been expanded).
struct TaskRef {
  int task = 0;
  int map_index = -1;
  friend auto operator<=>(const TaskRef&, const TaskRef&) = default;
};

enum class RunType { manual, scheduled, backfill, dataset, event };
enum class RunStatus { running, success, failed, cancelled };
std::string_view to_string(RunType type);
std::string_view to_string(RunStatus status);
std::optional<RunType> run_type_from(std::string_view name);
std::optional<RunStatus> run_status_from(std::string_view name);

/// Who asked, and why. On every change.
struct Origin {
  std::string actor = "engine";
  std::string reason;
};

// --- of DAGs

/// A version of a DAG became the current one. The first fixes where its schedule starts.
struct DagRegistered {
  std::string dag;
  std::string version;
  Json spec;             // Dag::to_json
  std::string source;    // the file's path, for people
  std::string base_dir;  // where the file's relative paths start
  Origin origin;
};
/// A DAG file could not be loaded; empty diagnostics: it is gone or good again.
struct DagFileChecked {
  std::string source;
  Json diagnostics = Json::array();
};
struct DagPaused {
  std::string dag;
  bool paused = false;
  Origin origin;
};

/// No file declares the DAG any more: nothing starts it until one does, which registers it.
struct DagRetired {
  std::string dag;
  std::string reason;
  Origin origin;
};
/// The stored version cannot be compiled by this program on this machine; "": it can again.
struct DagOutOfOrder {
  std::string dag;
  std::string reason;
};
/// Where the schedule goes on: after its change, an unpausing or a reset.
struct ScheduleMoved {
  std::string dag;
  std::optional<Time> from;       // only later dates count; none: as it was
  std::optional<Time> all_until;  // every missed date up to here is made up
  Origin origin;
};

// --- of runs

struct RunCreated {
  std::string dag;
  std::string version;
  RunType type = RunType::manual;
  std::optional<Time> logical_date;
  std::optional<Time> interval_start, interval_end;  // both or none
  Json params = Json::object();
  Json trigger;  // the event or dataset that started it; null otherwise
  std::string trace_id;
  Origin origin;
};
struct RunCancelRequested {
  Origin origin;
  bool force = false;  // everything ends at once, also tasks that ask about the end
};
/// The instances begin anew as pending, and the run is open again.
struct TasksCleared {
  std::vector<TaskRef> tasks;
  Origin origin;
};
struct RunFinished {
  RunStatus status = RunStatus::success;
};

// --- of task instances

/// A mapped task learned its items; it now has one instance for each.
struct TaskExpanded {
  int task = 0;
  Json items;
};
struct TaskQueued {
  TaskRef ref;
};
/// The executor may begin the attempt. Until it does, the task stays queued.
struct AttemptDispatched {
  TaskRef ref;
  int attempt = 0;
  std::int64_t epoch = 0;
};
/// A dispatched attempt came back before it is known to have begun. Costs the task nothing.
struct AttemptReturned {
  TaskRef ref;
  int attempt = 0;
  std::string reason;  // "": the engine that had it is gone
};
struct AttemptStarted {
  TaskRef ref;
  int attempt = 0;
  std::int64_t epoch = 0;
  std::optional<Time> began{};  // if the event is later than that
};
/// What carried the attempt out was ended from outside: its runner, or the engine with all its
/// runners. Costs none of the task's retries.
struct AttemptLost {
  TaskRef ref;
  int attempt = 0;
  std::string reason;  // "": the engine that ran it is gone
};
struct AttemptFailed {
  TaskRef ref;
  int attempt = 0;
  Error error;
  Time retry_at{};
};
struct TaskDeferred {
  TaskRef ref;
  int attempt = 0;
  Time until{};
  std::string event;
  Json checkpoint;
  std::vector<Effect> effects;
};
struct TaskSucceeded {
  TaskRef ref;
  int attempt = 0;
  Json outputs;
  std::vector<Effect> effects;
};
struct TaskFailed {
  TaskRef ref;
  int attempt = 0;
  Error error;
  Json outputs;
  std::vector<Effect> effects;
};
struct TaskSkipped {
  TaskRef ref;
  std::string reason;
};
struct TaskUpstreamFailed {
  TaskRef ref;
};
struct TaskCancelRequested {
  TaskRef ref;
  Origin origin;
};
struct TaskCancelled {
  TaskRef ref;
};
/// A completion came for an attempt or epoch that is not the current one. Changes nothing.
struct CompletionRejected {
  TaskRef ref;
  int attempt = 0;
  std::int64_t epoch = 0;
  std::string reason;
};

// --- of neither

/// A person or the model server changed shared state, outside any task.
struct EffectsRequested {
  std::vector<Effect> effects;
  Origin origin;
};
/// A command of the inbox was carried out or refused; `result` answers the one who sent it.
struct CommandHandled {
  Uuid command;
  bool ok = true;
  Json result;
};

using EventBody =
    std::variant<DagRegistered, DagFileChecked, DagPaused, RunCreated, RunCancelRequested,
                 TasksCleared, RunFinished, TaskExpanded, TaskQueued, AttemptStarted, AttemptLost,
                 AttemptFailed, TaskDeferred, TaskSucceeded, TaskFailed, TaskSkipped,
                 TaskUpstreamFailed, TaskCancelled, CompletionRejected, EffectsRequested,
                 CommandHandled, AttemptDispatched, AttemptReturned, TaskCancelRequested,
                 DagRetired, DagOutOfOrder, ScheduleMoved>;

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
