#include "engine/store/projection.h"

namespace millrace {
namespace {

std::string task_id(const Run& run, int task) { return run.dag->task(task).spec.id; }

TaskRow cleared_row(const Run& run, TaskRef ref) {
  TaskRow row;
  row.run = run.id;
  row.task = task_id(run, ref.task);
  row.map_index = ref.map_index;
  return row;
}

/// What a person should read next to the state.
std::string explanation(const TaskInstance& instance) {
  switch (instance.state) {
    case TaskState::failed:
      return instance.error.to_string();
    case TaskState::skipped:
      return instance.reason;
    default:
      return {};
  }
}

std::optional<Time> set_or_none(Time time) {
  return time == Time{} ? std::nullopt : std::optional(time);
}

bool is_ending(const EventBody& body) {
  return std::holds_alternative<TaskSucceeded>(body) || std::holds_alternative<TaskFailed>(body) ||
         std::holds_alternative<TaskSkipped>(body) || std::holds_alternative<TaskCancelled>(body) ||
         std::holds_alternative<TaskUpstreamFailed>(body);
}

void reopen(Batch& batch, const TasksCleared& cleared, const Run& run) {
  std::erase_if(batch.runs_finished, [&](const RunRow& row) { return row.run == run.id; });
  batch.runs_reopened.push_back(run.id);
  for (const TaskRef ref : cleared.tasks) {
    TaskRow gone = cleared_row(run, ref);
    std::erase_if(batch.tasks_ended, [&](const TaskRow& row) {
      return row.run == gone.run && row.task == gone.task &&
             (gone.map_index < 0 || row.map_index == gone.map_index);
    });
    batch.tasks_cleared.emplace_back(run.id, std::move(gone));
  }
}

}  // namespace

RunRow run_row(const Run& run) {
  RunRow row;
  row.run = run.id;
  row.dag = run.created.dag.name;
  row.namespace_ = run.created.dag.namespace_;
  row.version = run.created.version;
  row.type = run.created.type;
  row.status = run.status;
  row.logical_date = run.created.logical_date;
  row.interval_start = run.created.interval_start;
  row.interval_end = run.created.interval_end;
  row.params = run.created.params;
  row.trigger = run.created.trigger;
  row.trace_id = run.created.trace_id;
  row.actor = run.created.origin.principal.who;
  row.on_behalf_of = run.created.origin.on_behalf_of;
  row.reason = run.created.origin.reason;
  row.created_at = run.created_at;
  row.finished_at = set_or_none(run.finished_at);
  row.outputs = run.outputs;
  row.error = run.error;
  row.backfill = run.created.backfill;
  return row;
}

TaskRow task_row(const Run& run, TaskRef ref) {
  const TaskInstance& instance = run.instance(ref);
  TaskRow row;
  row.run = run.id;
  row.task = task_id(run, ref.task);
  row.map_index = ref.map_index;
  row.state = instance.state;
  row.attempt = instance.attempt;
  row.started_at = set_or_none(instance.started);
  row.ended_at = instance.since;
  row.error = explanation(instance);
  return row;
}

void project(Batch& batch, const Event& event, const Run& run) {
  if (std::holds_alternative<RunCreated>(event.body)) batch.runs_created.push_back(run_row(run));
  if (std::holds_alternative<RunFinished>(event.body)) batch.runs_finished.push_back(run_row(run));
  if (const auto* cleared = std::get_if<TasksCleared>(&event.body)) reopen(batch, *cleared, run);
  const TaskRef* ref = task_of(event.body);
  if (ref == nullptr) return;
  if (is_ending(event.body) && run.has(*ref) && is_end(run.instance(*ref).state))
    batch.tasks_ended.push_back(task_row(run, *ref));
  const auto* effects = effects_of(event.body);
  if (effects != nullptr && !effects->empty())
    batch.task_ids.try_emplace({run.id, ref->task}, run.created.dag.namespace_,
                               task_id(run, ref->task));
}

}  // namespace millrace
