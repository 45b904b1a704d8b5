#include <algorithm>

#include "engine/spec/check_dag_runs.h"
#include "engine/spec/check_datasets.h"
#include "engine/spec/loaded_template.h"
#include "engine/spec/read_dag.h"
#include "engine/spec/resource.h"
#include "engine/spec/schema.h"

namespace millrace {
namespace {

/// A DAG that starts on a dataset which it updates itself would run for ever.
void check_own_datasets(const spec::LocatedDag& dag, const spec::Loading& loading) {
  const auto updated = updated_datasets(dag.spec, loading.catalog);
  for (const auto& dataset : dag.spec.datasets)
    if (std::ranges::find(updated, dataset) != updated.end())
      loading.report.error(dag.datasets_at, "dataset-ring",
                           "DAG '" + DagKey(dag.spec.namespace_, dag.spec.id).text() +
                               "' starts on the dataset '" + dataset +
                               "', which it updates itself: this would go on for ever",
                           "start it by a schedule, or update another dataset");
}

void read_dag_resource(const spec::YamlNode& root, const spec::Loading& loading, Resource& out) {
  spec::LocatedDag dag = spec::read_dag(root, loading);
  out.name = dag.spec.id;
  out.namespace_ = dag.spec.namespace_;
  out.uses_templates = dag.uses_templates;
  spec::check_graph(dag, loading);
  spec::check_teardowns(dag, loading);
  spec::check_expressions(dag, loading);
  spec::check_types(dag, loading);
  spec::check_own_runs(dag, loading);
  if (loading.report.has_error()) return;
  check_own_datasets(dag, loading);
  // The core has the last word; what it refuses and we did not is a gap in the checks above.
  if (auto made = Dag::make(dag.spec))
    out.dag = std::make_shared<const Dag>(*std::move(made));
  else
    loading.report.error_with_suggestion(dag.at, "invalid-dag", made.error().to_string());
}

std::vector<Diagnostic> check_dags_together(const std::vector<Resource>& resources,
                                            const Catalog& catalog) {
  auto out = check_dataset_rings(resources, catalog);
  const auto runs = check_params_of_runs(resources, catalog);
  out.insert(out.end(), runs.begin(), runs.end());
  return out;
}

}  // namespace

const ResourceKinds& builtin_kinds() {
  static const ResourceKinds kinds = {{.name = "dag",
                                       .noun = "DAG",
                                       .mark = "tasks",
                                       .read = read_dag_resource,
                                       .schema = dag_json_schema,
                                       .check_together = check_dags_together},
                                      {.name = "template",
                                       .noun = "template",
                                       .mark = "",
                                       .read = spec::read_template_resource,
                                       .schema = template_json_schema,
                                       .check_together = {}}};
  return kinds;
}

const ResourceKind* find_kind(const ResourceKinds& kinds, std::string_view name) {
  const auto found = std::ranges::find(kinds, name, &ResourceKind::name);
  return found == kinds.end() ? nullptr : &*found;
}

std::vector<std::string> names_of(const ResourceKinds& kinds) {
  std::vector<std::string> names;
  for (const auto& kind : kinds) names.push_back(kind.name);
  return names;
}

}  // namespace millrace
