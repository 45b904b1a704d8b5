#include <algorithm>

#include "engine/spec/read_dag.h"

namespace millrace::spec {
namespace {

constexpr std::size_t kMaxWith = 256;  // no operator has nearly as many parameters

void read_operator(const YamlNode& node, TaskSpec& task, TaskPlaces& places,
                   const Loading& loading) {
  auto name = read_string(node, "operator", loading.report);
  if (!name) return;
  task.op = *std::move(name);
  places.op = loading.catalog.find(task.op);
  if (places.op != nullptr) return;
  const auto known = loading.catalog.names();
  std::string hint = loading.report.suggest(task.op, known);
  if (hint.empty()) hint = "there are " + listed(known);
  loading.report.error(node.at, "unknown-operator", "unknown operator " + quote(task.op), hint);
}

void read_executor(const YamlNode& node, TaskSpec& task, const TaskPlaces& places,
                   const Loading& loading) {
  const auto name = read_string(node, "executor", loading.report);
  if (!name) return;
  const std::vector<std::string> known(kExecutors.begin(), kExecutors.end());
  if (std::ranges::find(known, *name) == known.end()) {
    const std::string hint = loading.report.suggest(*name, known);
    return loading.report.error(node.at, "bad-value", "there is no executor " + quote(*name),
                                hint.empty() ? "there are " + listed(known) : hint);
  }
  if (places.op != nullptr && !places.op->may_run_in(*name))
    return loading.report.error(
        node.at, "bad-value",
        "executor: operator " + quote(task.op) + " does not run in " + quote(*name),
        "write executor: " + places.op->executor + ", or leave it out");
  task.executor = *name;
}

/// Where a problem with one parameter stands, and what kind it is.
void report_param(const ParamProblem& problem, const YamlNode* with, const TaskPlaces& places,
                  const Loading& loading) {
  const auto* entry = with ? with->find(problem.param) : nullptr;
  if (entry == nullptr) return loading.report.error(places.at, "missing-param", problem.message);
  const ParamInfo* info = places.op->find_param(problem.param);
  if (info == nullptr)
    return loading.report.error_with_suggestion(entry->key_at, "unknown-param", problem.message);
  const YamlNode& value = entry->value;
  if (!info->takes_text() && value.is_string() && !value.plain &&
      !core_schema_value(value.text).is_string())
    return loading.report.error(value.at, "bad-param", problem.message, "remove the quotes");
  if (info->type == ParamType::boolean && is_old_boolean(value))
    return loading.report.error(value.at, "bad-param", problem.message, kOldBooleanHint);
  loading.report.error_with_suggestion(value.at, "bad-param", problem.message);
}

void check_with(const TaskSpec& task, const YamlNode* with, const TaskPlaces& places,
                const Loading& loading) {
  if (places.op == nullptr || loading.report.full()) return;
  if (task.with.size() > kMaxWith)
    return loading.report.error(with->at, "bad-param",
                                "'with' has " + std::to_string(task.with.size()) + " members; '" +
                                    task.op + "' takes " +
                                    std::to_string(places.op->params.size()));
  for (const auto& problem : places.op->check(task.with))
    report_param(problem, with, places, loading);
}

/// The parameters: text as it is written, everything else as YAML types it.
Json with_values(const YamlNode& with, const OperatorInfo* op, Report& report) {
  Json out = Json::object();
  for (const auto& entry : with.entries) {  // keys differ: append without a search
    const ParamInfo* info = op != nullptr ? op->find_param(entry.key) : nullptr;
    const bool as_written = info != nullptr && info->takes_text();
    out.mutable_members().emplace_back(
        entry.key, as_written ? to_json_as_written(entry.value) : to_json(entry.value, report));
  }
  return out;
}

void read_with(const YamlNode& node, TaskSpec& task, TaskPlaces& places, const Loading& loading) {
  const YamlNode* with = nullptr;
  if (const auto* entry = node.find("with")) {
    if (entry->value.is_mapping()) {
      with = places.with = &entry->value;
      task.with = with_values(*with, places.op, loading.report);
    } else if (!entry->value.is_null()) {
      loading.report.error(entry->value.at, "wrong-type",
                           "with must be a mapping of parameters, but it is " +
                               std::string(entry->value.type_name()));
      return;
    }
  }
  check_with(task, with, places, loading);
}

void read_items(const YamlNode& node, TaskSpec& task, TaskPlaces& places, const Loading& loading) {
  places.foreach = &node;
  task.foreach = to_json(node, loading.report);
  if (node.is_list()) return;
  const auto spans = find_expressions(node.text);
  const bool one = node.is_string() && spans && spans->size() == 1 && spans->front().offset == 3 &&
                   spans->front().text.size() + 5 == node.text.size();
  if (!one && (!node.is_string() || spans))  // an unclosed expression is reported with the others
    loading.report.error(node.at, "wrong-type",
                         "foreach must be a list, or one expression that gives a list",
                         "write [a, b] or \"${{ tasks.x.outputs.list }}\"");
}

void read_foreach(const YamlNode& node, TaskSpec& task, TaskPlaces& places,
                  const Loading& loading) {
  if (!node.is_mapping()) return read_items(node, task, places, loading);
  if (!check_keys(node, node.at, foreach_fields(), "foreach", loading.report)) return;
  if (const auto* items = node.find("items")) read_items(items->value, task, places, loading);
  if (const auto* entry = node.find("max_active"))
    task.foreach_max_active = static_cast<int>(
        read_integer(entry->value, "max_active", 1, 100'000, loading.report).value_or(0));
}

void read_rule(const YamlNode& node, TaskSpec& task, Report& report) {
  const auto name = read_string(node, "trigger_rule", report);
  if (!name) return;
  task.trigger_rule = trigger_rule_from(*name);
  if (task.trigger_rule) return;
  const std::string hint = report.suggest(*name, trigger_rule_names());
  report.error(node.at, "bad-value", "there is no trigger rule " + quote(*name),
               hint.empty() ? "there are " + listed(trigger_rule_names()) : hint);
}

void read_on_exhausted(const YamlNode& node, TaskSpec& task, Report& report) {
  const auto name = read_string(node, "on_exhausted", report);
  if (!name) return;
  const auto known = from_name<OnExhausted>(*name);
  if (!known)
    report.error(node.at, "bad-value", "on_exhausted: there is no " + quote(*name),
                 "write fail or hold");
  task.on_exhausted = known.value_or(task.on_exhausted);
}

}  // namespace

void read_limits(const YamlNode& node, TaskSpec& to, const Loading& loading) {
  Report& report = loading.report;
  if (const auto* entry = node.find("retries")) read_retries(entry->value, to.retries, report);
  if (const auto* entry = node.find("on_exhausted")) read_on_exhausted(entry->value, to, report);
  if (const auto* entry = node.find("timeout")) {
    const auto timeout = read_duration(entry->value, "timeout", report);
    if (timeout == Duration::zero())
      report.error(entry->value.at, "bad-value", "timeout: an attempt needs more than no time");
    else
      to.timeout = timeout.value_or(to.timeout);
  }
  if (const auto* entry = node.find("kill_grace"))
    to.kill_grace = read_duration(entry->value, "kill_grace", report).value_or(to.kill_grace);
  if (const auto* entry = node.find("at_most_once")) {
    to.at_most_once = read_bool(entry->value, "at_most_once", report).value_or(false);
    if (to.at_most_once && to.retries.max > 0)
      report.error(entry->value.at, "bad-value",
                   "at_most_once: the task has " + std::to_string(to.retries.max) + " retries",
                   "write retries: 0");
  }
  if (const auto* entry = node.find("memory"))
    to.memory_limit_bytes = read_memory(entry->value, "memory", report).value_or(0);
  if (const auto* entry = node.find("priority"))
    to.priority = static_cast<int>(
        read_integer(entry->value, "priority", -1'000'000, 1'000'000, report).value_or(0));
}

std::string read_condition(std::string_view key, const YamlNode& node, const Loading& loading) {
  if (node.is_scalar() && node.scalar.is_bool()) return node.scalar.as_bool() ? "true" : "false";
  const auto text = read_string(node, key, loading.report);
  if (!text) return "";
  const auto spans = find_expressions(*text);
  if (!spans || spans->empty()) return *text;  // the missing end is reported with the expressions
  const auto& span = spans->front();
  const auto is_blank = [](std::string_view part) {
    return part.find_first_not_of(" \t\r\n") == std::string_view::npos;
  };
  const std::string_view whole = *text;
  if (is_blank(whole.substr(0, span.offset - 3)) &&
      is_blank(whole.substr(span.offset + span.text.size() + 2)))
    return std::string(span.text);
  loading.report.error(node.at, "bad-expression",
                       std::string(key) + ": text around '${{ }}' makes it always true",
                       "put all of it into one '${{ }}'");
  return "";
}

void read_unknown_task(const YamlNode::Entry& entry, LocatedDag& dag, const Loading& loading) {
  TaskSpec task;
  TaskPlaces places;
  task.id = entry.key;
  places.at = entry.key_at;
  if (const auto* found = entry.value.find("needs"); found && !found->value.is_null())
    places.needs = read_names(found->value, "needs", loading.report);
  for (const auto& need : places.needs) task.needs.push_back(need.text);
  dag.spec.tasks.push_back(std::move(task));
  dag.tasks.push_back(std::move(places));
}

void read_task(const YamlNode::Entry& entry, const TaskSpec& defaults, LocatedDag& dag,
               const Loading& loading) {
  Report& report = loading.report;
  TaskSpec task = defaults;
  TaskPlaces places;
  task.id = entry.key;
  places.at = entry.key_at;
  const YamlNode& node = entry.value;
  if (check_keys(node, entry.key_at, task_fields(), "task " + quote(entry.key), report)) {
    if (const auto* found = node.find("operator"))
      read_operator(found->value, task, places, loading);
    if (const auto* found = node.find("executor"))
      read_executor(found->value, task, places, loading);
    if (const auto* found = node.find("doc"))
      task.doc = read_string(found->value, "doc", report).value_or("");
    if (const auto* found = node.find("needs"); found && !found->value.is_null())
      places.needs = read_names(found->value, "needs", report);
    for (const auto& need : places.needs) task.needs.push_back(need.text);
    if (const auto* found = node.find("if")) {
      places.condition = &found->value;
      task.condition = read_condition("if", found->value, loading);
    }
    if (const auto* found = node.find("trigger_rule")) read_rule(found->value, task, report);
    if (const auto* found = node.find("continue_on_error"))
      task.continue_on_error = read_bool(found->value, "continue_on_error", report).value_or(false);
    if (const auto* found = node.find("teardown"))
      read_teardown(found->value, task, places, loading);
    check_teardown(node, task, places, loading);
    read_depends(node, task, places, loading);
    if (const auto* found = node.find("foreach")) read_foreach(found->value, task, places, loading);
    if (const auto* found = node.find("repeat")) read_repeat(found->value, task, places, loading);
    read_limits(node, task, loading);
    read_with(node, task, places, loading);
  }
  dag.spec.tasks.push_back(std::move(task));
  dag.tasks.push_back(std::move(places));
}

}  // namespace millrace::spec
