// `on` of a DAG file: what starts a run besides a schedule.
#include <algorithm>

#include "engine/spec/read_dag.h"

namespace millrace::spec {
namespace {

/// `if` and `params`, which every trigger with an event has.
void read_event_use(const YamlNode& node, LocatedTrigger trigger, Json& out, LocatedDag& dag,
                    const Loading& loading) {
  if (const auto* entry = node.find("if")) {
    trigger.condition = &entry->value;
    out.set("if", read_condition("if", entry->value, loading));
  }
  if (const auto* entry = node.find("params"); entry != nullptr && !entry->value.is_null()) {
    if (entry->value.is_mapping()) {
      trigger.params = &entry->value;
      out.set("params", to_json(entry->value, loading.report));
    } else {
      loading.report.error(entry->value.at, "wrong-type",
                           "params must be a mapping of the DAG's params to values, but it is " +
                               std::string(entry->value.type_name()));
    }
  }
  dag.triggers.push_back(std::move(trigger));
}

void read_event(const YamlNode::Entry& event, LocatedDag& dag, const Loading& loading) {
  if (!check_keys(event.value, event.key_at, event_fields(), "event", loading.report)) return;
  Json out = Json::object();
  if (const auto* entry = event.value.find("type"))
    out.set("type", read_string(entry->value, "type", loading.report).value_or(""));
  read_event_use(event.value, {.key = "event"}, out, dag, loading);
  dag.spec.on_event = std::move(out);
}

void check_trigger_param(const YamlNode::Entry& entry, const LocatedDag& dag, Report& report) {
  const auto& params = dag.spec.params;
  const auto param = std::ranges::find(params, entry.key, &ParamSpec::name);
  if (param == params.end()) {
    std::vector<std::string> known;
    for (const auto& each : params) known.push_back(each.name);
    std::string hint = report.suggest(entry.key, known);
    if (hint.empty() && !known.empty()) hint = "there are " + listed(known);
    return report.error(entry.key_at, "unknown-key", "the DAG has no param " + quote(entry.key),
                        hint);
  }
  const Json value = to_json(entry.value, report);
  const auto made = Template::compile(value);
  if (!made || !made->is_constant()) return;  // an error is reported with the expressions
  if (const auto fits = check_param(*param, value); !fits.ok())
    report.error(entry.value.at, "bad-value", fits.error().message);
}

}  // namespace

void read_on(const YamlNode& node, LocatedDag& dag, const Loading& loading) {
  if (!check_keys(node, node.at, on_fields(), "on", loading.report)) return;
  if (const auto* entry = node.find("dataset")) {
    dag.datasets_at = entry->value.at;
    dag.spec.datasets = texts(read_names(entry->value, "dataset", loading.report));
  }
  if (const auto* entry = node.find("event")) read_event(*entry, dag, loading);
}

std::string cure_of_missing_default(const LocatedDag& dag, const std::string& param) {
  if (dag.spec.schedule || !dag.spec.datasets.empty())
    return "runs that start by `schedule` or `on` can only take the default";
  for (const LocatedTrigger& trigger : dag.triggers)
    if (trigger.params == nullptr || trigger.params->find(param) == nullptr)
      return "write one, or take the value from the event: `on: {" + trigger.key + ": {params: {" +
             param + ": ${{ event.data… }}}}}`";
  return "";
}

void check_trigger_params(const LocatedDag& dag, Report& report) {
  for (const auto& trigger : dag.triggers)
    if (trigger.params != nullptr)
      for (const auto& entry : trigger.params->entries) check_trigger_param(entry, dag, report);
}

}  // namespace millrace::spec
