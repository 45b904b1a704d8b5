#include "engine/spec/read_dag.h"

#include <algorithm>

namespace millrace::spec {
namespace {

constexpr std::size_t kMaxTasks = 10'000;

/// Reports what is wrong with an id; the text itself otherwise.
std::string checked_id(std::string id, std::string_view what, const Position& at, Report& report) {
  if (!is_valid_id(id))
    report.error(at, "bad-id", std::string(what) + " " + quote(id) + " is not a valid id",
                 "use " + std::string(kIdRule));
  return id;
}

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

/// `months: 2` is short for `months: {type: integer, default: 2}`.
Json shorthand_schema(const YamlNode& node, Report& report) {
  const Json value = to_json(node, report);
  Json schema = Json::object();
  switch (value.type()) {
    case Json::Type::null:
      return schema.set("default", Json());
    case Json::Type::array:
      schema.set("type", "array");
      break;
    case Json::Type::boolean:
      schema.set("type", "boolean");
      break;
    case Json::Type::integer:
      schema.set("type", "integer");
      break;
    case Json::Type::number:
      schema.set("type", "number");
      break;
    default:
      schema.set("type", "string");
  }
  return schema.set("default", value);
}

/// What no value could ever fit is an error of the declaration.
void check_bounds(const YamlNode& node, const std::string& what, Report& report) {
  std::optional<double> bounds[2];
  int i = 0;
  for (const std::string_view bound : {"minimum", "maximum"}) {
    if (const auto* entry = node.find(bound))
      bounds[i] = read_number(entry->value, bound, -kNoBound, kNoBound, report);
    ++i;
  }
  if (bounds[0] && bounds[1] && *bounds[0] > *bounds[1])
    report.error(node.find("minimum")->value.at, "bad-value",
                 what + ": the minimum is above the maximum, so no value fits");
  const auto* choices = node.find("enum");
  if (choices == nullptr) return;
  if (!choices->value.is_list())
    report.error(choices->value.at, "wrong-type", what + ": enum must be a list");
  else if (choices->value.items.empty())
    report.error(choices->value.at, "bad-value", what + ": enum is empty, so no value fits",
                 "list the values that are allowed, or remove it");
}

Json param_schema(const std::string& name, const YamlNode& node, Report& report) {
  const std::string what = "param " + quote(name);
  check_keys(node, node.at, param_fields(), what, report);
  if (const auto* entry = node.find("type")) {
    const std::string type = read_string(entry->value, "type", report).value_or("string");
    const std::vector<std::string> known = {"string",  "integer", "number",
                                            "boolean", "array",   "object"};
    if (std::ranges::find(known, type) == known.end()) {
      const std::string hint = report.suggest(type, known);
      report.error(entry->value.at, "bad-value", what + " has the unknown type " + quote(type),
                   hint.empty() ? "there are " + listed(known) : hint);
      Json rest = to_json(node, report);
      std::erase_if(rest.mutable_members(),
                    [](const auto& member) { return member.first == "type"; });
      return rest;
    }
  }
  check_bounds(node, what, report);
  Json schema = to_json(node, report);
  if (schema["type"].as_view() == "string")
    for (const char* key : {"default", "enum"})
      if (const auto* entry = node.find(key)) schema.set(key, to_json_as_written(entry->value));
  return schema;
}

void read_params(const YamlNode& node, LocatedDag& dag, Report& report) {
  if (!node.is_mapping()) {
    if (!node.is_null())
      report.error(node.at, "wrong-type",
                   "params must be a mapping of names, but it is " + std::string(node.type_name()));
    return;
  }
  for (const auto& entry : node.entries) {
    if (report.full()) return;
    ParamSpec param{checked_id(entry.key, "param", entry.key_at, report),
                    entry.value.is_mapping() ? param_schema(entry.key, entry.value, report)
                                             : shorthand_schema(entry.value, report)};
    const Json* given = param.schema.find("default");
    if (given == nullptr) {
      if (const std::string cure = cure_of_missing_default(dag, entry.key); !cure.empty())
        report.error(entry.key_at, "missing-key", "param " + quote(entry.key) + " has no default",
                     cure);
    } else if (const auto fits = check_param(param, *given); !fits.ok()) {
      const auto* place = entry.value.find("default");
      report.error(place ? place->value.at : entry.value.at, "bad-value",
                   "the default breaks its own schema: " + fits.error().message);
    }
    dag.spec.params.push_back(std::move(param));
  }
}

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

void read_tasks(const YamlNode& node, const TaskSpec& defaults, LocatedDag& dag,
                const Loading& loading) {
  Report& report = loading.report;
  if (!node.is_mapping()) {
    report.error(
        node.at, "wrong-type",
        "tasks must be a mapping of ids to tasks, but it is " + std::string(node.type_name()));
    return;
  }
  if (node.entries.empty()) report.error(node.at, "missing-key", "the DAG has no tasks");
  if (node.entries.size() > kMaxTasks) {
    report.error(node.at, "too-many-values",
                 "the DAG has " + std::to_string(node.entries.size()) + " tasks; at most " +
                     std::to_string(kMaxTasks) + " are possible",
                 "`foreach` makes many instances of one task");
    return;
  }
  for (const auto& entry : node.entries) {
    checked_id(entry.key, "task", entry.key_at, report);
    read_task(entry, defaults, dag, loading);
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
  if (const auto* entry = root.find("params")) read_params(entry->value, dag, report);
  check_trigger_params(dag, report);
  TaskSpec defaults;
  if (const auto* entry = root.find("defaults"))
    if (check_keys(entry->value, entry->key_at, defaults_fields(), "defaults", report))
      read_limits(entry->value, defaults, loading);
  if (const auto* entry = root.find("tasks")) read_tasks(entry->value, defaults, dag, loading);
  if (const auto* entry = root.find("outputs")) read_outputs(entry->value, dag, report);
  return dag;
}

}  // namespace millrace::spec
