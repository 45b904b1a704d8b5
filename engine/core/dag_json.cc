// The canonical form of a DagSpec, and the names of the enums in it.
#include <array>

#include "engine/base/duration.h"
#include "engine/base/fields.h"
#include "engine/base/json_list.h"
#include "engine/core/dag.h"

namespace millrace {
namespace {

constexpr std::array<std::string_view, 3> kDstNames = {"skip", "run_once", "run_both"};
constexpr std::array<std::string_view, 3> kUnpauseNames = {"none", "last", "all"};

template <typename Enum, std::size_t N>
std::optional<Enum> find_name(const std::array<std::string_view, N>& names, std::string_view name) {
  for (std::size_t i = 0; i < N; ++i)
    if (names[i] == name) return static_cast<Enum>(i);
  return std::nullopt;
}

Json task_json(const TaskSpec& task) {
  Json out = Json::object({{"id", task.id},
                           {"operator", task.op},
                           {"needs", json_list(task.needs)},
                           {"with", task.with}});
  if (!task.condition.empty()) out.set("if", task.condition);
  if (task.trigger_rule) out.set("trigger_rule", to_string(*task.trigger_rule));
  if (task.continue_on_error) out.set("continue_on_error", true);
  if (!task.depends.empty()) out.set("depends", task.depends);
  if (task.teardown.is_set()) out.set("teardown", to_json(task.teardown));
  if (!task.foreach.is_null()) out.set("foreach", task.foreach);
  if (task.foreach_max_active != 0) out.set("foreach_max_active", task.foreach_max_active);
  out.set("retries", to_json(task.retries));
  out.set("timeout", format_duration(task.timeout));
  // What has its default is left out: a DAG that does not use it keeps its version.
  if (task.kill_grace != kDefaultKillGrace) out.set("kill_grace", format_duration(task.kill_grace));
  if (task.on_exhausted != OnExhausted::fail) out.set("on_exhausted", name_of(task.on_exhausted));
  if (task.repeat.is_set()) out.set("repeat", to_json(task.repeat));
  if (task.at_most_once) out.set("at_most_once", true);
  if (task.memory_limit_bytes != 0) out.set("memory_limit_bytes", task.memory_limit_bytes);
  if (task.priority != 0) out.set("priority", task.priority);
  if (!task.executor.empty()) out.set("executor", task.executor);
  if (!task.doc.empty()) out.set("doc", task.doc);
  return out;
}

/// The keys that a task has only if its value is not the default.
Status take_optional_keys(TaskSpec& task, const Json& json) {
  task.condition = json["if"].as_string();
  if (json.contains("trigger_rule"))
    task.trigger_rule = trigger_rule_from(json["trigger_rule"].as_view());
  task.continue_on_error = json["continue_on_error"].as_bool(false);
  task.depends = json["depends"].as_string();
  task.teardown = teardown_from(json["teardown"]);
  task.foreach = json["foreach"];
  task.foreach_max_active = static_cast<int>(json["foreach_max_active"].as_int());
  if (json.contains("kill_grace")) {
    MR_TRY(task.kill_grace, parse_duration(json["kill_grace"].as_view()));
  }
  task.on_exhausted =
      from_name<OnExhausted>(json["on_exhausted"].as_view()).value_or(OnExhausted::fail);
  MR_TRY(task.repeat, repeat_policy_from(json["repeat"]));
  task.at_most_once = json["at_most_once"].as_bool(false);
  task.memory_limit_bytes = json["memory_limit_bytes"].as_int();
  task.priority = static_cast<int>(json["priority"].as_int());
  task.executor = json["executor"].as_string();
  task.doc = json["doc"].as_string();
  return {};
}

Result<TaskSpec> task_from(const Json& json) {
  constexpr std::size_t kKeysOfEach = 6;
  TaskSpec task;
  task.id = json["id"].as_string();
  task.op = json["operator"].as_string();
  task.needs = strings_in(json["needs"]);
  task.with = json["with"];
  MR_TRY(task.retries, retry_policy_from(json["retries"]));
  MR_TRY(task.timeout, parse_duration(json["timeout"].as_view()));
  // Most tasks have no other key, and each look for one costs: a run is read with its DAG.
  if (json.size() > kKeysOfEach) MR_CHECK(take_optional_keys(task, json));
  return task;
}

void put_time(Json& json, std::string_view name, const std::optional<Time>& time) {
  if (time) json.set(name, format_rfc3339(*time));
}
Status take_time(std::optional<Time>& to, const Json& json) {
  if (json.is_null()) return {};
  MR_TRY(to, parse_rfc3339(json.as_view()));
  return {};
}

}  // namespace

std::string_view to_string(TriggerRule rule) { return name_of(rule); }
std::optional<TriggerRule> trigger_rule_from(std::string_view name) {
  return from_name<TriggerRule>(name);
}
std::vector<std::string> trigger_rule_names() {
  constexpr auto kNames = names_of(TriggerRule{});
  return {kNames.begin(), kNames.end()};
}
std::string_view to_string(DstPolicy policy) { return kDstNames[static_cast<std::size_t>(policy)]; }
std::optional<DstPolicy> dst_policy_from(std::string_view name) {
  return find_name<DstPolicy>(kDstNames, name);
}
namespace {

Json schedule_json(const CronSpec& line) {
  Json out = Json::object(
      {{"cron", line.expression}, {"timezone", line.time_zone}, {"dst", to_string(line.dst)}});
  if (line.every != Duration{})
    out.set("every", format_duration(line.every)).set("anchor", format_rfc3339(line.anchor));
  if (!line.also.empty()) {
    Json also = Json::array();
    for (const auto& other : line.also) also.push_back(schedule_json(other));
    out.set("also", std::move(also));
  }
  if (!line.except.empty()) {
    Json except = Json::array();
    for (const auto& range : line.except) except.push_back(to_string(range));
    out.set("except", std::move(except));
  }
  if (line.jitter != Duration{}) out.set("jitter", format_duration(line.jitter));
  return out;
}

Result<CronSpec> schedule_from(const Json& json) {
  CronSpec line{json["cron"].as_string(), json["timezone"].as_string("UTC"),
                dst_policy_from(json["dst"].as_view()).value_or(DstPolicy::run_once)};
  if (json["every"].is_string()) {
    MR_TRY(line.every, parse_duration(json["every"].as_view()));
    MR_TRY(line.anchor, parse_rfc3339(json["anchor"].as_view()));
  }
  for (const auto& other : json["also"].items()) {
    MR_TRY(auto made, schedule_from(other));
    line.also.push_back(std::move(made));
  }
  for (const auto& range : json["except"].items()) {
    MR_TRY(const DayRange made, parse_day_range(range.as_view()));
    line.except.push_back(made);
  }
  if (json["jitter"].is_string()) {
    MR_TRY(line.jitter, parse_duration(json["jitter"].as_view()));
  }
  return line;
}

}  // namespace

std::string_view to_string(OnUnpause policy) {
  return kUnpauseNames[static_cast<std::size_t>(policy)];
}
std::optional<OnUnpause> on_unpause_from(std::string_view name) {
  return find_name<OnUnpause>(kUnpauseNames, name);
}

Json Dag::to_json(const DagSpec& spec) {
  Json out = Json::object({{"dag", spec.id}, {"namespace", spec.namespace_}});
  if (!spec.doc.empty()) out.set("doc", spec.doc);
  if (!spec.owner.empty()) out.set("owner", spec.owner);
  if (!spec.tags.empty()) out.set("tags", json_list(spec.tags));
  if (spec.schedule) out.set("schedule", schedule_json(*spec.schedule));
  put_time(out, "start", spec.start);
  put_time(out, "end", spec.end);
  if (spec.catchup_window) out.set("catchup_window", format_duration(*spec.catchup_window));
  if (spec.on_unpause) out.set("on_unpause", to_string(*spec.on_unpause));
  if (spec.overlap != Overlap::allow) out.set("overlap", name_of(spec.overlap));
  out.set("catchup", spec.catchup).set("max_active_runs", spec.max_active_runs);
  if (!spec.datasets.empty()) out.set("datasets", json_list(spec.datasets));
  if (!spec.on_event.is_null()) out.set("on_event", spec.on_event);
  if (!spec.on_webhook.is_null()) out.set("on_webhook", spec.on_webhook);
  Json params = Json::array();
  for (const auto& param : spec.params)
    params.push_back(Json::object({{"name", param.name}, {"schema", param.schema}}));
  if (!spec.params.empty()) out.set("params", std::move(params));
  if (!spec.outputs.is_null()) out.set("outputs", spec.outputs);
  Json tasks = Json::array();
  for (const auto& task : spec.tasks) tasks.push_back(task_json(task));
  return out.set("tasks", std::move(tasks));
}

Result<DagSpec> Dag::spec_from_json(const Json& json) {
  DagSpec spec;
  spec.id = json["dag"].as_string();
  spec.namespace_ = json["namespace"].as_string("default");
  spec.doc = json["doc"].as_string();
  spec.owner = json["owner"].as_string();
  spec.tags = strings_in(json["tags"]);
  if (json["schedule"].is_object()) {
    MR_TRY(spec.schedule, schedule_from(json["schedule"]));
  }
  MR_CHECK(take_time(spec.start, json["start"]));
  MR_CHECK(take_time(spec.end, json["end"]));
  spec.catchup = json["catchup"].as_bool();
  if (json["catchup_window"].is_string()) {
    MR_TRY(spec.catchup_window, parse_duration(json["catchup_window"].as_view()));
  }
  spec.on_unpause = on_unpause_from(json["on_unpause"].as_view());
  spec.overlap = from_name<Overlap>(json["overlap"].as_view()).value_or(Overlap::allow);
  spec.max_active_runs = static_cast<int>(json["max_active_runs"].as_int(16));
  spec.datasets = strings_in(json["datasets"]);
  spec.on_event = json["on_event"];
  spec.on_webhook = json["on_webhook"];
  for (const auto& param : json["params"].items())
    spec.params.push_back({param["name"].as_string(), param["schema"]});
  spec.outputs = json["outputs"];
  for (const auto& item : json["tasks"].items()) {
    MR_TRY(TaskSpec task, task_from(item));
    spec.tasks.push_back(std::move(task));
  }
  return spec;
}

}  // namespace millrace
