#include "engine/spec/read_dag.h"

#include <algorithm>

namespace millrace::spec {
namespace {

void read_header(const YamlNode& root, LocatedDag& dag, const Loading& loading) {
  Report& report = loading.report;
  DagSpec& spec = dag.spec;
  if (const auto* entry = root.find("dag")) {
    dag.at = entry->value.at;
    if (auto id = read_name(entry->value, "dag", report))
      spec.id = checked_id(*std::move(id), "dag", entry->value.at, report);
  }
  if (const auto* entry = root.find("namespace"))
    if (auto id = read_name(entry->value, "namespace", report))
      spec.namespace_ = checked_id(*std::move(id), "namespace", entry->value.at, report);
  if (const auto* entry = root.find("doc"))
    spec.doc = read_string(entry->value, "doc", report).value_or("");
  if (const auto* entry = root.find("owner"))
    spec.owner = read_string(entry->value, "owner", report).value_or("");
  if (const auto* entry = root.find("tags"))
    spec.tags = texts(read_names(entry->value, "tags", report));
  if (const auto* entry = root.find("max_active_runs"))
    spec.max_active_runs = static_cast<int>(
        read_integer(entry->value, "max_active_runs", 1, 100'000, report).value_or(16));
}

void read_dag_params(const YamlNode& node, LocatedDag& dag, Report& report) {
  dag.spec.params = read_params(node, "param", report);
  for (const auto& param : dag.spec.params) {
    if (param.schema.contains("default")) continue;
    if (const std::string cure = cure_of_missing_default(dag, param.name); !cure.empty())
      report.error(node.find(param.name)->key_at, "missing-key",
                   "param " + quote(param.name) + " has no default", cure);
  }
}

}  // namespace

LocatedDag read_dag(const YamlNode& root, const Loading& loading) {
  Report& report = loading.report;
  LocatedDag dag;
  dag.at = root.at;
  check_keys(root, root.at, dag_fields(), "the DAG", report);
  read_header(root, dag, loading);
  if (const auto* entry = root.find("schedule")) read_schedule(entry->value, dag.spec, report);
  if (const auto* entry = root.find("on")) read_on(entry->value, dag, loading);
  if (const auto* entry = root.find("params")) read_dag_params(entry->value, dag, report);
  check_trigger_params(dag, report);
  read_graph(root, dag, loading);
  return dag;
}

}  // namespace millrace::spec
