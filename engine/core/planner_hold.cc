// Held tasks: their attempts are used up, and a person resumes them or lets them fail.
#include "engine/core/planner.h"

namespace millrace {
namespace {

/// What a run's params are with `changed`; an error names the one that does not fit.
Status check_params(const Run& run, const Json& changed) {
  if (changed.is_null()) return {};
  if (!changed.is_object()) return invalid_argument("params must be a mapping of names to values");
  Json all = run.created.params;
  for (const auto& [name, value] : changed.members()) all.set(name, value);
  MR_CHECK(run.dag->resolve_params(all));
  return {};
}

}  // namespace

/// `map_index`: the instance that is meant; nothing: all that are held.
Result<Planner::Held> Planner::find_held(const Caller& caller, const Uuid& id,
                                         const std::string& task_id, std::optional<int> map_index) {
  MR_CHECK(runs_.check_in_order(id));
  Run* const run = find_run_of(caller, id);
  if (run == nullptr || run->status != RunStatus::running)
    return conflict("run " + id.to_string() + " is not running");
  const int task = run->dag->index_of(task_id);
  if (task < 0) return not_found("run " + id.to_string() + " has no task '" + task_id + "'");
  const auto& progress = run->tasks[static_cast<std::size_t>(task)];
  const int wanted = map_index.value_or(-1);
  if (wanted >= 0 && !run->has({task, wanted}))
    return not_found("task '" + task_id + "' of run " + id.to_string() + " has no item " +
                     std::to_string(wanted));
  Held held{*run, {}};
  for (std::size_t i = 0; i < progress.instances.size(); ++i) {
    const TaskRef ref{task, progress.expanded ? static_cast<int>(i) : -1};
    const bool is_meant = wanted < 0 || ref.map_index == wanted;
    if (is_meant && run->instance(ref).state == TaskState::held) held.refs.push_back(ref);
  }
  if (held.refs.empty())
    return conflict("task '" + task_id + "' of run " + id.to_string() +
                    " is not held; only a held task can be resumed or given up");
  return held;
}

Status Planner::resume_task(const ResumeTask& input, const Caller& caller, Time now) {
  MR_TRY(const Held held, find_held(caller, input.run, input.task, input.map_index));
  MR_CHECK(check_params(held.run, input.params));
  for (const TaskRef ref : held.refs) {
    emit(held.run, now, TaskResumed{ref, input.params, caller.origin});
    make_ready(held.run, ref, now);
  }
  settle(held.run, now);
  fill_slots(now);
  return {};
}

Status Planner::fail_task(const FailHeldTask& input, const Caller& caller, Time now) {
  MR_TRY(const Held held, find_held(caller, input.run, input.task, input.map_index));
  for (const TaskRef ref : held.refs) {
    emit(held.run, now, HeldTaskGivenUp{ref, caller.origin});
    fail(held.run, ref, held.run.instance(ref).error, now);
  }
  settle(held.run, now);
  fill_slots(now);
  return {};
}

}  // namespace millrace
