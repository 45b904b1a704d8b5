// Run: one execution of one Dag version, as a fold of its events. Plain data; only `apply` changes
// it.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/core/dag.h"
#include "engine/core/event.h"
#include "engine/core/task_state.h"

namespace millrace {

struct TaskInstance {
  TaskState state = TaskState::pending;
  int attempt = 0;     // number of the current or last attempt; never decreases
  int call = 0;        // how often this attempt was deferred; identifies its call of the operator
  int failures = 0;    // failed attempts since it was created or cleared; `retries` limits them
  int losses = 0;      // attempts lost with their runner or engine
  int returns = 0;     // attempts that the executor returned before they began
  int iterations = 0;  // that succeeded and were followed by another one; see RepeatPolicy
  bool dispatched = false;  // queued: the executor may begin the attempt
  std::int64_t epoch = 0;   // of the engine that started the current attempt
  Time since{};             // when it entered its state
  Time started{};           // start of the first attempt; zero: none
  Time attempt_started{};   // begin of the current or last attempt
  Time wake{};  // deferred: end of the wait, or the next iteration; up_for_retry: the retry
  std::string wake_event;
  Json checkpoint;
  std::string saved_state;  // what its attempts left to the next one
  Json outputs;             // between two iterations and in the next one: those of the last
  Error error;              // of the last failure
  std::string reason;       // of a skip
};

/// How the instances of a task, or of all tasks upstream of it, have ended so far.
struct UpstreamCounts {
  int success = 0, failed = 0, skipped = 0, upstream_failed = 0, cancelled = 0;
  int done() const { return success + failed + skipped + upstream_failed + cancelled; }
};

struct TaskProgress {
  std::vector<TaskInstance> instances = std::vector<TaskInstance>(1);
  bool expanded = false;  // of a mapped task
  Json items;             // of a mapped task, once expanded
  int attempt_floor = 0;  // attempts of new instances are numbered from here, so none is used twice
  int open = 1;           // instances that have not ended
  int pending = 1;        // of these, that have not begun
  int queued = 0;         // of these, that wait for a slot
  std::size_t first_pending = 0;  // no instance before this one is pending
  UpstreamCounts ends;            // of its own instances
  UpstreamCounts upstream;
  int upstream_open = 0;  // upstream tasks with an instance that has not ended
};

/// A run that a task instance has started.
struct ChildRun {
  Uuid run;
  bool awaited = false;  // the instance is deferred until its end
};

/// What a task instance waits for, in words, and since when.
struct WaitedFor {
  std::string what;
  Time since{};  // the first of the deferrals for it
};

struct Run {
  Uuid id;
  std::shared_ptr<const Dag> dag;
  RunCreated created;
  Time created_at{};
  Time finished_at{};
  RunStatus status = RunStatus::running;
  bool cancelling = false;
  Json outputs;       // of its end
  std::string error;  // of its end, if no task is the reason
  std::vector<TaskProgress> tasks;
  int open_tasks = 0;  // tasks with an open instance
  /// Params that a person changed when resuming an instance, for this instance alone. Rare, so it
  /// takes no room in every instance.
  std::map<TaskRef, Json> resumed_params;
  /// By the instance that started it; the last one.
  std::map<TaskRef, ChildRun> children;
  /// Of the instances whose last deferral said it; each as long as its checkpoint.
  std::map<TaskRef, WaitedFor> waited_for;

  TaskInstance& instance(TaskRef ref);
  const TaskInstance& instance(TaskRef ref) const;
  /// False if the run has no such task or map index.
  bool has(TaskRef ref) const;
  /// The run for whose end the instance is deferred; nullptr: none.
  const Uuid* awaited_by(TaskRef ref) const;
};

/// REQUIRES: event.body holds RunCreated, and `dag` is the version that it names.
Run make_run(const Event& event, std::shared_ptr<const Dag> dag);

/// Folds the next event of this run into it. An event that the transition table does not allow is
/// an `internal` error, because no engine writes such a journal.
Status apply(Run& run, const Event& event);

/// The status of a run whose tasks have all ended: failed if a task that ended badly has no task
/// downstream, or only teardowns and tasks that were skipped. A teardown counts only with
/// `fail_run`.
RunStatus derive_status(const Run& run);

/// The names that expressions can use: run, params, dag, event, and tasks.<id>.{state, outputs} of
/// the tasks in `needed`, and what `set_own_names` adds.
Json expression_root(const Run& run, const std::vector<int>& needed, TaskRef ref);

/// What differs between the instances of a task and between its iterations: with a map index item
/// and index, with `repeat` iteration and previous.
void set_own_names(Json& root, const Run& run, TaskRef ref);

/// The values of the outputs of a run that is about to succeed; null: its DAG has none.
Result<Json> outputs_of(const Run& run);
/// Of these values as JSON: what is larger belongs into an artifact.
inline constexpr std::size_t kMaxRunOutputBytes = 256u << 10;

}  // namespace millrace
