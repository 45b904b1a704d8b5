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

Result<std::vector<TaskRef>> Planner::held_tasks(const Run& run, const std::string& id,
                                                 std::optional<int> map_index) const {
  const int task = run.dag->index_of(id);
  if (task < 0) return not_found("run " + run.id.to_string() + " has no task '" + id + "'");
  const auto& progress = run.tasks[static_cast<std::size_t>(task)];
  const int wanted = map_index.value_or(-1);
  if (wanted >= 0 && !run.has({task, wanted}))
    return not_found("task '" + id + "' of run " + run.id.to_string() + " has no item " +
                     std::to_string(wanted));
  std::vector<TaskRef> refs;
  for (std::size_t i = 0; i < progress.instances.size(); ++i) {
    const TaskRef ref{task, progress.expanded ? static_cast<int>(i) : -1};
    const bool is_meant = wanted < 0 || ref.map_index == wanted;
    if (is_meant && run.instance(ref).state == TaskState::held) refs.push_back(ref);
  }
  if (refs.empty())
    return conflict("task '" + id + "' of run " + run.id.to_string() +
                    " is not held; only a held task can be resumed or given up");
  return refs;
}

Status Planner::resume_task(const ResumeTask& input, const Caller& caller, Time now) {
  MR_CHECK(runs_.check_in_order(input.run));
  Run* const run = find_run_of(caller, input.run);
  if (run == nullptr || run->status != RunStatus::running)
    return conflict("run " + input.run.to_string() + " is not running");
  MR_TRY(const auto refs, held_tasks(*run, input.task, input.map_index));
  MR_CHECK(check_params(*run, input.params));
  for (const TaskRef ref : refs) {
    emit(*run, now, TaskResumed{ref, input.params, caller.origin});
    make_ready(*run, ref, now);
  }
  settle(*run, now);
  fill_slots(now);
  return {};
}

Status Planner::fail_task(const FailHeldTask& input, const Caller& caller, Time now) {
  MR_CHECK(runs_.check_in_order(input.run));
  Run* const run = find_run_of(caller, input.run);
  if (run == nullptr || run->status != RunStatus::running)
    return conflict("run " + input.run.to_string() + " is not running");
  MR_TRY(const auto refs, held_tasks(*run, input.task, input.map_index));
  for (const TaskRef ref : refs) {
    emit(*run, now, HeldTaskGivenUp{ref, caller.origin});
    fail(*run, ref, run->instance(ref).error, now);
  }
  settle(*run, now);
  fill_slots(now);
  return {};
}

}  // namespace millrace
