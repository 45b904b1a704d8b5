// Verbs that use the API. trigger, cancel, retry and rollback need a running engine; runs, show,
// logs and models also work without one.
#include <algorithm>
#include <cstdio>
#include <set>
#include <thread>

#include "engine/app/connection.h"
#include "engine/app/terminal.h"
#include "engine/app/verbs.h"

namespace millrace {
namespace {

int print(const Json& json) {
  std::printf("%s\n", json.dump_pretty().c_str());
  return 0;
}

std::string short_time(const Json& time) {
  std::string text = time.as_string("-");
  if (text.size() > 19) text.resize(19);
  for (char& c : text)
    if (c == 'T') c = ' ';
  return text;
}

std::string elapsed(const Json& from, const Json& to) {
  const auto start = parse_rfc3339(from.as_view());
  const auto end = parse_rfc3339(to.as_view());
  return start && end ? human_duration(*end - *start) : "-";
}

std::string instance_name(const Json& task) {
  const auto map_index = task["map_index"].as_int(-1);
  return task["task"].as_string() + (map_index < 0 ? "" : "[" + std::to_string(map_index) + "]");
}

std::string number(const Json& value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4f", value.as_double());
  return value.is_number() ? text : "-";
}

constexpr int kRunsPerPage = 500;  // the API's maximum

bool run_ended(std::string_view status) {
  return status == "success" || status == "failed" || status == "cancelled";
}

/// Prints how the run ended: its status, or the run as JSON.
Result<int> wait_for_end(const Options& options, const Client& client, const std::string& run) {
  for (;;) {
    MR_TRY(const Json row, client.get("/api/v1/runs/" + run));
    const std::string status = row["status"].as_string();
    if (run_ended(status)) {
      if (options.json)
        print(row);
      else
        std::printf("%s\n", paint(status).c_str());
      return status == "success" ? 0 : 1;
    }
    if (signal_waits()) return make_error(ErrorCode::cancelled, "interrupted; the run goes on");
    std::this_thread::sleep_for(std::chrono::milliseconds{200});
  }
}

}  // namespace

Result<Json> parse_params(const std::vector<std::string>& params,
                          const std::vector<ParamSpec>& declared) {
  Json out = Json::object();
  for (const auto& param : params) {
    const auto equals = param.find('=');
    if (equals == std::string::npos || equals == 0)
      return invalid_argument("'" + param + "' is not a param; write it as name=value");
    ParamSpec spec{param.substr(0, equals)};  // one that is not declared is the engine's to refuse
    const auto found = std::ranges::find(declared, spec.name, &ParamSpec::name);
    if (found != declared.end()) spec = *found;
    MR_TRY(Json value, param_from_text(spec, std::string_view(param).substr(equals + 1)));
    out.set(spec.name, std::move(value));
  }
  return out;
}

Result<int> verb_trigger(const Options& options, const TriggerOptions& trigger) {
  MR_TRY(const Client client, connect(options));
  Json body = Json::object();
  const std::string dag_path = "/api/v1/dags/" + url_encode(trigger.dag);
  if (!trigger.params.empty()) {
    MR_TRY(const Json dag, client.get(dag_path));
    std::vector<ParamSpec> declared;
    for (const auto& param : dag["params"].items())
      declared.push_back({param["name"].as_string(), param["schema"]});
    MR_TRY(Json params, parse_params(trigger.params, declared));
    body.set("params", std::move(params));
  }
  if (!trigger.logical_date.empty()) body.set("logical_date", trigger.logical_date);
  std::vector<std::pair<std::string, std::string>> headers;
  if (!trigger.idempotency_key.empty())
    headers.emplace_back("Idempotency-Key", trigger.idempotency_key);
  MR_TRY(const Json answer, client.post(dag_path + "/runs", body, headers));
  const std::string run = answer["run"].as_string();
  if (!options.json) std::printf("run %s\n", run.c_str());
  if (trigger.wait) return wait_for_end(options, client, run);
  return options.json ? print(answer) : 0;
}

namespace {

Result<Json> newest_runs(const Client& client, const RunsOptions& wanted) {
  std::string filter;
  if (!wanted.dag.empty()) filter += "&dag=" + url_encode(wanted.dag);
  if (!wanted.status.empty()) filter += "&status=" + url_encode(wanted.status);
  Json all = Json::array();
  Json next = wanted.before.empty() ? Json() : Json(wanted.before);
  do {
    const int page_size = std::min(kRunsPerPage, wanted.limit - static_cast<int>(all.size()));
    std::string path = "/api/v1/runs?limit=" + std::to_string(page_size) + filter;
    if (next.is_string()) path += "&before=" + url_encode(next.as_view());
    MR_TRY(const Json page, client.get(path));
    for (const Json& run : page["runs"].items()) all.push_back(run);
    next = page["next"];
  } while (next.is_string() && static_cast<int>(all.size()) < wanted.limit);
  return Json::object({{"runs", std::move(all)}, {"next", std::move(next)}});
}

}  // namespace

Result<int> verb_runs(const Options& options, const RunsOptions& wanted) {
  MR_TRY(const Connection connection, connect_to_read(options));
  MR_TRY(const Json page, newest_runs(connection.client, wanted));
  if (options.json) return print(page);
  Table table({"RUN", "DAG", "STATUS", "TYPE", "LOGICAL DATE", "CREATED", "DURATION"});
  for (const auto& run : page["runs"].items())
    table.add({run["run"].as_string(), run["dag"].as_string(), paint(run["status"].as_view()),
               run["type"].as_string(), short_time(run["logical_date"]),
               short_time(run["created_at"]), elapsed(run["created_at"], run["finished_at"])});
  std::fputs(table.empty() ? "no runs\n" : table.to_string().c_str(), stdout);
  if (page["next"].is_string())
    std::fprintf(stderr, "there are older runs: --before %s, or a higher --limit\n",
                 page["next"].as_string().c_str());
  return 0;
}

Result<int> verb_show(const Options& options, const std::string& run) {
  MR_TRY(const Connection connection, connect_to_read(options));
  const Client& client = connection.client;
  MR_TRY(Json row, client.get("/api/v1/runs/" + url_encode(run)));
  MR_TRY(const Json tasks, client.get_list("/api/v1/runs/" + url_encode(run) + "/tasks"));
  if (options.json) return print(row.set("tasks", tasks));
  std::printf("%s  %s  %s\n", bold(row["dag"].as_view()).c_str(), row["run"].as_string().c_str(),
              paint(row["status"].as_view()).c_str());
  Table table({"TASK", "OPERATOR", "STATE", "ATTEMPT", "DURATION", "DETAIL"});
  for (const auto& task : tasks.items()) {
    std::string detail = task["error"].as_string(task["reason"].as_view());
    if (detail.size() > 90) detail = detail.substr(0, 87) + "...";
    table.add({instance_name(task), task["operator"].as_string(task["op"].as_view()),
               paint(task["state"].as_view()), std::to_string(task["attempt"].as_int()),
               elapsed(task["started_at"], task["ended_at"]), detail});
  }
  std::fputs(table.to_string().c_str(), stdout);
  return 0;
}

Result<int> verb_logs(const Options& options, const LogOptions& logs) {
  MR_TRY(const Connection connection, connect_to_read(options));
  const Client& client = connection.client;
  const std::string task =
      "/api/v1/runs/" + url_encode(logs.run) + "/tasks/" + url_encode(logs.task);
  const std::string instance = "map_index=" + std::to_string(logs.map_index);
  std::int64_t offset = 0;
  for (;;) {
    // The state is read first: what an attempt wrote before it ended is then in the text that
    // follows.
    MR_TRY(const Json state, client.get(task + "?" + instance));
    std::string path = task + "/logs?" + instance + "&offset=" + std::to_string(offset);
    if (logs.attempt > 0) path += "&attempt=" + std::to_string(logs.attempt);
    MR_TRY(const std::string text, client.get_text(path));
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
    offset += static_cast<std::int64_t>(text.size());
    if (!text.empty()) continue;
    const std::string now = state["state"].as_string();
    const bool ended = now == "success" || now == "failed" || now == "skipped" ||
                       now == "upstream_failed" || now == "cancelled";
    if (!logs.follow || ended || signal_waits()) return 0;
    std::this_thread::sleep_for(std::chrono::milliseconds{200});
  }
}

Result<int> verb_cancel(const Options& options, const CancelOptions& cancel) {
  MR_TRY(const Client client, connect(options));
  std::string path = "/api/v1/runs/" + url_encode(cancel.run);
  if (!cancel.task.empty()) path += "/tasks/" + url_encode(cancel.task);
  Json body = Json::object();
  if (!cancel.task.empty() && cancel.map_index >= 0) body.set("map_index", cancel.map_index);
  if (cancel.force) body.set("force", true);
  MR_TRY(const Json answer, client.post(path + "/cancel", body));
  if (options.json) return print(answer);
  if (cancel.task.empty())
    std::printf("run %s is being cancelled\n", cancel.run.c_str());
  else
    std::printf("task %s of run %s is being cancelled\n", cancel.task.c_str(), cancel.run.c_str());
  return 0;
}

Result<int> verb_retry(const Options& options, const std::string& run,
                       const std::vector<std::string>& tasks) {
  MR_TRY(const Client client, connect(options));
  Json body = Json::object();
  for (const auto& task : tasks) body.member("tasks").push_back(task);
  MR_TRY(const Json answer, client.post("/api/v1/runs/" + url_encode(run) + "/retry", body));
  if (options.json) return print(answer);
  std::printf("run %s goes on\n", run.c_str());
  return 0;
}

namespace {

/// The artifact of the version that a person names by number, "v4" or "4", or by the start of its
/// digest (at least eight digits).
Result<std::string> artifact_of(const Client& client, const std::string& model,
                                const std::string& version) {
  if (version.size() == 64) return version;
  MR_TRY(const Json versions, client.get("/api/v1/models/" + url_encode(model) + "/versions"));
  const std::string number = version.starts_with('v') ? version.substr(1) : version;
  std::set<std::string> found;
  for (const Json& each : versions.items()) {
    const std::string artifact = each["artifact"].as_string();
    const bool by_digest = version.size() >= 8 && artifact.starts_with(version);
    if (by_digest || std::to_string(each["version"].as_int()) == number) found.insert(artifact);
  }
  if (found.size() == 1) return *found.begin();
  return not_found("model '" + model + "' has " + (found.empty() ? "no" : "more than one") +
                   " version '" + version + "'; name it by its number or by its digest");
}

}  // namespace

Result<int> verb_release(const Options& options, const std::string& model,
                         const std::string& version, const std::string& reason) {
  MR_TRY(const Client client, connect(options));
  MR_TRY(const std::string artifact, artifact_of(client, model, version));
  MR_TRY(const Json answer,
         client.post("/api/v1/models/" + url_encode(model) + "/release",
                     Json::object({{"artifact", artifact}, {"reason", reason}})));
  if (options.json) return print(answer);
  std::printf("version %s of model %s may be deployed again\n", artifact.substr(0, 12).c_str(),
              model.c_str());
  return 0;
}

Result<int> verb_rollback(const Options& options, const std::string& model,
                          const std::string& version, const std::string& reason) {
  MR_TRY(const Client client, connect(options));
  Json body = Json::object();
  if (!version.empty()) {
    MR_TRY(const std::string artifact, artifact_of(client, model, version));
    body.set("artifact", artifact);
  }
  if (!reason.empty()) body.set("reason", reason);
  MR_TRY(const Json answer, client.post("/api/v1/models/" + url_encode(model) + "/rollback", body));
  if (options.json) return print(answer);
  std::printf("model %s is rolled back\n", model.c_str());
  return 0;
}

Result<int> verb_dags(const Options& options) {
  MR_TRY(const Connection connection, connect_to_read(options));
  MR_TRY(const Json dags, connection.client.get("/api/v1/dags"));
  if (options.json) return print(dags);
  Table table({"DAG", "STATE", "SCHEDULE", "NEXT RUN", "LAST LOGICAL DATE", "DETAIL"});
  for (const auto& dag : dags.items()) {
    std::string schedule = dag["cron"].as_string("-");
    if (dag["cron"].is_string() && dag["time_zone"].as_view() != "UTC")
      schedule += " " + dag["time_zone"].as_string();
    const std::string reason = dag["state_reason"].as_string();
    table.add({dag["dag"].as_string(), paint(dag["state"].as_view()), schedule,
               short_time(dag["next_run_at"]), short_time(dag["last_logical_date"]),
               reason.empty() ? dag["source"].as_string() : reason});
  }
  std::fputs(table.empty() ? "no DAGs\n" : table.to_string().c_str(), stdout);
  return 0;
}

Result<int> verb_schedule_reset(const Options& options, const std::string& dag,
                                const std::string& reason) {
  MR_TRY(const Client client, connect(options));
  Json body = Json::object();
  if (!reason.empty()) body.set("reason", reason);
  MR_TRY(const Json answer,
         client.post("/api/v1/dags/" + url_encode(dag) + "/schedule/reset", body));
  if (options.json) return print(answer);
  std::printf("the schedule of %s continues from now\n", dag.c_str());
  return 0;
}

Result<int> verb_models(const Options& options) {
  MR_TRY(const Connection connection, connect_to_read(options));
  const Client& client = connection.client;
  MR_TRY(const Json models, client.get("/api/v1/models"));
  if (options.json) return print(models);
  const auto version = [](const Json& v) {
    return v.is_object()
               ? "v" + std::to_string(v["version"].as_int()) + " " + v["algorithm"].as_string()
               : "-";
  };
  Table table(
      {"MODEL", "VERSIONS", "CHAMPION", "AUC", "CANDIDATE", "WEIGHT", "LAST GOOD", "UPDATED"});
  for (const auto& m : models.items())
    table.add({m["model"].as_string(), std::to_string(m["versions"].as_int()),
               version(m["champion"]), number(m["champion"]["metrics"]["auc"]),
               version(m["candidate"]), Json(m["weight"].as_double()).dump() + " %",
               version(m["last_good"]), short_time(m["updated_at"])});
  std::fputs(table.empty() ? "no models\n" : table.to_string().c_str(), stdout);
  return 0;
}

}  // namespace millrace
