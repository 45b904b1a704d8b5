// Planner: decides what happens next. Pure: state, an input and a time in; events and actions out.
// It knows no thread, socket, clock or SQL. What it decides is in force in its own state at once,
// but the actions may be carried out only after the events are durable; if they cannot be made
// durable, the planner is thrown away and rebuilt from the journal.
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
#include "engine/core/planner/pools.h"
#include "engine/core/planner/resources.h"
#include "engine/core/planner/runs.h"
#include "engine/core/planner/schedules.h"
#include "engine/core/planner/timers.h"
#include "engine/core/planner/triggers.h"
#include "engine/core/planner/waits.h"
#include "engine/core/schedule.h"

namespace millrace {

struct CancelAttempt {
  AttemptKey key;
  bool at_once = false;  // without its grace
};
using Action = std::variant<StartAttempt, CancelAttempt>;

/// What the planner knows of one DAG. It is named by its namespace and id alone, so that its file
/// may be renamed or moved.
struct DagState {
  std::shared_ptr<const Dag> dag;  // current version
  std::string source, base_dir;    // of the newest valid text
  bool paused = false;
  std::string retired;       // why nothing starts it; "": it is in force
  std::string out_of_order;  // why it could not be compiled, as recorded
  SchedulePosition schedule;
  RunQueue runs;
};

// --- inputs

struct RegisterDag {
  std::shared_ptr<const Dag> dag;
  std::string source, base_dir;
  Origin origin;
};
/// All that a watched folder of files holds. A DAG, or another resource, that it does not declare
/// is retired.
struct SyncDags {
  std::string folder;
  std::vector<RegisterDag> dags;       // by source; two may declare one DAG
  std::map<std::string, Json> errors;  // diagnostics, by file
  std::set<DagKey> declared;           // that files with errors declare: they stay as they are
  /// Names of files that cannot even tell what they declare: DAGs of such a file stay as they are.
  std::set<std::string> unreadable;
  /// DAGs that this watcher has seen here: a folder without a file retires no other.
  std::set<DagKey> seen;
  bool complete = true;       // false: it could not be read, and retires nothing
  SyncResources others = {};  // of kinds other than DAGs

  bool is_empty() const { return dags.empty() && errors.empty() && others.found.empty(); }
};
struct PlannerOptions {
  /// Attempts whose executor has no pool go to the first.
  std::vector<PoolOptions> pools = {
      {.name = "process", .executor = std::string(kProcessExecutor), .slots = 4},
      {.name = "thread",
       .executor = std::string(kThreadExecutor),
       .slots = 1024,
       .begins_at_once = true}};
  int max_losses = 5;  // attempts lost with their runner or engine before a task is given up
  /// What carries an operator's attempts out; empty: the executor of the first pool.
  std::function<std::string_view(const std::string& op)> executor_of;
  /// Only runs of this DAG go on, and no schedule fires: what else is due waits for the next
  /// engine. Empty: all.
  DagKey only_dag = {};

  /// REQUIRES: there is one of that name.
  PoolOptions& pool(std::string_view name);
};

class Planner {
 public:
  /// `epoch` of the lease under which it decides.
  Planner(PlannerOptions options, std::int64_t epoch, Rng rng);

  // State as it was, before the first input: the DAGs first, then each open run, folded from its
  // events, and what is known of each model.
  void restore_dag(DagState dag);
  /// One whose stored version cannot be compiled: only it stops. `dag.dag` is nullptr.
  void restore_broken_dag(const DagKey& id, DagState dag, std::string reason);
  void restore_run(Run run);
  void restore_model(ModelKey model, ModelState state);
  void restore_broken_run(const Uuid& run, std::string reason);
  void restore_dataset(const DatasetKey& dataset, const std::string& artifact);
  void restore_resource(ResourceKey key, ResourceState state) {
    resources_.restore(std::move(key), std::move(state));
  }
  void restore_file_errors(const std::string& source, Json diagnostics);
  /// After the last restore. Attempts of former epochs are adopted where their executor survives
  /// its leader, and returned here; the others are lost and will be queued again.
  std::vector<AttemptKey> recover(Time now);

  // Inputs. A refusal changes nothing. A command acts in the namespace of its caller.
  Status register_dag(const RegisterDag& input, Time now);
  void sync_dags(const SyncDags& input, Time now);
  /// REQUIRES: input.run.
  Result<Uuid> trigger_run(const TriggerRun& input, const Caller& caller, Time now);
  Status cancel_run(const CancelRun& input, const Caller& caller, Time now);
  Status cancel_task(const CancelTask& input, const Caller& caller, Time now);
  /// A run that is not open any more must be given back first, by restore_run.
  Status retry_run(const RetryRun& input, const Caller& caller, Time now);
  Status pause_dag(const PauseDag& input, const Caller& caller, Time now);
  Status reset_schedule(const ResetSchedule& input, const Caller& caller, Time now);
  PublishEvent::Answer publish_event(const PublishEvent& input, const Caller& caller, Time now);
  Status request_effects(const std::vector<Effect>& effects, const Caller& caller, Time now);
  void began(const AttemptBegan& report, Time now);
  void complete(const AttemptResult& result, Time now);
  /// Whatever is due: schedules, retries, deferrals, deadlines. Then fills free slots.
  void tick(Time now);
  /// From now on no attempt is started; those that run go on to their ends.
  void hold_starts() { starts_held_ = true; }
  /// The wall clock jumped by `by`. Deadlines, retries and deferrals keep their remaining time;
  /// schedules follow the clock. They wait until it is known which of their dates have a run: see
  /// `take_scheduled_dates`.
  void clock_was_set(Duration by);
  bool knows_scheduled_dates() const { return schedules_.knows_dates(); }
  void take_scheduled_dates(const ScheduledDates& dates, Time now);
  void command_handled(const Uuid& command, const Result<Json>& answer, Time now);

  /// When `tick` has something to do next; nullopt: only after another input.
  std::optional<Time> next_wakeup() const;

  /// What was decided since the last call. Moves out.
  std::vector<Event> take_events();
  std::vector<Action> take_actions();

  /// nullptr: not open, or forgotten.
  const Run* find_run(const Uuid& run) const { return runs_.find(run); }
  const std::map<DagKey, DagState>& dags() const { return dags_; }
  /// A run that finished stays readable until this is called: the engine projects it first.
  void forget_finished() { runs_.forget_finished(); }
  int open_runs() const { return runs_.open(); }
  /// Attempts that have begun.
  int running_attempts() const { return pools_.in_hand() - pools_.waiting(); }
  /// Attempts that executors have, also those that have not begun or whose task has ended since.
  int attempts_in_hand() const { return pools_.in_hand(); }
  /// How long executors keep busy with attempts that were handed out ahead: results may be gathered
  /// for this long for one commit. Zero while every attempt has a slot of its own.
  Duration slack() const { return pools_.slack(); }
  /// The attempt's result need not be committed at once: its executor has more to do meanwhile.
  bool can_wait(const AttemptKey& key) const;
  int queued_tasks() const { return pools_.queued(); }

 private:
  // Events are folded into the state at once.
  void emit(const Uuid& run, Time now, EventBody body);  // about no run of ours
  void emit(Run& run, Time now, EventBody body);

  // planner_model.cc: who owns the traffic of a canary.
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
    Origin origin = {};
  };
  Run& create_run(NewRun input, DagState& dag, Time now);
  void admit(Run& run, Time now);
  bool is_held(const Run& run) const;
  void activate(Run& run, Time now);
  void begin_pending(Run& run, Time now);
  void settle(Run& run, Time now);
  void consider(Run& run, int task, Time now);
  Result<bool> condition_holds(const Run& run, int task) const;
  void expand(Run& run, int task, Time now);
  void skip(Run& run, TaskRef ref, std::string reason, Time now);
  void fail(Run& run, TaskRef ref, Error error, Time now);
  void make_ready(Run& run, TaskRef ref, Time now);
  bool start(Run& run, TaskRef ref, std::size_t pool, Time now);
  void queue(const Run& run, TaskRef ref);
  bool may_go_on(const Run& run) const;
  const Json& root_of(const Run& run, TaskRef ref);
  void forget_root_of(const Run& run, const EventBody& body);
  static AttemptKey key_of(const Run& run, TaskRef ref);
  StartAttempt action_of(const Run& run, TaskRef ref, Json with) const;
  void hold_slot(const AttemptKey& key, const TaskSpec& task, std::size_t pool, Time began,
                 Time now);
  bool adopt(const Run& run, TaskRef ref, Time now);
  void fill_slots(Time now);
  void fill_slots_of(std::size_t pool, Time now);
  void finish(Run& run, Time now);
  Result<std::vector<TaskRef>> tasks_to_clear(const Run& run, const std::vector<int>& roots) const;

  // planner_complete.cc: the ends of attempts, and what follows from them elsewhere.
  Status admit(const Run& run, TaskRef ref, const Result<Outcome>& outcome) const;
  void on_outcome(Run& run, const AttemptKey& key, const Outcome& outcome, Time now);
  void on_error(Run& run, const AttemptKey& key, const Error& error, Time now);
  void on_lost(Run& run, const AttemptKey& key, std::string reason, Time now);
  void on_returned(Run& run, const AttemptKey& key, std::string reason, Time now);
  void react_to(const std::vector<Effect>& effects, const std::string& name_space,
                const DagKey* cause, Time now);
  void start_by_dataset(const DatasetKey& dataset, const UpdateDataset& update, const DagKey* cause,
                        Time now);
  Result<Uuid> start_by_event(const DagKey& dag, const Json& event, const Origin& origin, Time now);
  void wake_waiting(const EventName& event, Time now);
  void end_instance(Run& run, TaskRef ref);
  void cancel_instance(Run& run, TaskRef ref, bool at_once, Time now);
  void end_attempts_of(const Uuid& run);
  bool is_current(const Run* run, const AttemptKey& key) const;
  bool starts_at_most_once(const Run& run, TaskRef ref) const;

  // planner_dags.cc: which DAGs there are.
  Result<DagState*> find_dag(const DagKey& id);
  const std::string& base_dir_of(const DagKey& dag) const;
  Run* find_run_of(const Caller& caller, const Uuid& run);
  void change_schedule(DagState& state, const DagSpec& before, Time now);
  void resume(DagState& state, Origin origin, Time now);
  void move_schedule(DagState& state, ScheduleMoved moved, Time now);
  void retire(const DagKey& id, std::string reason, const Origin& origin, Time now);
  void retire_undeclared(const SyncDags& input, std::map<std::string, Json>& errors, Time now);
  const RegisterDag& choose(const std::vector<const RegisterDag*>& twins) const;
  void report_order(Time now);
  void report_files(std::map<std::string, Json> errors, Time now);

  // planner_time.cc: timers and schedules.
  Timer restored_timer(const Run& run, TaskRef ref, TimerKind kind, Time now) const;
  void run_timer(const Timer& timer, Time now);
  void run_schedules(Time now);
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
  std::map<std::string, Json> file_errors_;  // as reported last, by file
  Resources resources_;
  Triggers triggers_;
  Runs runs_;
  Pools pools_;
  Timers timers_;
  Waits waits_;
  Models models_;
  std::vector<EventName> announced_;  // events whose waiting tasks are still to be woken
  Schedules schedules_;
  /// What the expressions of the mapped task that was started last see, but for item and index: the
  /// same for all its instances, and params and upstream outputs may be long.
  struct MappedRoot {
    Uuid run;
    int task = -1;
    Json root;
  };
  MappedRoot mapped_root_;
  std::vector<AttemptKey> adopted_;  // by recover()
  std::vector<int> worklist_;        // tasks of the run at hand whose upstream changed
  std::uint64_t next_order_ = 0;
  bool starts_held_ = false;
  std::vector<Event> events_;
  std::vector<Action> actions_;
};

}  // namespace millrace
