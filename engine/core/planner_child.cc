// Runs that tasks start. The decision to start one, its creation, and the deferral or the end of
// the task are events of one batch; so are its end and the news of it to the task that waits.
#include <algorithm>
#include <cassert>

#include "engine/base/record_json.h"
#include "engine/core/child_run.h"
#include "engine/core/planner.h"

namespace millrace {
namespace {

const StartRun* start_in(const std::vector<Effect>& effects) {
  for (const Effect& effect : effects)
    if (const auto* start = std::get_if<StartRun>(&effect)) return start;
  return nullptr;
}

int depth_of(const Run& run) {
  const auto parent = parent_of(run.created.type, run.created.trigger);
  return parent ? parent->depth : 0;
}

/// In which a date without an offset is meant.
std::string time_zone_of(const Dag& dag) {
  return dag.timetable() ? dag.spec().schedule->time_zone : "UTC";
}

/// The error of the first task that failed.
std::string first_failure(const Run& run) {
  for (std::size_t task = 0; task < run.tasks.size(); ++task)
    for (const TaskInstance& instance : run.tasks[task].instances)
      if (instance.state == TaskState::failed)
        return "task '" + run.dag->tasks()[task].spec.id + "': " + instance.error.to_string();
  return {};
}

}  // namespace

/// A run that a person or a task asks for; otherwise why there is none.
Result<Planner::Asked> Planner::ask_for_run(const DagKey& dag, const Json& params,
                                            const std::string& logical_date) {
  MR_TRY(DagState* const state, find_startable(dag));
  Asked asked{state, {}, {}};
  if (!logical_date.empty()) {
    MR_TRY(asked.logical_date, parse_wall_time(logical_date, time_zone_of(*state->dag)));
  }
  MR_TRY(asked.params, state->dag->resolve_params(params));
  return asked;
}

Status Planner::admit_child(const Run& run, const std::vector<Effect>& effects) {
  const StartRun* const start = start_in(effects);
  if (start == nullptr) return {};
  const auto is_start = [](const Effect& e) { return std::holds_alternative<StartRun>(e); };
  if (std::ranges::count_if(effects, is_start) > 1)
    return invalid_argument("an attempt starts at most one run");
  if (depth_of(run) >= kMaxRunDepth)
    return invalid_argument(
        "run " + run.id.to_string() + " is at the end of a chain of " +
        std::to_string(kMaxRunDepth) +
        " runs of which each was started by the one before it; no longer chain is possible");
  const auto asked =
      ask_for_run({run.dag->key().namespace_, start->dag}, start->params, start->logical_date);
  return asked ? Status() : Status(asked.error());
}

Outcome Planner::with_child_id(Outcome outcome, Time now) {
  const Uuid child = ids_.next(now, rng_);
  const auto name_it = [&](std::vector<Effect>& effects) {
    for (Effect& effect : effects)
      if (auto* start = std::get_if<StartRun>(&effect)) start->run = child;
  };
  if (auto* done = std::get_if<Done>(&outcome)) {
    name_it(done->effects);
    if (!done->outputs.is_object()) done->outputs = Json::object();
    done->outputs.set("run_id", child.to_string());
  }
  if (auto* defer = std::get_if<Defer>(&outcome)) name_it(defer->effects);
  if (auto* judged = std::get_if<Fail>(&outcome)) name_it(judged->effects);
  return outcome;
}

/// REQUIRES: admitted just now, and its events are recorded in the run.
void Planner::start_child(Run& run, TaskRef ref, const std::vector<Effect>& effects, Time now) {
  const StartRun* const start = start_in(effects);
  if (start == nullptr) return;
  const DagKey& own = run.dag->key();
  auto asked = ask_for_run({own.namespace_, start->dag}, start->params, start->logical_date);
  assert(asked.ok() && "it was admitted");
  const std::string& task = run.dag->task(ref.task).spec.id;
  const ParentTask parent{run.id, own.name, task, ref.map_index, depth_of(run) + 1};
  if (run.awaited_by(ref) != nullptr) dag_waits_.add(own, asked->dag->dag->key());
  Origin origin{"engine", "task " + task + " of run " + run.id.to_string() + " started it"};
  origin.on_behalf_of = run.created.origin.on_behalf_of;
  // The new run works on a worklist of its own; ours waits.
  std::vector<int> ours = std::exchange(worklist_, {});
  create_run({.id = *start->run,
              .type = RunType::child,
              .logical_date = asked->logical_date,
              .params = std::move(asked->params),
              .trigger = record_json(parent),
              .trace = run.created.trace_id,
              .origin = std::move(origin)},
             *asked->dag, now);
  worklist_ = std::move(ours);
}

Planner::EndOfChild Planner::end_of_child(const Run& child) {
  EndOfChild end{child.status, child.outputs, child.error};
  if (end.error.empty() && end.status == RunStatus::failed) end.error = first_failure(child);
  return end;
}

/// With a run go on those that its tasks have started.
bool Planner::may_go_on(const Run& run) const {
  if (options_.only_dag.empty() || run.created.dag == options_.only_dag) return true;
  const auto parent = parent_of(run.created.type, run.created.trigger);
  const Run* const starter = parent ? runs_.find(parent->run) : nullptr;
  return starter != nullptr && may_go_on(*starter);
}

/// Tasks that wait for runs which have ended since the last call.
void Planner::wake_parents(Time now) {
  while (!ended_children_.empty())
    for (const Uuid& id : std::exchange(ended_children_, {})) {
      const Run* const child = runs_.find(id);
      if (child == nullptr || child->status == RunStatus::running) continue;
      const auto parent = parent_of(child->created.type, child->created.trigger);
      Run* const run = parent ? runs_.find_open(parent->run) : nullptr;
      if (run == nullptr) continue;
      const TaskRef ref{run->dag->index_of(parent->task), parent->map_index};
      const Uuid* const awaited = run->has(ref) ? run->awaited_by(ref) : nullptr;
      if (awaited == nullptr || *awaited != id) continue;
      dag_waits_.remove(run->dag->key(), child->dag->key());
      end_wait(*run, ref, end_of_child(*child), now);
      settle(*run, now);
    }
}

void Planner::end_wait(Run& run, TaskRef ref, EndOfChild end, Time now) {
  emit(run, now,
       ChildRunEnded{ref, *run.awaited_by(ref), end.status, std::move(end.outputs),
                     std::move(end.error)});
  make_ready(run, ref, now);
}

/// The task that waited for it is cancelled.
void Planner::cancel_child(const Uuid& child, const Run& run, TaskRef ref, bool force, Time now) {
  Run* const found = runs_.find(child);
  if (found == nullptr) return;
  dag_waits_.remove(run.dag->key(), found->dag->key());
  if (found->status != RunStatus::running || (found->cancelling && !force)) return;
  const std::string& task = run.dag->task(ref.task).spec.id;
  std::vector<int> ours = std::exchange(worklist_, {});
  cancel(*found,
         {"engine",
          "task " + task + " of run " + run.id.to_string() + ", which waits for it, was cancelled"},
         force, now);
  worklist_ = std::move(ours);
}

// --- restoring

void Planner::restore_ended_child(const Run& run) {
  ended_before_.insert_or_assign(run.id, end_of_child(run));
}

void Planner::note_restored_waits() {
  for (const Uuid& id : runs_.ids()) {
    const Run& run = *runs_.find(id);
    for (const auto& [ref, child] : run.children)
      if (run.awaited_by(ref) != nullptr)
        if (const Run* const awaited = runs_.find_open(child.run))
          dag_waits_.add(run.dag->key(), awaited->dag->key());
  }
}

/// It waits on, unless the run that it waits for has ended meanwhile or is forgotten.
void Planner::restore_wait(Run& run, TaskRef ref, const Uuid& child, Time now) {
  // One that has ended since the start of this planner wakes the task: wake_parents.
  if (runs_.find(child) != nullptr || !runs_.check_in_order(child)) return;
  const auto ended = ended_before_.find(child);
  end_wait(run, ref,
           ended != ended_before_.end()
               ? ended->second
               : EndOfChild{RunStatus::failed, {}, "it is forgotten, and its end was not seen"},
           now);
}

/// Held back, the child would wait for a run that waits for it: a run of its own DAG waits for it,
/// directly or through others.
bool Planner::closes_ring(const Run& child) const {
  const auto parent = parent_of(child.created.type, child.created.trigger);
  const Run* const run = parent ? runs_.find(parent->run) : nullptr;
  if (run == nullptr) return false;
  const TaskRef ref{run->dag->index_of(parent->task), parent->map_index};
  const Uuid* const awaited = run->has(ref) ? run->awaited_by(ref) : nullptr;
  return awaited != nullptr && *awaited == child.id &&
         dag_waits_.leads(child.dag->key(), run->dag->key());
}

}  // namespace millrace
