#include "engine/spec/check_dag_runs.h"

#include <map>

#include "engine/core/child_run.h"
#include "engine/spec/raw_text.h"

namespace millrace {
namespace {

/// The DAG that a task starts, if the file says it without an expression; "" otherwise.
std::string dag_started_by(const TaskSpec& task) {
  if (task.op != "dag.run" || has_expression(task.with["dag"])) return {};
  return task.with["dag"].as_string();
}

}  // namespace

std::vector<Diagnostic> check_params_of_runs(const std::vector<Resource>& resources,
                                             const Catalog&) {
  std::map<DagKey, const Dag*> known;
  for (const auto& resource : resources)
    if (resource.dag) known.emplace(resource.dag->key(), resource.dag.get());
  std::vector<Diagnostic> out;
  for (const auto& resource : resources) {
    if (!resource.dag) continue;
    for (const auto& task : resource.dag->spec().tasks) {
      const auto other = known.find({resource.namespace_, dag_started_by(task)});
      if (other == known.end() || has_expression(task.with["params"])) continue;
      const auto params = other->second->resolve_params(task.with["params"]);
      if (params) continue;
      out.push_back({resource.file, spec::line_of_key(resource.source, "  " + task.id + ":"), 3,
                     Diagnostic::Severity::warning,
                     "task '" + task.id + "' starts DAG '" + other->first.text() +
                         "' with params that do not fit: " + params.error().message,
                     "the task would fail", "run-params"});
    }
  }
  return out;
}

namespace spec {

void check_own_runs(const LocatedDag& dag, const Loading& loading) {
  for (std::size_t i = 0; i < dag.spec.tasks.size(); ++i) {
    const TaskSpec& task = dag.spec.tasks[i];
    const auto* with = dag.tasks[i].with;
    const auto* entry = with == nullptr ? nullptr : with->find("dag");
    if (entry == nullptr || dag_started_by(task) != dag.spec.id) continue;
    loading.report.warning(entry->value.at, "self-run",
                           "task " + quote(task.id) + " starts a run of its own DAG",
                           "a chain of more than " + std::to_string(kMaxRunDepth) +
                               " runs that start one another is refused");
  }
}

}  // namespace spec
}  // namespace millrace
