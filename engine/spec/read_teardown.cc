// `teardown` of a task.
#include <algorithm>

#include "engine/spec/read_dag.h"

namespace millrace::spec {
namespace {

/// A teardown needs its setups, whether `needs` names them or not.
void add_setup(const Located& setup, TaskSpec& task, TaskPlaces& places, Report& report) {
  if (setup.text == task.id)
    return report.error(setup.at, "bad-value",
                        "teardown: task " + quote(task.id) + " cannot be its own setup",
                        "name the task that it cleans up after");
  task.teardown.setups.push_back(setup.text);
  if (std::ranges::find(task.needs, setup.text) != task.needs.end()) return;
  places.needs.push_back(setup);
  task.needs.push_back(setup.text);
}

std::vector<Located> read_setups(const YamlNode& node, TaskSpec& task, TaskPlaces& places,
                                 Report& report) {
  if (!node.is_mapping()) return read_names(node, "teardown", report);
  if (!check_keys(node, node.at, teardown_fields(), "teardown", report)) return {};
  if (const auto* entry = node.find("fail_run")) {
    task.teardown.fail_run = read_bool(entry->value, "fail_run", report).value_or(false);
    places.fail_run = &entry->value;
  }
  const YamlNode* setups = setups_of(node);
  return setups ? read_names(*setups, "setups", report) : std::vector<Located>();
}

}  // namespace

const YamlNode* setups_of(const YamlNode& teardown) {
  if (!teardown.is_mapping()) return &teardown;
  const auto* setups = teardown.find("setups");
  return setups ? &setups->value : nullptr;
}

void read_teardown(const YamlNode& node, TaskSpec& task, TaskPlaces& places,
                   const Loading& loading) {
  Report& report = loading.report;
  if (node.is_list() && node.items.empty())
    report.error(node.at, "bad-value", "teardown: the list is empty",
                 "name the task that it cleans up after");
  for (const Located& setup : read_setups(node, task, places, report))
    add_setup(setup, task, places, report);
}

void check_teardown(const YamlNode& task_node, const TaskSpec& task, const TaskPlaces& places,
                    const Loading& loading) {
  if (!task.teardown.is_set()) return;
  if (const auto* rule = task_node.find("trigger_rule"))
    loading.report.error(rule->key_at, "bad-value",
                         "trigger_rule: a teardown starts after one of its setups has succeeded "
                         "and all that it needs has ended",
                         "remove it");
  if (task.teardown.fail_run && task.continue_on_error)
    loading.report.error(places.fail_run->at, "bad-value",
                         "fail_run: with continue_on_error the failure counts as a success",
                         "remove one of the two");
}

}  // namespace millrace::spec
