// Verbs about runs, over the API. trigger, cancel and retry need a running engine; runs and
// logs also work without one.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "engine/app/connection.h"
#include "engine/app/param_words.h"
#include "engine/app/shared_options.h"
#include "engine/app/show.h"
#include "engine/app/terminal.h"
#include "engine/app/verbs.h"
#include "engine/app/word_check.h"
#include "engine/http/target.h"

namespace millrace {
namespace {

constexpr int kRunsPerPage = 500;  // the API's maximum
constexpr const char* kWaitHelp = "Wait for the end of the run; exit code 1 if the run failed";

bool run_ended(std::string_view status) {
  return status == "success" || status == "failed" || status == "cancelled";
}

/// The status of the run, and why it or its tasks failed.
Status print_end(const ApiClient& client, const std::string& run, const Json& row) {
  std::printf("%s\n", paint(row["status"].as_view()).c_str());
  if (row["status"].as_view() == "success") return {};
  if (const std::string error = row["error"].as_string(); !error.empty())
    std::printf("%s\n", error.c_str());
  MR_TRY(const Json failed,
         client.get_list("/api/v1/runs/" + run + "/tasks?state=failed&per_task=20"));
  for (const auto& task : failed.items())
    std::printf("%s: %s\n", bold(instance_name(task)).c_str(), task["error"].as_string().c_str());
  return {};
}

/// Waits on the engine until the run has ended, then prints its status, or the run as JSON.
Result<int> wait_for_end(const Options& options, const ApiClient& client, const std::string& run) {
  for (;;) {
    const auto row = client.get("/api/v1/runs/" + run + "?wait=50s", signal_waits);
    if (!row && row.error().code == ErrorCode::cancelled)
      return make_error(ErrorCode::cancelled, "interrupted; the run goes on");
    if (!row) return row.error();
    const std::string status = (*row)["status"].as_string();
    if (run_ended(status)) {
      if (options.json)
        print_json(*row);
      else
        MR_CHECK(print_end(client, run, *row));
      return status == "success" ? 0 : 1;
    }
  }
}

struct TriggerWords {
  std::string dag;
  std::vector<std::string> params;  // NAME=VALUE
  std::string logical_date;
  std::string idempotency_key;
  bool wait = false;
};

Result<int> trigger_run(const Options& options, const TriggerWords& trigger) {
  MR_TRY(const ApiClient client, connect(options));
  Json body = Json::object();
  const std::string dag_path = "/api/v1/dags/" + http::percent_encode(trigger.dag);
  if (!trigger.params.empty()) {
    MR_TRY(const Json dag, client.get(dag_path + namespace_query(options)));
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
  MR_TRY(const Json answer,
         client.post(dag_path + "/runs" + namespace_query(options), body, headers));
  const std::string run = answer["run"].as_string();
  if (!options.json) std::printf("run %s\n", run.c_str());
  if (trigger.wait) return wait_for_end(options, client, run);
  return options.json ? print_json(answer) : 0;
}

struct RunsWords {
  std::string dag, status, backfill;  // "": any
  int limit = 20;
  std::string before;  // a run's id; "": from the newest on
};

Result<Json> newest_runs(const Options& options, const ApiClient& client, const RunsWords& wanted) {
  std::string filter = namespace_query(options, '&');
  if (!wanted.dag.empty()) filter += "&dag=" + http::percent_encode(wanted.dag);
  if (!wanted.status.empty()) filter += "&status=" + http::percent_encode(wanted.status);
  if (!wanted.backfill.empty()) filter += "&backfill=" + http::percent_encode(wanted.backfill);
  Json all = Json::array();
  Json next = wanted.before.empty() ? Json() : Json(wanted.before);
  do {
    const int page_size = std::min(kRunsPerPage, wanted.limit - static_cast<int>(all.size()));
    std::string path = "/api/v1/runs?limit=" + std::to_string(page_size) + filter;
    if (next.is_string()) path += "&before=" + http::percent_encode(next.as_view());
    MR_TRY(const Json page, client.get(path));
    for (const Json& run : page["runs"].items()) all.push_back(run);
    next = page["next"];
  } while (next.is_string() && static_cast<int>(all.size()) < wanted.limit);
  return Json::object({{"runs", std::move(all)}, {"next", std::move(next)}});
}

Result<int> list_runs(const Options& options, const RunsWords& wanted) {
  MR_TRY(const Connection connection, connect_to_read(options));
  MR_TRY(const Json page, newest_runs(options, connection.client, wanted));
  if (options.json) return print_json(page);
  TerminalTable table(
      {"RUN", "DAG", "STATUS", "TYPE", "LOGICAL DATE (UTC)", "CREATED (UTC)", "DURATION"});
  for (const auto& run : page["runs"].items())
    table.add({run["run"].as_string(), name_of_row(run, "dag"), paint(run["status"].as_view()),
               run["type"].as_string(), short_time(run["logical_date"]),
               short_time(run["created_at"]), elapsed(run["started_at"], run["finished_at"])});
  std::fputs(table.empty() ? "no runs\n" : table.to_string().c_str(), stdout);
  if (page["next"].is_string())
    std::fprintf(stderr, "there are older runs: --before %s, or a higher --limit\n",
                 page["next"].as_string().c_str());
  return 0;
}

struct LogWords {
  std::string run, task;
  int map_index = -1;
  int attempt = 0;
  bool follow = false;
};

/// "&attempt=2&wait=50s": a number of 0 is left out.
std::string log_query(const LogWords& logs, bool follow, int attempt, std::int64_t offset) {
  std::string query =
      "?map_index=" + std::to_string(logs.map_index) + "&offset=" + std::to_string(offset);
  if (attempt > 0) query += "&attempt=" + std::to_string(attempt);
  if (follow) query += "&wait=50s";
  return query;
}

int number_of(const http::ClientResponse& answer, std::string_view header) {
  return std::atoi(std::string(answer.header(header)).c_str());
}

/// What there is has been printed, and no engine runs that could bring more.
Result<int> end_without_engine(bool ended) {
  if (ended) return 0;
  return unavailable(
      "no engine is running, so this log does not grow; start one with 'millrace up', then repeat "
      "this command");
}

/// As it is; with --json, an object for each line.
class LogPrinter {
 public:
  explicit LogPrinter(bool json) : json_(json) {}
  ~LogPrinter() { end_line(); }
  LogPrinter(const LogPrinter&) = delete;
  LogPrinter& operator=(const LogPrinter&) = delete;

  void print(std::string_view text, int attempt) {
    if (!json_) {
      std::fwrite(text.data(), 1, text.size(), stdout);
    } else {
      if (attempt != attempt_) end_line();
      attempt_ = attempt;
      for (const char c : text) c == '\n' ? print_line() : line_.push_back(c);
    }
    std::fflush(stdout);
  }

 private:
  void end_line() {
    if (!line_.empty()) print_line();
  }
  void print_line() {
    std::string out = "{\"attempt\":" + std::to_string(attempt_) + ",\"line\":";
    append_json_string(out, line_);
    std::printf("%s}\n", out.c_str());
    line_.clear();
  }

  const bool json_;
  int attempt_ = 0;
  std::string line_;  // what came of the last one
};

/// With --follow, waits on the engine for more; without an attempt, each one that follows as well.
Result<int> print_log(const Options& options, const LogWords& logs) {
  MR_TRY(const Connection connection, connect_to_read(options));
  const std::string path = "/api/v1/runs/" + http::percent_encode(logs.run) + "/tasks/" +
                           http::percent_encode(logs.task) + "/logs";
  const bool follow = logs.follow && !connection.reader;
  LogPrinter printer(options.json);
  int attempt = logs.attempt;
  std::int64_t offset = 0;
  for (;;) {
    const auto answer =
        connection.client.get_text(path + log_query(logs, follow, attempt, offset), signal_waits);
    if (!answer && answer.error().code == ErrorCode::cancelled) return 0;
    if (!answer && logs.map_index < 0 &&
        answer.error().message.find(" is mapped") != std::string::npos)
      return not_found(answer.error().message + "; choose one with --map-index");
    if (!answer && follow && answer.error().code == ErrorCode::unavailable)
      return unavailable(
          "the engine no longer answers, so the log cannot be followed; start it "
          "with 'millrace up', then repeat this command");
    if (!answer) return answer.error();
    attempt = number_of(*answer, "millrace-attempt");
    printer.print(answer->body, attempt);
    offset += static_cast<std::int64_t>(answer->body.size());
    if (!answer->body.empty()) continue;
    const int last = number_of(*answer, "millrace-last-attempt");
    if (logs.follow && !follow)
      return end_without_engine(answer->header("millrace-ended") == "true");
    if (!follow || signal_waits()) return 0;
    if (logs.attempt == 0 && attempt < last) {
      ++attempt;
      offset = 0;
    } else if (attempt < last || answer->header("millrace-ended") == "true") {
      return 0;
    }
  }
}

struct CancelWords {
  std::string run, task;  // no task: the whole run
  int map_index = -1;     // -1: all instances
  bool force = false;
};

Result<int> cancel(const Options& options, const CancelWords& words) {
  MR_TRY(const ApiClient client, connect(options));
  std::string path = "/api/v1/runs/" + http::percent_encode(words.run);
  if (!words.task.empty()) path += "/tasks/" + http::percent_encode(words.task);
  Json body = Json::object();
  if (!words.task.empty() && words.map_index >= 0) body.set("map_index", words.map_index);
  if (words.force) body.set("force", true);
  MR_TRY(const Json answer, client.post(path + "/cancel", body));
  if (options.json) return print_json(answer);
  if (words.task.empty())
    std::printf("run %s is being cancelled\n", words.run.c_str());
  else
    std::printf("task %s of run %s is being cancelled\n", words.task.c_str(), words.run.c_str());
  return 0;
}

struct ResumeWords {
  std::string run, task;
  int map_index = -1;               // -1: all instances that are held
  std::vector<std::string> params;  // NAME=VALUE
  bool fail = false;
};

/// Each text read as the version of the DAG declares it that the run executes.
Result<Json> params_for(const ApiClient& client, const std::string& run_path,
                        const std::vector<std::string>& given) {
  MR_TRY(const Json run, client.get(run_path));
  MR_TRY(const Json dag,
         client.get("/api/v1/dags/" + http::percent_encode(run["dag"].as_view()) + "/versions/" +
                    http::percent_encode(run["version"].as_view()) +
                    "?namespace=" + http::percent_encode(run["namespace"].as_view())));
  std::vector<ParamSpec> declared;
  for (const auto& param : dag["params"].items())
    declared.push_back({param["name"].as_string(), param["schema"]});
  return parse_params(given, declared);
}

Result<int> resume(const Options& options, const ResumeWords& words) {
  MR_TRY(const ApiClient client, connect(options));
  const std::string run_path = "/api/v1/runs/" + http::percent_encode(words.run);
  Json body = Json::object();
  if (words.map_index >= 0) body.set("map_index", words.map_index);
  if (!words.params.empty()) {
    MR_TRY(Json params, params_for(client, run_path, words.params));
    body.set("params", std::move(params));
  }
  MR_TRY(const Json answer, client.post(run_path + "/tasks/" + http::percent_encode(words.task) +
                                            (words.fail ? "/fail" : "/resume"),
                                        body));
  if (options.json) return print_json(answer);
  std::printf("task %s of run %s %s\n", words.task.c_str(), words.run.c_str(),
              words.fail ? "has failed" : "starts again");
  return 0;
}

struct RetryWords {
  std::string run;
  std::vector<std::string> tasks;
  bool wait = false;
};

Result<int> retry_run(const Options& options, const RetryWords& retry) {
  MR_TRY(const ApiClient client, connect(options));
  Json body = Json::object();
  for (const auto& task : retry.tasks) body.member("tasks").push_back(task);
  MR_TRY(const Json answer,
         client.post("/api/v1/runs/" + http::percent_encode(retry.run) + "/retry", body));
  if (!options.json) std::printf("run %s goes on\n", retry.run.c_str());
  if (retry.wait) return wait_for_end(options, client, retry.run);
  return options.json ? print_json(answer) : 0;
}

void add_run_word(CLI::App& verb, std::string& run) {
  verb.add_option("run", run, "Id of the run")->required();
}

}  // namespace

VerbAction declare_trigger(CLI::App& verb, Options& options) {
  auto words = std::make_shared<TriggerWords>();
  verb.add_option("dag", words->dag, "Id of the DAG")->required();
  add_namespace_option(verb, options);
  add_param_option(verb, words->params);
  verb.add_option("--logical-date", words->logical_date, "Logical date of the run")
      ->check(not_empty());
  verb.add_option("--idempotency-key", words->idempotency_key,
                  "A repeated request with the same key returns the same run")
      ->check(not_empty());
  verb.add_flag("--wait", words->wait, kWaitHelp);
  return [&options, words] { return trigger_run(options, *words); };
}

VerbAction declare_runs(CLI::App& verb, Options& options) {
  auto words = std::make_shared<RunsWords>();
  verb.add_option("--dag", words->dag, "Only runs of this DAG");
  add_namespace_filter(verb, options);
  verb.add_option("--status", words->status, "queued, running, success, failed or cancelled");
  verb.add_option("--backfill", words->backfill, "Only runs of this backfill");
  verb.add_option("--limit", words->limit, "Maximum number of runs")
      ->capture_default_str()
      ->check(CLI::Range(1, 100'000));
  verb.add_option("--before", words->before, "Only runs that are older than this one");
  return [&options, words] { return list_runs(options, *words); };
}

VerbAction declare_logs(CLI::App& verb, Options& options) {
  auto words = std::make_shared<LogWords>();
  add_run_word(verb, words->run);
  verb.add_option("task", words->task, "Id of the task")->required();
  verb.add_option("--map-index", words->map_index, "Instance of a mapped task, from 0")
      ->check(CLI::Range(0, 999'999));
  verb.add_option("--attempt", words->attempt, "Attempt, from 1; default: the last");
  verb.add_flag("-f,--follow", words->follow, "Follow the log until the task has ended");
  return [&options, words] { return print_log(options, *words); };
}

VerbAction declare_cancel(CLI::App& verb, Options& options) {
  auto words = std::make_shared<CancelWords>();
  add_run_word(verb, words->run);
  verb.add_option("task", words->task, "Id of the task; default: the whole run");
  verb.add_option("--map-index", words->map_index,
                  "Instance of a mapped task, from 0; default: all of them")
      ->check(CLI::Range(0, 999'999));
  verb.add_flag("--force", words->force,
                "End programs without their kill_grace, and tasks that always run as well; a "
                "second cancel does the same");
  return [&options, words] { return cancel(options, *words); };
}

VerbAction declare_resume(CLI::App& verb, Options& options) {
  auto words = std::make_shared<ResumeWords>();
  add_run_word(verb, words->run);
  verb.add_option("task", words->task, "Id of the task")->required();
  verb.add_option("--map-index", words->map_index,
                  "Instance of a mapped task, from 0; default: all that are held")
      ->check(CLI::Range(0, 999'999));
  add_param_option(verb, words->params,
                   "Another value of a param, NAME=VALUE, for this task alone; repeat the option "
                   "for more");
  verb.add_flag("--fail", words->fail, "Let the task fail instead")->excludes("--param");
  return [&options, words] { return resume(options, *words); };
}

VerbAction declare_retry(CLI::App& verb, Options& options) {
  auto words = std::make_shared<RetryWords>();
  add_run_word(verb, words->run);
  verb.add_option("tasks", words->tasks, "Task ids; default: the tasks that failed");
  verb.add_flag("--wait", words->wait, kWaitHelp);
  return [&options, words] { return retry_run(options, *words); };
}

}  // namespace millrace
