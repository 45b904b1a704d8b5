// Inputs of the planner, and its bookkeeping. The course of a run, completions, and time:
// planner_*.cc.
#include "engine/core/planner.h"

#include <algorithm>
#include <cassert>

namespace millrace {

PoolOptions& PlannerOptions::pool(std::string_view name) {
  const auto found = std::ranges::find(pools, name, &PoolOptions::name);
  assert(found != pools.end() && "there is no such pool");
  return *found;
}

Planner::Planner(PlannerOptions options, std::int64_t epoch, Rng rng)
    : options_(std::move(options)), epoch_(epoch), rng_(rng), pools_(options_.pools) {}

void Planner::emit(const Uuid& run, Time now, EventBody body) {
  events_.push_back({0, run, now, std::move(body)});
}

void Planner::emit(Run& run, Time now, EventBody body) {
  events_.push_back({0, run.id, now, std::move(body)});
  [[maybe_unused]] const Status folded = apply(run, events_.back());
  assert(folded.ok() && "the planner decided what the transition table forbids");
  forget_root_of(run, events_.back().body);
  note_models(run, now);
}

std::vector<Event> Planner::take_events() { return std::exchange(events_, {}); }
std::vector<Action> Planner::take_actions() { return std::exchange(actions_, {}); }

// --- restoring

void Planner::restore_dag(DagState dag) {
  const DagKey key = dag.dag->key();
  triggers_.watch(dag.dag->spec());
  dags_.insert_or_assign(key, std::move(dag));
}

void Planner::restore_broken_dag(const DagKey& id, DagState dag, std::string reason) {
  broken_dags_.insert_or_assign(id, BrokenDag{std::move(dag), std::move(reason)});
}

void Planner::restore_broken_run(const Uuid& run, std::string reason) {
  runs_.restore_broken(run, std::move(reason));
}

void Planner::restore_dataset(const DatasetKey& dataset, const std::string& artifact) {
  triggers_.restore_dataset(dataset, artifact);
}

void Planner::restore_file_errors(const std::string& source, Json diagnostics) {
  file_errors_.insert_or_assign(source, std::move(diagnostics));
}

void Planner::restore_run(Run run) { runs_.add(std::move(run)); }

void Planner::restore_model(ModelKey model, ModelState state) {
  models_.restore(std::move(model), std::move(state));
}

std::vector<AttemptKey> Planner::recover(Time now) {
  return_orphaned_traffic(now);
  note_restored_waits();
  std::vector<Uuid> order = runs_.ids();

  // A held run has nothing under way; if it was opened again, tasks of it may have ended before.
  const auto begun = [](const Run& run) {
    return std::ranges::any_of(run.tasks, [](const TaskProgress& task) {
      return std::ranges::any_of(task.instances, [](const auto& i) {
        return i.state != TaskState::pending && !is_end(i.state);
      });
    });
  };
  // Runs that had begun keep their places before held ones get any. Who had is settled beforehand:
  // a run may end as soon as it goes on.
  const auto held = std::stable_partition(order.begin(), order.end(),
                                          [&](const Uuid& id) { return begun(*runs_.find(id)); });
  // Nothing starts before every attempt of former epochs is known to be lost: slots would count
  // twice.
  pools_.set_open(false);
  for (auto id = order.begin(); id != order.end(); ++id) {
    Run& run = *runs_.find(*id);
    if (id < held)
      activate(run, now);
    else
      admit(run, now);
  }
  for (const auto& [id, state] : dags_) reschedule(id, now);
  report_order(now);
  ended_before_.clear();
  pools_.set_open(true);
  fill_slots(now);
  return std::exchange(adopted_, {});
}

// --- inputs

/// nullptr: not open, forgotten, or of another namespace.
Run* Planner::find_run_of(const Caller& caller, const Uuid& run) {
  Run* const found = runs_.find(run);
  const bool is_theirs = found != nullptr && found->dag->key().namespace_ == caller.namespace_;
  return is_theirs ? found : nullptr;
}

Result<Uuid> Planner::trigger_run(const TriggerRun& input, const Caller& caller, Time now) {
  const Uuid id = input.run.value();
  MR_TRY(Asked asked,
         ask_for_run({caller.namespace_, input.dag}, input.params, input.logical_date));
  if (runs_.find(id) != nullptr) return conflict("run " + id.to_string() + " exists already");
  create_run({.id = id,
              .logical_date = asked.logical_date,
              .params = std::move(asked.params),
              .trace = input.trace_id,
              .origin = caller.origin},
             *asked.dag, now);
  fill_slots(now);
  return id;
}

Status Planner::cancel_run(const CancelRun& input, const Caller& caller, Time now) {
  MR_CHECK(runs_.check_in_order(input.run));
  Run* const found = find_run_of(caller, input.run);
  if (found == nullptr || found->status != RunStatus::running) {
    const bool is_of_others = found == nullptr && runs_.find(input.run) != nullptr;
    if (is_of_others || pools_.of_run(input.run).empty())
      return conflict("run " + input.run.to_string() + " is not running");
    end_attempts_of(input.run);  // it has ended, and its programs have their grace
    return {};
  }
  cancel(*found, caller.origin, input.force || found->cancelling, now);
  fill_slots(now);
  return {};
}

void Planner::cancel(Run& run, Origin origin, bool force, Time now) {
  emit(run, now, RunCancelRequested{std::move(origin), force});
  for (int task = 0; task < static_cast<int>(run.tasks.size()); ++task) {
    // Tasks that ask about the end themselves (`always()`, `cancelled()`) still get their chance.
    const auto& spec = run.dag->task(task);
    const bool asks = !force && spec.condition && spec.condition->uses_status_function();
    const bool goes_on = !force && spec.tears_down();
    auto& progress = run.tasks[static_cast<std::size_t>(task)];
    for (std::size_t i = 0; i < progress.instances.size(); ++i) {
      const TaskRef ref{task, progress.expanded ? static_cast<int>(i) : -1};
      const TaskState state = run.instance(ref).state;
      if (is_end(state) || (asks && state == TaskState::pending && !progress.expanded)) continue;
      if (goes_on && state != TaskState::held) continue;  // a held one waits for a person
      cancel_instance(run, ref, force, now);
    }
  }
  if (force) end_attempts_of(run.id);
  settle(run, now);
}

Status Planner::cancel_task(const CancelTask& input, const Caller& caller, Time now) {
  Run* const found = find_run_of(caller, input.run);
  if (found == nullptr || found->status != RunStatus::running)
    return conflict("run " + input.run.to_string() + " is not running");
  Run& run = *found;
  const int task = run.dag->index_of(input.task);
  if (task < 0) return not_found("run " + run.id.to_string() + " has no task '" + input.task + "'");
  const auto& progress = run.tasks[static_cast<std::size_t>(task)];
  const int first = progress.expanded ? input.map_index.value_or(0) : -1;
  const int last = progress.expanded && !input.map_index
                       ? static_cast<int>(progress.instances.size()) - 1
                       : first;
  if (input.map_index.value_or(first) != first || !run.has({task, first}))
    return not_found("task '" + input.task + "' of run " + run.id.to_string() + " has no item " +
                     std::to_string(input.map_index.value_or(first)));
  bool any = false;
  for (int i = first; i <= last; ++i) {
    const TaskRef ref{task, i};
    if (!is_end(run.instance(ref).state)) {
      emit(run, now, TaskCancelRequested{ref, caller.origin});
      cancel_instance(run, ref, input.force, now);
      any = true;
    } else if (const auto key = pools_.of_instance(run.id, ref)) {
      actions_.push_back(CancelAttempt{*key, true});  // it has its grace since the first time
      any = true;
    }
  }
  if (!any) return conflict("task '" + input.task + "' has ended");
  settle(run, now);
  fill_slots(now);
  return {};
}

void Planner::cancel_instance(Run& run, TaskRef ref, bool at_once, Time now) {
  const auto& instance = run.instance(ref);
  if (instance.state == TaskState::running || instance.dispatched)
    actions_.push_back(CancelAttempt{key_of(run, ref), at_once});
  if (instance.state == TaskState::deferred) waits_.remove(run.id, ref);
  const Uuid* const awaited = run.awaited_by(ref);
  const Uuid child = awaited != nullptr ? *awaited : Uuid{};
  end_instance(run, ref);
  emit(run, now, TaskCancelled{ref});
  if (!child.is_nil()) cancel_child(child, run, ref, at_once, now);
}

/// Whatever still holds a slot for the run, without grace.
void Planner::end_attempts_of(const Uuid& run) {
  for (const AttemptKey& key : pools_.of_run(run)) actions_.push_back(CancelAttempt{key, true});
}

Status Planner::retry_run(const RetryRun& input, const Caller& caller, Time now) {
  MR_CHECK(runs_.check_in_order(input.run));
  Run* const found = find_run_of(caller, input.run);
  if (found == nullptr) return not_found("there is no run " + input.run.to_string());
  Run& run = *found;
  std::vector<int> roots;
  for (const auto& id : input.tasks) {
    const int task = run.dag->index_of(id);
    if (task < 0) return not_found("run " + run.id.to_string() + " has no task '" + id + "'");
    roots.push_back(task);
  }
  MR_TRY(std::vector<TaskRef> refs, tasks_to_clear(run, roots));
  if (refs.empty() && !run.error.empty())
    return conflict("all tasks of run " + run.id.to_string() +
                    " succeeded, and it failed because " + run.error +
                    "; name the tasks that should run again");
  if (refs.empty()) return conflict("run " + run.id.to_string() + " has no ended task to retry");
  const bool reopened = run.status != RunStatus::running;
  emit(run, now, TasksCleared{std::move(refs), caller.origin});
  if (reopened) {
    runs_.reopen(run.id);
    admit(run, now);
  } else if (!is_held(run)) {
    begin_pending(run);
    settle(run, now);
  }
  fill_slots(now);
  return {};
}

Status Planner::request_effects(const std::vector<Effect>& effects, const Caller& caller,
                                Time now) {
  for (const Effect& effect : effects) {
    MR_CHECK(check_effect(effect));
    if (std::holds_alternative<StartRun>(effect))
      return invalid_argument("only a task starts a run as an effect; trigger the DAG instead");
  }
  MR_CHECK(models_.admit_command(caller.namespace_, effects));
  emit(Uuid{}, now, EffectsRequested{effects, caller.origin, caller.namespace_});
  models_.apply(caller.namespace_, effects, {});
  react_to(effects, caller.namespace_, nullptr, now);
  fill_slots(now);
  return {};
}

void Planner::command_handled(const Uuid& command, const Result<Json>& answer, Time now) {
  emit(Uuid{}, now,
       CommandHandled{command, answer.ok(), answer ? *answer : to_json(answer.error())});
}

}  // namespace millrace
