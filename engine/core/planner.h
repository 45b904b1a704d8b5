// Planner: decides what happens next. It is pure: it takes an input and a time, changes its own
// state, and returns events and actions. It uses no thread, socket, clock or SQL.
//
// A decision changes the planner's state at once. The actions may be carried out only after the
// events are durable. If the events cannot be made durable, the planner is discarded, and a new one
// is restored from the journal.
//
// Not thread-safe: owned by the engine loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "engine/base/clock.h"
#include "engine/core/commands.h"
#include "engine/core/dag.h"
#include "engine/core/event.h"
#include "engine/core/executor.h"
#include "engine/core/model_state.h"
#include "engine/core/planner/backfills.h"
#include "engine/core/planner/dag_waits.h"
#include "engine/core/planner/pools.h"
#include "engine/core/planner/resources.h"
#include "engine/core/planner/runs.h"
#include "engine/core/planner/schedules.h"
#include "engine/core/planner/timers.h"
#include "engine/core/planner/triggers.h"
#include "engine/core/planner/waits.h"
#include "engine/core/planner/watermarks.h"
#include "engine/core/schedule.h"

namespace millrace {

struct CancelAttempt {
  AttemptKey key;
  bool at_once = false;  // without the kill_grace of its task
};
using Action = std::variant<StartAttempt, CancelAttempt>;

/// What the planner knows about one DAG. Its key is the namespace and the id, so its file may be
/// renamed or moved.
struct DagState {
  std::shared_ptr<const Dag> dag;  // current version
  std::string source, base_dir;    // newest valid file; folder of its relative paths
  bool paused = false;
  std::string retired;       // why it is retired: no run of it starts; "": it is not
  std::string out_of_order;  // why it could not be compiled, as recorded; "": it could
  SchedulePosition schedule;
  RunQueue runs;
};

// --- inputs

struct RegisterDag {
  std::shared_ptr<const Dag> dag;
  std::string source, base_dir;
  Origin origin;
};
/// The content of a watched folder. A DAG or another resource that no file of the folder declares
/// is retired.
struct SyncDags {
  std::string folder;
  std::vector<RegisterDag> dags;       // one for each file; two may declare the same DAG
  std::map<std::string, Json> errors;  // diagnostics, by file
  std::set<DagKey> declared;           // DAGs of files with errors: these DAGs do not change
  /// Files from which not even the id of a DAG can be read. DAGs of such a file do not change.
  std::set<std::string> unreadable;
  /// DAGs that this watcher has seen in this folder. A folder without files retires only these.
  std::set<DagKey> seen;
  bool complete = true;       // false: the folder could not be read, and no DAG is retired
  SyncResources others = {};  // of kinds other than DAGs
  /// Paths of files that declare nothing. What one of them declared before stays in force.
  std::set<std::string> declaring_nothing = {};

  bool is_empty() const { return dags.empty() && errors.empty() && others.found.empty(); }
};
struct PlannerOptions {
  /// An attempt whose executor has no pool uses the first pool.
  std::vector<PoolOptions> pools = {
      {.name = "process", .executor = std::string(kProcessExecutor), .slots = 4},
      {.name = "thread",
       .executor = std::string(kThreadExecutor),
       .slots = 1024,
       .begins_at_once = true}};
  int max_losses = 5;  // a task may lose so many attempts with their runner or engine
  /// The executor of an operator's attempts, for tasks that name none. An empty function: the
  /// executor of the first pool.
  std::function<std::string_view(const std::string& op)> executor_of;
  /// If set, only runs of this DAG continue, and no schedule fires. Other work waits for the next
  /// engine.
  DagKey only_dag = {};

  /// REQUIRES: a pool of that name exists.
  PoolOptions& pool(std::string_view name);
};

class Planner {
 public:
  /// `epoch`: the epoch of the lease under which the planner decides.
  Planner(PlannerOptions options, std::int64_t epoch, Rng rng);

  // Restores the stored state. Call these before the first input: first for all DAGs, then for each
  // open run (folded from its events) and for each model.
  void restore_dag(DagState dag);
  /// A DAG whose stored version cannot be compiled. Only this DAG stops. `dag.dag` is nullptr.
  void restore_broken_dag(const DagKey& id, DagState dag, std::string reason);
  void restore_run(Run run);
  void restore_model(ModelKey model, ModelState state);
  void restore_broken_run(const Uuid& run, std::string reason);
  /// One that has ended, and whose end the task that waits for it has not seen: it was out of order
  /// then.
  void restore_ended_child(const Run& run);
  void restore_dataset(const DatasetKey& dataset, const std::string& artifact);
  void restore_watermark(const DatasetKey& dataset, Json value) {
    watermarks_.restore(dataset, std::move(value));
  }
  void restore_resource(ResourceKey key, ResourceState state) {
    resources_.restore(std::move(key), std::move(state));
  }
  void restore_file_errors(const std::string& source, Json diagnostics);
  void restore_backfill(Backfill backfill);
  /// Call this after the last restore. It handles the attempts of earlier epochs. If their executor
  /// survives its leader, it adopts and returns them. The others are lost and will be queued again.
  std::vector<AttemptKey> recover(Time now);

  // Inputs. An input that is refused changes nothing. A command acts in the namespace of its
  // caller.
  Status register_dag(const RegisterDag& input, Time now);
  void sync_dags(const SyncDags& input, Time now);
  /// REQUIRES: input.run.
  Result<Uuid> trigger_run(const TriggerRun& input, const Caller& caller, Time now);
  Status cancel_run(const CancelRun& input, const Caller& caller, Time now);
  Status cancel_task(const CancelTask& input, const Caller& caller, Time now);
  Status resume_task(const ResumeTask& input, const Caller& caller, Time now);
  Status fail_task(const FailHeldTask& input, const Caller& caller, Time now);
  /// Call restore_run first if the run has ended and was forgotten.
  Status retry_run(const RetryRun& input, const Caller& caller, Time now);
  Status pause_dag(const PauseDag& input, const Caller& caller, Time now);
  Status reset_schedule(const ResetSchedule& input, const Caller& caller, Time now);
  /// The dates of the request, for which `create_backfill` needs the facts of the store.
  Result<std::vector<Time>> backfill_dates(const CreateBackfill& input, const Caller& caller,
                                           Time now);
  Result<CreateBackfill::Answer> create_backfill(const CreateBackfill& input, const Uuid& id,
                                                 DateFacts facts, const Caller& caller, Time now);
  Status pause_backfill(const PauseBackfill& input, const Caller& caller, Time now);
  Status cancel_backfill(const CancelBackfill& input, const Caller& caller, Time now);
  PublishEvent::Answer publish_event(const PublishEvent& input, const Caller& caller, Time now);
  Status request_effects(const std::vector<Effect>& effects, const Caller& caller, Time now);
  void began(const AttemptBegan& report, Time now);
  /// Ignored unless the attempt is the current one and the text can be kept.
  void saved(const AttemptSaved& report, Time now);
  void complete(const AttemptResult& result, Time now);
  /// Handles the schedules, retries, deferrals and deadlines that are due. Then fills free slots.
  void tick(Time now);
  /// From now on no attempt is started. Running attempts continue.
  void hold_starts() { starts_held_ = true; }
  /// The wall clock jumped by `by`. Deadlines, retries and deferrals keep their remaining time.
  /// Schedules follow the clock. No schedule fires until `take_scheduled_dates` has been called,
  /// because the planner must know which dates have a run.
  void clock_was_set(Duration by);
  bool knows_scheduled_dates() const { return schedules_.knows_dates(); }
  void take_scheduled_dates(const ScheduledDates& dates, Time now);
  void command_handled(const Uuid& command, const Result<Json>& answer, Time now);

  /// When `tick` next has something to do; nullopt: not before another input.
  std::optional<Time> next_wakeup() const;

  // What was decided since the last call. Both move their list out.
  std::vector<Event> take_events();
  std::vector<Action> take_actions();

  /// nullptr if the run is unknown or forgotten.
  const Run* find_run(const Uuid& run) const { return runs_.find(run); }
  /// Of runs that are open or not yet forgotten, oldest first.
  std::vector<Uuid> open_run_ids() const { return runs_.ids(); }
  const std::map<DagKey, DagState>& dags() const { return dags_; }
  /// Finished runs stay readable until this call, so that the engine can first write their rows.
  void forget_finished() { runs_.forget_finished(); }
  int open_runs() const { return runs_.open(); }
  /// Attempts that have begun.
  int running_attempts() const { return pools_.in_hand() - pools_.waiting(); }
  /// Attempts that executors have. They include those that have not begun, and those whose task has
  /// ended.
  int attempts_in_hand() const { return pools_.in_hand(); }
  /// How long executors stay busy with attempts that were dispatched ahead. The engine may collect
  /// results for this long before a commit. Zero while each attempt has a slot of its own.
  Duration slack() const { return pools_.slack(); }
  /// True if the attempt's result need not be committed at once: its executor has other work.
  bool can_wait(const AttemptKey& key) const;
  int queued_tasks() const { return pools_.queued(); }

 private:
  // Each event is folded into the state at once.
  void emit(const Uuid& run, Time now, EventBody body);  // about no known run
  void emit(Run& run, Time now, EventBody body);

  // planner_model.cc: which task owns the traffic of a canary.
  void note_models(Run& run, Time now);
  void return_traffic(const Models::Canary& canary, Run* run, std::string reason, Time now);
  void return_orphaned_traffic(Time now);
  void announce(Time now);

  // planner_run.cc: the course of a run.
  struct NewRun {
    Uuid id;
    RunType type = RunType::manual;
    std::optional<Time> logical_date = {};
    Json params = {};        // resolved
    Json trigger = {};       // the event or dataset that started it
    std::string trace = {};  // "" makes a new one
    std::optional<Uuid> backfill = {};
    Origin origin = {};
  };
  Run& create_run(NewRun input, DagState& dag, Time now);
  void admit(Run& run, Time now);
  bool is_held(const Run& run) const;
  static RunLimits limits_of(const DagState& dag);
  void begin_held(DagState& dag, Time now);
  void let_go(const Uuid& run, Time now);
  void cancel(Run& run, Origin origin, bool force, Time now);
  void activate(Run& run, Time now);
  void begin_pending(const Run& run);
  void settle(Run& run, Time now);
  void consider(Run& run, int task, Time now);
  Result<bool> condition_holds(const Run& run, int task) const;
  void expand(Run& run, int task, Time now);
  void begin_instances(Run& run, int task, Time now);
  void leave_place(const Run& run, int task);
  void skip(Run& run, TaskRef ref, std::string reason, Time now);
  void fail(Run& run, TaskRef ref, Error error, Time now);
  void make_ready(Run& run, TaskRef ref, Time now);
  void start(Run& run, TaskRef ref, std::size_t pool, Time now);
  void queue(const Run& run, TaskRef ref);
  bool may_go_on(const Run& run) const;
  Json new_root(const Run& run, TaskRef ref) const;
  const Json& root_of(const Run& run, TaskRef ref);
  void forget_root_of(const Run& run, const EventBody& body);
  void forget_root_with_watermarks();
  static AttemptKey key_of(const Run& run, TaskRef ref);
  StartAttempt action_of(const Run& run, TaskRef ref, Json with) const;
  void hold_slot(const AttemptKey& key, const TaskSpec& task, std::size_t pool, Time began,
                 Time now);
  bool adopt(const Run& run, TaskRef ref, Time now);
  void fill_slots(Time now);
  void fill_slots_of(std::size_t pool, Time now);
  static RunFinished finished(const Run& run);
  void finish(Run& run, Time now);
  Result<std::vector<TaskRef>> tasks_to_clear(const Run& run, const std::vector<int>& roots) const;

  // planner_complete.cc: ends of attempts, and their effects on other runs and DAGs.
  Status admit(const Run& run, TaskRef ref, const Result<Outcome>& outcome);
  void defer(Run& run, const AttemptKey& key, const Defer& outcome, Time now);
  Outcome with_rising_watermarks(const Run& run, Outcome outcome);
  void on_outcome(Run& run, const AttemptKey& key, const Outcome& outcome, Time now);
  void on_error(Run& run, const AttemptKey& key, const Error& error, Time now);
  void on_lost(Run& run, const AttemptKey& key, std::string reason, Time now);
  void on_returned(Run& run, const AttemptKey& key, std::string reason, Time now);
  void react_to(const std::vector<Effect>& effects, const std::string& name_space,
                const DagKey* cause, Time now);
  void start_by_dataset(const DatasetKey& dataset, const UpdateDataset& update, const DagKey* cause,
                        Time now);
  /// `given`: params that the DAG takes from the event.
  Result<Uuid> start_by_event(const DagKey& dag, const Result<Json>& given, const Json& event,
                              const Origin& origin, Time now);
  void wake_waiting(const EventName& event, Time now);
  void give_up(Run& run, const AttemptKey& key, Error error, Time now);
  void end_instance(Run& run, TaskRef ref);
  void cancel_instance(Run& run, TaskRef ref, bool at_once, Time now);
  void end_attempts_of(const Uuid& run);
  bool is_current(const Run* run, const AttemptKey& key) const;
  bool starts_at_most_once(const Run& run, TaskRef ref) const;

  // planner_child.cc: runs that tasks start.
  struct Asked {
    DagState* dag;
    std::optional<Time> logical_date;
    Json params;  // resolved
  };
  Result<Asked> ask_for_run(const DagKey& dag, const Json& params, const std::string& logical_date);
  Status admit_child(const Run& run, const std::vector<Effect>& effects);
  Outcome with_child_id(Outcome outcome, Time now);
  void start_child(Run& run, TaskRef ref, const std::vector<Effect>& effects, Time now);
  struct EndOfChild {
    RunStatus status = RunStatus::failed;
    Json outputs = {};
    std::string error = {};
  };
  static EndOfChild end_of_child(const Run& child);
  void wake_parents(Time now);
  void end_wait(Run& run, TaskRef ref, EndOfChild end, Time now);
  void cancel_child(const Uuid& child, const Run& run, TaskRef ref, bool force, Time now);
  void restore_wait(Run& run, TaskRef ref, const Uuid& child, Time now);
  void note_restored_waits();
  bool closes_ring(const Run& child) const;

  // planner_repeat.cc: tasks that run until a condition holds.
  void end_iteration(Run& run, const AttemptKey& key, const Done& done, Json outputs, Time now);

  // planner_hold.cc: held tasks.
  struct Held {
    Run& run;
    std::vector<TaskRef> refs;
  };
  Result<Held> find_held(const Caller& caller, const Uuid& run, const std::string& task,
                         std::optional<int> map_index);

  // planner_backfill.cc: backfills.
  void add_facts(const DagKey& dag, DateFacts& facts) const;
  Result<Backfill*> find_backfill(const Uuid& id, const Caller& caller);
  void advance_backfills(Time now);
  void create_runs_of(Backfill& backfill, int& most, Time now);

  // planner_dags.cc: registration, retirement and schedules of DAGs.
  Result<DagState*> find_dag(const DagKey& id);
  Result<DagState*> find_startable(const DagKey& id);
  const std::string& base_dir_of(const DagKey& dag) const;
  Run* find_run_of(const Caller& caller, const Uuid& run);
  void change_schedule(DagState& state, const DagSpec& before, Time now);
  void resume(DagState& state, Origin origin, Time now);
  void move_schedule(DagState& state, ScheduleMoved moved, Time now);
  void retire(const DagKey& id, std::string reason, const Origin& origin, Time now);
  void retire_undeclared(const SyncDags& input, const FolderLook& look,
                         std::map<std::string, Json>& errors, Time now);
  const RegisterDag& choose(const std::vector<const RegisterDag*>& twins) const;
  void report_order(Time now);
  void report_files(std::map<std::string, Json> errors, Time now);

  // planner_time.cc: timers and schedules.
  Timer restored_timer(const Run& run, TaskRef ref, TimerKind kind, Time now) const;
  void run_timer(const Timer& timer, Time now);
  void run_schedules(Time now);
  void fire(DagState& state, Time date, Json params, Time now);
  void cancel_others(DagState& state, Time date, Time now);
  void reschedule(const DagKey& dag, Time now);
  std::optional<Time> next_firing(const DagState& state, Time now) const;

  std::size_t pool_of(const Run& run, int task) const;

  PlannerOptions options_;
  std::int64_t epoch_;
  Rng rng_;
  UuidSource ids_;
  std::map<DagKey, DagState> dags_;
  struct BrokenDag {
    DagState state;  // without a Dag
    std::string reason;
  };
  std::map<DagKey, BrokenDag> broken_dags_;
  std::map<std::string, Json> file_errors_;  // the last report, by file
  Resources resources_;
  Triggers triggers_;
  Watermarks watermarks_;
  Runs runs_;
  Pools pools_;
  Timers timers_;
  Waits waits_;
  Models models_;
  DagWaits dag_waits_;
  std::vector<Uuid> ended_children_;         // runs whose parents are still to be woken
  std::map<Uuid, EndOfChild> ended_before_;  // while restoring
  std::vector<EventName> announced_;         // events whose waiting tasks are still to be woken
  Schedules schedules_;
  Backfills backfills_;
  /// A cache: the root of expressions of the mapped task that was started last, without item and
  /// index. It is the same for all instances of the task, and may be large.
  struct MappedRoot {
    Uuid run;
    int task = -1;
    Json root;
  };
  MappedRoot mapped_root_;
  std::map<Uuid, DagKey> lingering_;  // ended runs whose programs the next run must wait for
  std::vector<AttemptKey> adopted_;   // by recover()
  std::vector<int> worklist_;         // tasks of the current run whose upstream changed
  std::uint64_t next_order_ = 0;
  bool starts_held_ = false;
  std::vector<Event> events_;
  std::vector<Action> actions_;
};

}  // namespace millrace
