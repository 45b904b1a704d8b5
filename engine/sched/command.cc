#include "engine/sched/command.h"

#include <array>

#include "engine/base/suggest.h"
#include "engine/store/command.h"
#include "engine/store/load_run.h"

namespace millrace {
namespace {

Result<Uuid> run_of(const Command& command) { return Uuid::parse(command.body["run"].as_view()); }

/// What a date without an offset is meant in.
std::string time_zone_of(const Planner& planner, const std::string& dag) {
  const auto found = planner.dags().find(dag);
  if (found == planner.dags().end() || !found->second.dag->timetable()) return "UTC";
  return found->second.dag->spec().schedule->time_zone;
}

Result<Json> trigger_run(const Command& command, Planner& planner, Stores, Time now) {
  TriggerRun input;
  input.run = command.id;
  if (command.body.contains("run")) {
    MR_TRY(input.run, run_of(command));
  }
  input.dag = command.body["dag"].as_string();
  input.params = command.body["params"];
  input.trace_id = command.body["trace_id"].as_string();
  input.origin = command.origin;
  if (const Json& date = command.body["logical_date"]; date.is_string()) {
    MR_TRY(input.logical_date, parse_wall_time(date.as_view(), time_zone_of(planner, input.dag)));
  }
  MR_TRY(const Uuid run, planner.trigger_run(input, now));
  return Json::object({{"run", run.to_string()}});
}

Result<Json> cancel_run(const Command& command, Planner& planner, Stores, Time now) {
  MR_TRY(const Uuid run, run_of(command));
  MR_CHECK(planner.cancel_run({run, command.origin, command.body["force"].as_bool(false)}, now));
  return Json::object({{"run", run.to_string()}});
}

Result<Json> cancel_task(const Command& command, Planner& planner, Stores, Time now) {
  CancelTask input;
  MR_TRY(input.run, run_of(command));
  input.task = command.body["task"].as_string();
  if (const Json& index = command.body["map_index"]; !index.is_null() && index.as_int() >= 0)
    input.map_index = static_cast<int>(index.as_int());
  input.force = command.body["force"].as_bool(false);
  input.origin = command.origin;
  MR_CHECK(planner.cancel_task(input, now));
  return Json::object({{"run", input.run.to_string()}, {"task", input.task}});
}

Result<Json> retry_run(const Command& command, Planner& planner, Stores stores, Time now) {
  RetryRun input;
  MR_TRY(input.run, run_of(command));
  for (const auto& task : command.body["tasks"].items()) input.tasks.push_back(task.as_string());
  input.origin = command.origin;
  if (planner.find_run(input.run) == nullptr) {
    MR_TRY(Run run, load_run(stores.journal, stores.runs, input.run));
    planner.restore_run(std::move(run));
  }
  MR_CHECK(planner.retry_run(input, now));
  return Json::object({{"run", input.run.to_string()}});
}

Result<Json> pause_dag(const Command& command, Planner& planner, Stores, Time now) {
  const PauseDag input{command.body["dag"].as_string(), command.body["paused"].as_bool(true),
                       command.origin};
  MR_CHECK(planner.pause_dag(input, now));
  return Json::object({{"dag", input.dag}, {"paused", input.paused}});
}

Result<Json> reset_schedule(const Command& command, Planner& planner, Stores, Time now) {
  const ResetSchedule input{command.body["dag"].as_string(), command.origin};
  MR_CHECK(planner.reset_schedule(input, now));
  return Json::object({{"dag", input.dag}, {"from", format_rfc3339(now)}});
}

Result<Json> publish_event(const Command& command, Planner& planner, Stores, Time now) {
  const std::string name = command.body["name"].as_string();
  if (name.empty()) return invalid_argument("an event needs a name");
  const auto published = planner.publish_event({name, command.body["event"], command.origin}, now);
  Json runs = Json::array(), not_started = Json::array();
  for (const Uuid& run : published.runs) runs.push_back(run.to_string());
  for (const auto& [dag, reason] : published.not_started)
    not_started.push_back(Json::object({{"dag", dag}, {"reason", reason}}));
  return Json::object({{"name", name}, {"runs", runs}, {"not_started", not_started}});
}

Result<Json> rollback_model(const Command& command, Planner& planner, Stores, Time now) {
  RollbackModel back{command.body["model"].as_string(), command.body["reason"].as_string(),
                     command.body["evidence"]};
  back.artifact = command.body["artifact"].as_string();
  back.candidate_only = command.body["candidate_only"].as_bool();
  const std::string model = back.model;
  MR_CHECK(planner.request_effects({{std::move(back)}, command.origin}, now));
  return Json::object({{"model", model}});
}

Result<Json> release_model(const Command& command, Planner& planner, Stores, Time now) {
  const ReleaseModel release{command.body["model"].as_string(),
                             command.body["artifact"].as_string(),
                             command.body["reason"].as_string()};
  MR_CHECK(planner.request_effects({{release}, command.origin}, now));
  return Json::object({{"model", release.model}, {"artifact", release.artifact}});
}

struct Verb {
  std::string_view kind;
  Result<Json> (*carry_out)(const Command&, Planner&, Stores, Time);
};
constexpr std::array kVerbs = {
    Verb{command::trigger_run, trigger_run},     Verb{command::cancel_run, cancel_run},
    Verb{command::cancel_task, cancel_task},     Verb{command::retry_run, retry_run},
    Verb{command::pause_dag, pause_dag},         Verb{command::reset_schedule, reset_schedule},
    Verb{command::publish_event, publish_event}, Verb{command::rollback_model, rollback_model},
    Verb{command::release_model, release_model},
};

}  // namespace

Result<Json> carry_out(const Command& command, Planner& planner, Stores stores, Time now) {
  std::vector<std::string> kinds;
  for (const auto& verb : kVerbs) {
    if (verb.kind == command.kind) return verb.carry_out(command, planner, stores, now);
    kinds.emplace_back(verb.kind);
  }
  return invalid_argument("unknown command '" + command.kind + "'" +
                          did_you_mean(command.kind, kinds));
}

}  // namespace millrace
