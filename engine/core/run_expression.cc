// What expressions see of a run.
#include <algorithm>
#include <array>

#include "engine/core/run.h"

namespace millrace {
namespace {

Json time_json(const std::optional<Time>& time) {
  return time ? Json(format_rfc3339(*time)) : Json();
}

/// From the best state to the worst. What has not ended may yet end badly, but is no failure so
/// far.
constexpr std::array kWorseAndWorse = {
    TaskState::success,   TaskState::skipped,         TaskState::pending,      TaskState::queued,
    TaskState::running,   TaskState::deferred,        TaskState::up_for_retry, TaskState::held,
    TaskState::cancelled, TaskState::upstream_failed, TaskState::failed};
static_assert(kWorseAndWorse.size() == kTaskStateCount);

/// The state of a task as a whole: that of its only instance, or the worst of a mapped task's.
TaskState state_of(const TaskProgress& task) {
  if (task.instances.empty()) return TaskState::skipped;
  const auto badness = [](const TaskInstance& instance) {
    return std::ranges::find(kWorseAndWorse, instance.state) - kWorseAndWorse.begin();
  };
  return std::ranges::max_element(task.instances, {}, badness)->state;
}

Json task_json(const TaskProgress& task) {
  Json out = Json::object({{"state", to_string(state_of(task))}});
  if (!task.expanded) return out.set("outputs", task.instances[0].outputs);
  Json outputs = Json::array();
  for (const auto& instance : task.instances) outputs.push_back(instance.outputs);
  return out.set("outputs", std::move(outputs));
}

}  // namespace

Json expression_root(const Run& run, const std::vector<int>& needed, TaskRef ref) {
  const auto& created = run.created;
  Json root = Json::object();
  root.set("run", Json::object({{"id", run.id.to_string()},
                                {"type", to_string(created.type)},
                                {"trace_id", created.trace_id},
                                {"created_at", format_rfc3339(run.created_at)},
                                {"logical_date", time_json(created.logical_date)},
                                {"data_interval_start", time_json(created.interval_start)},
                                {"data_interval_end", time_json(created.interval_end)}}));
  Json params = created.params;
  if (const auto changed = run.resumed_params.find(ref); changed != run.resumed_params.end())
    for (const auto& [name, value] : changed->second.members()) params.set(name, value);
  root.set("params", std::move(params));
  root.set("event", created.trigger);
  root.set("dag", Json::object({{"id", run.dag->id()}, {"owner", run.dag->spec().owner}}));
  Json tasks = Json::object();
  for (const int task : needed)
    tasks.set(run.dag->task(task).spec.id, task_json(run.tasks[static_cast<std::size_t>(task)]));
  root.set("tasks", std::move(tasks));
  set_own_names(root, run, ref);
  return root;
}

void set_own_names(Json& root, const Run& run, TaskRef ref) {
  if (ref.map_index >= 0) {
    root.set("item", run.tasks[static_cast<std::size_t>(ref.task)].items.at(
                         static_cast<std::size_t>(ref.map_index)));
    root.set("index", ref.map_index);
  }
  if (ref.task < 0 || !run.dag->task(ref.task).until || !run.has(ref)) return;
  const TaskInstance& instance = run.instance(ref);
  root.set("iteration", instance.iterations + 1);
  const bool has_previous = instance.iterations > 0 && instance.outputs.is_object();
  root.set("previous", has_previous ? instance.outputs : Json::object());
}

Result<Json> outputs_of(const Run& run) {
  const auto& outputs = run.dag->outputs();
  if (!outputs) return Json();
  const Json root = expression_root(run, outputs->reads, {-1, -1});
  auto values = outputs->values.render({&root});
  if (!values) return Error(values.error()).at("outputs" + values.error().where);
  if (const std::size_t bytes = values->dump().size(); bytes > kMaxRunOutputBytes)
    return make_error(ErrorCode::resource_exhausted,
                      "the values have " + std::to_string(bytes) + " bytes; the most is " +
                          std::to_string(kMaxRunOutputBytes) +
                          ": put the data into an artifact, and name it here")
        .at("outputs");
  return values;
}

}  // namespace millrace
