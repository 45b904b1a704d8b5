// `defaults`, `tasks` and `outputs` of a DAG or a template.
#include "engine/spec/expand_tasks.h"
#include "engine/spec/read_dag.h"

namespace millrace::spec {
namespace {

void read_outputs(const YamlNode& node, LocatedDag& dag, Report& report) {
  if (node.is_null()) return;
  if (!node.is_mapping())
    return report.error(
        node.at, "wrong-type",
        "outputs must be a mapping of names to values, but it is " + std::string(node.type_name()));
  for (const auto& entry : node.entries) checked_id(entry.key, "output", entry.key_at, report);
  if (node.entries.empty()) return;
  dag.outputs = &node;
  dag.spec.outputs = to_json(node, report);
}

bool check_tasks(const YamlNode& node, const LocatedDag& dag, Report& report) {
  const std::string what = dag.is_template ? "the template" : "the DAG";
  if (!node.is_mapping()) {
    report.error(
        node.at, "wrong-type",
        "tasks must be a mapping of ids to tasks, but it is " + std::string(node.type_name()));
    return false;
  }
  if (node.entries.empty()) report.error(node.at, "missing-key", what + " has no tasks");
  if (node.entries.size() <= kMaxTasks) return true;
  report.error(node.at, "too-many-values",
               what + " has " + std::to_string(node.entries.size()) + " tasks; at most " +
                   std::to_string(kMaxTasks) + " are possible",
               "`foreach` makes many instances of one task");
  return false;
}

void read_tasks(const YamlNode& root, const TaskSpec& defaults, LocatedDag& dag,
                const Loading& loading) {
  const YamlNode& tasks = root.find("tasks")->value;
  dag.expanded = expand_tasks(root, defaults, dag, loading);
  if (!dag.expanded) {
    for (const auto& entry : tasks.entries) {
      checked_id(entry.key, "task", entry.key_at, loading.report);
      read_task(entry, defaults, dag, loading);
    }
    return;
  }
  for (const auto& task : dag.expanded->tasks) {
    checked_id(task.entry.key, "task", task.entry.key_at, loading.report);
    if (task.defaults != nullptr)
      read_task(task.entry, *task.defaults, dag, loading);
    else
      read_unknown_task(task.entry, dag, loading);
  }
}

}  // namespace

void read_graph(const YamlNode& root, LocatedDag& dag, const Loading& loading) {
  TaskSpec defaults;
  if (const auto* entry = root.find("defaults"))
    if (check_keys(entry->value, entry->key_at, defaults_fields(), "defaults", loading.report))
      read_limits(entry->value, defaults, loading);
  if (const auto* entry = root.find("tasks"))
    if (check_tasks(entry->value, dag, loading.report)) read_tasks(root, defaults, dag, loading);
  resolve_depends(dag, loading);
  const auto* outputs = root.find("outputs");
  if (dag.expanded && dag.expanded->outputs)
    read_outputs(*dag.expanded->outputs, dag, loading.report);
  else if (outputs != nullptr)
    read_outputs(outputs->value, dag, loading.report);
}

}  // namespace millrace::spec
