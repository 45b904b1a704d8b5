#include "engine/core/run.h"

#include <algorithm>
#include <utility>

namespace millrace {
namespace {

std::size_t slot_of(TaskRef ref) {
  return ref.map_index < 0 ? 0 : static_cast<std::size_t>(ref.map_index);
}

/// The count of an instance of the task that has ended so. REQUIRES: is_end(state).
int UpstreamCounts::*count_of(const TaskSpec& task, TaskState state) {
  static constexpr std::array kCounts = {&UpstreamCounts::success, &UpstreamCounts::failed,
                                         &UpstreamCounts::skipped, &UpstreamCounts::upstream_failed,
                                         &UpstreamCounts::cancelled};
  static_assert(is_end(TaskState::success) && kCounts.size() + 6 == kTaskStateCount);
  if (task.continue_on_error && state == TaskState::failed) state = TaskState::success;
  return kCounts[static_cast<std::size_t>(state) - static_cast<std::size_t>(TaskState::success)];
}

void add(UpstreamCounts& counts, const UpstreamCounts& more) {
  counts.success += more.success;
  counts.failed += more.failed;
  counts.skipped += more.skipped;
  counts.upstream_failed += more.upstream_failed;
  counts.cancelled += more.cancelled;
}

/// Moves the mark of the first pending instance on, over those that are not pending any more.
void pass_begun(TaskProgress& task) {
  const auto is_past = [](const TaskInstance& i) { return i.state != TaskState::pending; };
  while (task.first_pending < task.instances.size() && is_past(task.instances[task.first_pending]))
    ++task.first_pending;
}

/// Counts are kept with the states; after a clear they are counted again.
void recount(Run& run) {
  run.open_tasks = 0;
  for (auto& task : run.tasks) {
    task.open = static_cast<int>(
        std::ranges::count_if(task.instances, [](const auto& i) { return !is_end(i.state); }));
    run.open_tasks += task.open > 0;
    task.pending = static_cast<int>(
        std::ranges::count(task.instances, TaskState::pending, &TaskInstance::state));
    task.queued = static_cast<int>(
        std::ranges::count(task.instances, TaskState::queued, &TaskInstance::state));
    task.first_pending = 0;
    pass_begun(task);
    task.ends = task.upstream = {};
    task.upstream_open = 0;
  }
  for (std::size_t i = 0; i < run.tasks.size(); ++i)
    for (const auto& instance : run.tasks[i].instances)
      if (is_end(instance.state))
        ++(run.tasks[i].ends.*count_of(run.dag->tasks()[i].spec, instance.state));
  for (std::size_t i = 0; i < run.tasks.size(); ++i) {
    for (const int up : run.dag->tasks()[i].upstream) {
      const auto& upstream = run.tasks[static_cast<std::size_t>(up)];
      run.tasks[i].upstream_open += upstream.open > 0;
      add(run.tasks[i].upstream, upstream.ends);
    }
  }
}

void note_end(Run& run, int task, TaskState state) {
  auto& progress = run.tasks[static_cast<std::size_t>(task)];
  const bool task_ended = --progress.open == 0;
  run.open_tasks -= task_ended;
  const auto& dag_task = run.dag->task(task);
  const auto count = count_of(dag_task.spec, state);
  ++(progress.ends.*count);
  for (const int d : dag_task.downstream) {
    auto& downstream = run.tasks[static_cast<std::size_t>(d)];
    ++(downstream.upstream.*count);
    downstream.upstream_open -= task_ended;
  }
}

/// Folds one body; `move` is the only way to a new state.
class Fold {
 public:
  Fold(Run& run, const Event& event) : run_(run), at_(event.at) {}

  Status operator()(const RunCreated&) { return bad("the run exists already"); }
  Status operator()(const DagRegistered&) { return bad("is about no run"); }
  Status operator()(const DagFileChecked&) { return bad("is about no run"); }
  Status operator()(const DagPaused&) { return bad("is about no run"); }
  Status operator()(const DagRetired&) { return bad("is about no run"); }
  Status operator()(const DagOutOfOrder&) { return bad("is about no run"); }
  Status operator()(const ScheduleMoved&) { return bad("is about no run"); }
  Status operator()(const ResourceRegistered&) { return bad("is about no run"); }
  Status operator()(const ResourceRetired&) { return bad("is about no run"); }
  Status operator()(const BackfillCreated&) { return bad("is about no run"); }
  Status operator()(const BackfillPaused&) { return bad("is about no run"); }
  Status operator()(const BackfillCancelRequested&) { return bad("is about no run"); }
  Status operator()(const BackfillEnded&) { return bad("is about no run"); }
  Status operator()(const EffectsRequested&) { return {}; }
  Status operator()(const CommandHandled&) { return {}; }
  Status operator()(const CompletionRejected&) { return {}; }
  Status operator()(const TaskCancelRequested&) { return {}; }
  Status operator()(const HeldTaskGivenUp&) { return {}; }

  Status operator()(const RunCancelRequested&) {
    run_.cancelling = true;
    return {};
  }
  Status operator()(const RunFinished& e) {
    if (run_.open_tasks > 0) return bad("a task is still open");
    if (is_open(e.status)) return bad("ends a run with the status of an open one");
    run_.status = e.status;
    run_.finished_at = at_;
    run_.outputs = e.outputs;
    run_.error = e.error;
    return {};
  }
  Status operator()(const TasksCleared& e) {
    for (const auto& ref : e.tasks) {
      if (!run_.has(ref) && !(ref.map_index < 0 && ref.task < static_cast<int>(run_.tasks.size())))
        return bad("clears a task that the run does not have");
      clear(ref);
    }
    run_.status = RunStatus::running;
    run_.finished_at = {};
    run_.outputs = {};
    run_.error.clear();
    run_.cancelling = false;
    recount(run_);
    return {};
  }
  Status operator()(const TaskExpanded& e) {
    if (!run_.has({e.task, -1}) || !run_.dag->task(e.task).mapped())
      return bad("expands a task that is not mapped");
    auto& task = run_.tasks[static_cast<std::size_t>(e.task)];
    if (task.expanded || task.instances[0].state != TaskState::pending)
      return bad("expands a task twice");
    TaskInstance fresh;
    fresh.attempt = task.attempt_floor;
    fresh.since = at_;
    task.instances.assign(e.items.size(), fresh);
    task.open = task.pending = static_cast<int>(e.items.size());
    task.first_pending = 0;
    task.items = e.items;
    task.expanded = true;
    return {};
  }
  Status operator()(const TaskQueued& e) { return move(e.ref, Cause::enqueue); }
  Status operator()(const AttemptDispatched& e) {
    if (!run_.has(e.ref)) return bad("the run has no such task instance");
    auto& instance = run_.instance(e.ref);
    if (instance.dispatched) return bad("the task has been dispatched already");
    if (instance.state != TaskState::queued) MR_CHECK(move(e.ref, Cause::enqueue));
    MR_CHECK(begin_attempt(instance, e.attempt, e.epoch));
    instance.dispatched = true;
    return {};
  }
  Status operator()(const AttemptReturned& e) {
    MR_CHECK(expect(e.ref, e.attempt));
    auto& instance = run_.instance(e.ref);
    if (!instance.dispatched) return bad("an attempt returns that was not dispatched");
    instance.dispatched = false;
    ++instance.returns;
    return {};
  }
  Status operator()(const AttemptStarted& e) {
    MR_CHECK(move(e.ref, Cause::start));
    auto& instance = run_.instance(e.ref);
    MR_CHECK(begin_attempt(instance, e.attempt, e.epoch));
    instance.attempt_started = e.began.value_or(at_);
    if (instance.started == Time{}) instance.started = instance.attempt_started;
    return {};
  }
  Status operator()(const AttemptStateSaved& e) {
    MR_CHECK(expect(e.ref, e.attempt));
    run_.instance(e.ref).saved_state = e.state;
    return {};
  }
  Status operator()(const AttemptLost& e) {
    MR_CHECK(expect(e.ref, e.attempt));
    ++run_.instance(e.ref).losses;
    return move(e.ref, Cause::enqueue);
  }
  Status operator()(const AttemptFailed& e) {
    MR_CHECK(expect(e.ref, e.attempt));
    auto& instance = run_.instance(e.ref);
    ++instance.failures;
    instance.error = e.error;
    instance.wake = e.retry_at;
    // The next attempt starts a run of its own.
    if (run_.children.erase(e.ref) > 0) {
      instance.checkpoint = {};
      run_.waited_for.erase(e.ref);
    }
    return move(e.ref, Cause::fail_retry);
  }
  Status operator()(const TaskHeld& e) {
    MR_CHECK(expect(e.ref, e.attempt));
    auto& instance = run_.instance(e.ref);
    ++instance.failures;
    instance.error = e.error;
    return move(e.ref, Cause::hold);
  }
  Status operator()(const TaskResumed& e) {
    MR_CHECK(move(e.ref, Cause::enqueue));
    auto& instance = run_.instance(e.ref);
    instance.failures = instance.losses = instance.returns = 0;
    instance.checkpoint = {};
    run_.waited_for.erase(e.ref);
    for (const auto& [name, value] : e.params.members())
      run_.resumed_params.try_emplace(e.ref, Json::object()).first->second.set(name, value);
    return {};
  }
  Status operator()(const TaskDeferred& e) {
    MR_CHECK(expect(e.ref, e.attempt));
    auto& instance = run_.instance(e.ref);
    instance.wake = e.until.value_or(Time{});
    instance.wake_event = e.event;
    instance.checkpoint = e.checkpoint;
    ++instance.call;
    note_children(e.ref, e.effects, true);
    note_waiting(e.ref, e.waiting_for);
    return move(e.ref, Cause::defer);
  }
  Status operator()(const ChildRunEnded& e) {
    if (!run_.has(e.ref)) return bad("the run has no such task instance");
    const Uuid* child = run_.awaited_by(e.ref);
    if (child == nullptr || *child != e.run) return bad("a run has ended that no task waits for");
    run_.children[e.ref].awaited = false;
    Json ended = Json::object({{"run", e.run.to_string()}, {"state", to_string(e.status)}});
    if (!e.outputs.is_null()) ended.set("outputs", e.outputs);
    if (!e.error.empty()) ended.set("error", e.error);
    Json& checkpoint = run_.instance(e.ref).checkpoint;
    if (!checkpoint.is_object()) checkpoint = Json::object();
    checkpoint.set("child", std::move(ended));
    return {};
  }
  Status operator()(const TaskRepeated& e) {
    MR_CHECK(expect(e.ref, e.attempt));
    auto& instance = run_.instance(e.ref);
    ++instance.iterations;
    instance.call = instance.failures = instance.losses = instance.returns = 0;
    instance.wake = e.next_at;
    instance.wake_event.clear();
    instance.checkpoint = {};
    instance.saved_state.clear();
    instance.outputs = e.outputs;
    note_children(e.ref, e.effects, false);
    run_.waited_for.erase(e.ref);
    return move(e.ref, Cause::defer);
  }
  Status operator()(const TaskSucceeded& e) {
    MR_CHECK(expect(e.ref, e.attempt));
    note_children(e.ref, e.effects, false);
    run_.instance(e.ref).outputs = e.outputs;
    return move(e.ref, Cause::succeed);
  }
  Status operator()(const TaskFailed& e) {
    if (!run_.has(e.ref)) return bad("the run has no such task instance");
    auto& instance = run_.instance(e.ref);
    note_children(e.ref, e.effects, false);
    instance.error = e.error;
    instance.outputs = e.outputs;
    instance.failures += instance.state == TaskState::running;
    return move(e.ref, Cause::fail);
  }
  Status operator()(const TaskSkipped& e) {
    if (!run_.has(e.ref)) return bad("the run has no such task instance");
    run_.instance(e.ref).reason = e.reason;
    forget_iteration(e.ref);
    return move(e.ref, Cause::skip);
  }
  Status operator()(const TaskUpstreamFailed& e) { return move(e.ref, Cause::upstream_fail); }
  Status operator()(const TaskCancelled& e) {
    forget_iteration(e.ref);
    return move(e.ref, Cause::cancel);
  }

 private:
  Error bad(std::string_view why) const {
    return internal_error("run " + run_.id.to_string() +
                          ": the journal cannot be folded: " + std::string(why));
  }
  Status expect(TaskRef ref, int attempt) const {
    if (!run_.has(ref)) return bad("the run has no such task instance");
    if (run_.instance(ref).attempt != attempt) return bad("the attempt is not the current one");
    return {};
  }
  /// A task that did not succeed has no outputs of an iteration before.
  void forget_iteration(TaskRef ref) {
    if (run_.has(ref) && run_.instance(ref).iterations > 0) run_.instance(ref).outputs = {};
  }
  void note_children(TaskRef ref, const std::vector<Effect>& effects, bool defers) {
    for (const Effect& effect : effects)
      if (const auto* start = std::get_if<StartRun>(&effect); start != nullptr && start->run)
        run_.children.insert_or_assign(ref, ChildRun{*start->run, defers && start->wait});
  }
  /// Who looks again and again for the same waits since the first look.
  void note_waiting(TaskRef ref, const std::string& what) {
    if (what.empty()) {
      run_.waited_for.erase(ref);
      return;
    }
    WaitedFor& waited_for = run_.waited_for[ref];
    if (waited_for.what != what) waited_for = {what, at_};
  }
  Status begin_attempt(TaskInstance& instance, int attempt, std::int64_t epoch) {
    if (attempt < instance.attempt) return bad("the attempt number decreases");
    if (attempt > instance.attempt) instance.call = 0;
    instance.attempt = attempt;
    instance.epoch = epoch;
    instance.wake = {};
    instance.wake_event.clear();
    return {};
  }
  Status move(TaskRef ref, Cause cause) {
    if (!run_.has(ref)) return bad("the run has no such task instance");
    auto& instance = run_.instance(ref);
    const auto next = next_state(instance.state, cause);
    if (!next)
      return bad(std::string(to_string(cause)) + " of a task that is " +
                 std::string(to_string(instance.state)));
    const TaskState before = std::exchange(instance.state, *next);
    instance.dispatched = false;
    instance.since = at_;
    auto& task = run_.tasks[static_cast<std::size_t>(ref.task)];
    task.queued += (*next == TaskState::queued) - (before == TaskState::queued);
    if (before == TaskState::pending) {
      --task.pending;
      pass_begun(task);
    }
    if (is_end(*next)) note_end(run_, ref.task, *next);
    return {};
  }
  void clear(TaskRef ref) {
    auto& task = run_.tasks[static_cast<std::size_t>(ref.task)];
    for (const auto& instance : task.instances)
      task.attempt_floor = std::max(task.attempt_floor, instance.attempt);
    TaskInstance fresh;
    fresh.attempt = task.attempt_floor;
    fresh.since = at_;
    if (ref.map_index >= 0) {
      task.instances[slot_of(ref)] = fresh;
      run_.resumed_params.erase(ref);
      run_.children.erase(ref);
      run_.waited_for.erase(ref);
      return;
    }
    const auto of_task = [&](const auto& entry) { return entry.first.task == ref.task; };
    std::erase_if(run_.resumed_params, of_task);
    std::erase_if(run_.children, of_task);
    std::erase_if(run_.waited_for, of_task);
    task.instances.assign(1, fresh);  // a mapped task will be expanded again
    task.expanded = false;
    task.items = {};
  }

  Run& run_;
  Time at_;
};

}  // namespace

bool Run::has(TaskRef ref) const {
  if (ref.task < 0 || ref.task >= static_cast<int>(tasks.size())) return false;
  const auto& progress = tasks[static_cast<std::size_t>(ref.task)];
  if (ref.map_index < 0) return !progress.expanded;
  return progress.expanded && ref.map_index < static_cast<int>(progress.instances.size());
}

TaskInstance& Run::instance(TaskRef ref) {
  return tasks[static_cast<std::size_t>(ref.task)].instances[slot_of(ref)];
}
const TaskInstance& Run::instance(TaskRef ref) const {
  return tasks[static_cast<std::size_t>(ref.task)].instances[slot_of(ref)];
}

const Uuid* Run::awaited_by(TaskRef ref) const {
  const auto child = children.find(ref);
  const bool waits = child != children.end() && child->second.awaited &&
                     instance(ref).state == TaskState::deferred;
  return waits ? &child->second.run : nullptr;
}

Run make_run(const Event& event, std::shared_ptr<const Dag> dag) {
  Run run;
  run.id = event.run;
  run.created = std::get<RunCreated>(event.body);
  run.created_at = event.at;
  run.tasks.resize(dag->tasks().size());
  run.dag = std::move(dag);
  for (auto& task : run.tasks) task.instances[0].since = event.at;
  recount(run);
  return run;
}

Status apply(Run& run, const Event& event) { return std::visit(Fold(run, event), event.body); }

}  // namespace millrace
