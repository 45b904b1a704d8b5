// The millrace program: command line, exit codes (docs/cli.md). What the verbs do: verbs.h.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <span>

#include "engine/app/terminal.h"
#include "engine/app/verbs.h"
#include "engine/base/log.h"
#include "engine/base/memory.h"
#include "engine/base/suggest.h"
#include "engine/http/guard.h"

namespace {

using namespace millrace;

std::string environment(const char* name, const std::string& other) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? value : other;
}

/// What the verb that was named will do.
using Verb = std::function<Result<int>()>;

void add_shared(CLI::App& app, Options& options, std::string& state) {
  app.add_option("--state", state, "State folder ($MILLRACE_HOME)")->capture_default_str();
  app.add_option("--db", options.db,
                 "PostgreSQL URL ($MILLRACE_DB); default: a private cluster in the state folder");
  app.add_option(
      "--url", options.url,
      "API of a running engine ($MILLRACE_URL); default: the engine of the state folder");
  app.add_flag("--json", options.json, "Print JSON");
  app.add_flag("--log-json", options.log_json, "Write the log as JSON lines");
}

void add_server_options(CLI::App& verb, Options& options) {
  verb.add_option("--host", options.host, "Address to listen on")->capture_default_str();
  verb.add_option("--allow-host", options.allow_hosts,
                  "A host name the servers answer to, besides localhost and IP addresses; repeat "
                  "the option for more ($MILLRACE_ALLOW_HOST, with commas)")
      ->delimiter(',')
      ->envname("MILLRACE_ALLOW_HOST");
  verb.add_option("--serve-port", options.serve_port,
                  "Port of the model server; 0 chooses a free port")
      ->check(CLI::Range(0, 65'535))
      ->capture_default_str();
  verb.add_option_function<std::string>(
          "--prediction-log",
          [&options](const std::string& name) {
            options.log_when_full = *serve::when_full_from(name);
          },
          "When predictions come faster than they are stored: drop them, block their requests, or "
          "sample them; default drop")
      ->check(CLI::IsMember({"drop", "block", "sample"}));
  verb.add_option("--log-sampling", options.log_sampling,
                  "Share of predictions to store, 0 to 1; measurements count all of them")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
}

void add_retention(CLI::App& verb, std::string& retention) {
  verb.add_option("--retention", retention,
                  "Drop older history, e.g. 90d ($MILLRACE_RETENTION); default: drop nothing");
}

void add_runner_options(CLI::App& verb, Options& options) {
  verb.add_option("--workers", options.workers,
                  "Runner processes; 0 means twice the cores, at least 4");
  verb.add_option("--nice", options.nice, "Niceness added to runner processes")
      ->check(CLI::Range(0, 19))
      ->capture_default_str();
}

void add_engine_options(CLI::App& verb, Options& options) {
  add_server_options(verb, options);
  verb.add_option("--port", options.port, "Port of dashboard and API; 0 chooses a free port")
      ->check(CLI::Range(0, 65'535))
      ->capture_default_str();
  add_runner_options(verb, options);
}

/// Of the verb `schedule`.
struct ScheduleWords {
  std::string action, dag, reason;
};

void add_dag_and_model_verbs(CLI::App& app, const Options& options, ScheduleWords& words,
                             Verb& chosen) {
  auto* list = app.add_subcommand("dags", "List DAGs, their states and schedules");
  list->callback([&] { chosen = [&] { return verb_dags(options); }; });
  auto* schedule =
      app.add_subcommand("schedule", "Continue a schedule from now, without what it missed");
  schedule->add_option("action", words.action, "What to do: reset")
      ->required()
      ->check(CLI::IsMember({"reset"}));
  schedule->add_option("dag", words.dag, "The DAG's id")->required();
  schedule->add_option("--reason", words.reason, "Kept in the journal");
  schedule->callback(
      [&] { chosen = [&] { return verb_schedule_reset(options, words.dag, words.reason); }; });
  auto* models = app.add_subcommand("models", "List models and the versions that serve them");
  models->callback([&] { chosen = [&] { return verb_models(options); }; });
}

/// The word in the place of a verb that is none; "" if the command line names a verb there. A later
/// word may be a verb by chance: `millrace lnt dags`.
std::string unknown_verb(const CLI::App& app, std::span<char* const> words) {
  const auto place = [&](const std::string& word) {
    return std::ranges::find_if(words, [&](const char* one) { return one == word; });
  };
  const auto verbs = app.get_subcommands();
  for (const auto& word : app.remaining())
    if (!word.starts_with('-') && (verbs.empty() || place(word) < place(verbs.front()->get_name())))
      return word;
  return "";
}

int refuse_verb(const CLI::App& app, const std::string& word) {
  std::vector<std::string> verbs;
  for (const auto* verb : app.get_subcommands([](const CLI::App*) { return true; }))
    if (!verb->get_group().empty()) verbs.push_back(verb->get_name());
  std::fprintf(stderr, "millrace: there is no verb '%s'%s; 'millrace --help' lists the verbs\n",
               word.c_str(), did_you_mean(word, verbs).c_str());
  return traits(ErrorCode::invalid_argument).exit_code;
}

Status finish_options(Options& options, std::string_view retention, std::string_view drain) {
  MR_TRY(options.retention, parse_retention(retention));
  MR_TRY(options.drain, parse_drain(drain));
  for (auto& name : options.allow_hosts) {
    MR_TRY(name, http::allowed_host(name));
  }
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  share_free_memory();
  block_signals();
  Options options;
  std::string state = environment("MILLRACE_HOME", ".millrace");
  std::string drain = "30s";
  std::string dags = "dags", retention = environment("MILLRACE_RETENTION", "");
  options.db = environment("MILLRACE_DB", "");
  options.url = environment("MILLRACE_URL", "");
  Verb chosen;

  CLI::App app{"Millrace: a DAG workflow engine for machine-learning pipelines."};
  app.set_version_flag("--version", "millrace " MILLRACE_VERSION);
  app.require_subcommand(1);
  app.fallthrough();
  add_shared(app, options, state);

  auto* up = app.add_subcommand("up", "Start engine, model server, API and dashboard");
  add_engine_options(*up, options);
  up->add_option("--dags", dags, "Folder of DAG files")->capture_default_str();
  add_retention(*up, retention);
  up->add_option("--drain", drain,
                 "On SIGTERM, wait this long for running tasks; Ctrl-C stops at once")
      ->capture_default_str();
  up->callback([&] { chosen = [&] { return verb_up(options); }; });

  auto* serve = app.add_subcommand("serve", "Start only a model server");
  add_server_options(*serve, options);
  serve->callback([&] { chosen = [&] { return verb_serve(options); }; });

  std::vector<std::string> lint_paths;
  auto* lint = app.add_subcommand("lint", "Check DAG files; exit code 1 if one has an error");
  lint->add_option("paths", lint_paths, "Files or folders; default: the folder 'dags'");
  lint->callback([&] { chosen = [&] { return verb_lint(options, lint_paths); }; });

  auto* schema = app.add_subcommand("schema", "Print the JSON Schema of DAG files, for editors");
  schema->callback([&] { chosen = [] { return verb_schema(); }; });

  std::string run_file;
  std::vector<std::string> run_params;
  auto* run = app.add_subcommand("run", "Run a DAG file once and show its progress");
  run->add_option("file", run_file, "The DAG file")->required()->check(CLI::ExistingFile);
  run->add_option("-p,--param", run_params, "A param, NAME=VALUE; repeat the option for more");
  add_runner_options(*run, options);
  run->callback([&] { chosen = [&] { return verb_run(options, run_file, run_params); }; });

  TriggerOptions trigger_options;
  auto* trigger = app.add_subcommand("trigger", "Start a run on the running engine");
  trigger->add_option("dag", trigger_options.dag, "Id of the DAG")->required();
  trigger->add_option("-p,--param", trigger_options.params,
                      "A param, NAME=VALUE; repeat the option for more");
  trigger->add_option("--logical-date", trigger_options.logical_date, "Logical date of the run");
  trigger->add_option("--idempotency-key", trigger_options.idempotency_key,
                      "A repeated request with the same key returns the same run");
  trigger->add_flag("--wait", trigger_options.wait, "Wait for the end; exit code 1 if it failed");
  trigger->callback([&] { chosen = [&] { return verb_trigger(options, trigger_options); }; });

  RunsOptions runs_options;
  auto* runs = app.add_subcommand("runs", "List runs, newest first");
  runs->add_option("--dag", runs_options.dag, "Only runs of this DAG");
  runs->add_option("--status", runs_options.status, "running, success, failed or cancelled");
  runs->add_option("--limit", runs_options.limit, "Maximum number of runs")
      ->capture_default_str()
      ->check(CLI::Range(1, 100'000));
  runs->add_option("--before", runs_options.before, "Only runs that are older than this one");
  runs->callback([&] { chosen = [&] { return verb_runs(options, runs_options); }; });

  std::string run_id;
  auto* show = app.add_subcommand("show", "Show a run and its tasks");
  show->add_option("run", run_id, "Id of the run")->required();
  show->callback([&] { chosen = [&] { return verb_show(options, run_id); }; });

  LogOptions log_options;
  auto* logs = app.add_subcommand("logs", "Print the log of a task");
  logs->add_option("run", log_options.run, "Id of the run")->required();
  logs->add_option("task", log_options.task, "Id of the task")->required();
  logs->add_option("--map-index", log_options.map_index, "Instance of a mapped task, from 0");
  logs->add_option("--attempt", log_options.attempt, "Attempt, from 1; default: the last");
  logs->add_flag("-f,--follow", log_options.follow, "Follow the log until the task has ended");
  logs->callback([&] { chosen = [&] { return verb_logs(options, log_options); }; });

  CancelOptions cancel_options;
  auto* cancel = app.add_subcommand("cancel", "Cancel a run, or one of its tasks");
  cancel->add_option("run", cancel_options.run, "Id of the run")->required();
  cancel->add_option("task", cancel_options.task, "Id of the task; default: the whole run");
  cancel->add_option("--map-index", cancel_options.map_index,
                     "Instance of a mapped task, from 0; default: all of them");
  cancel->add_flag("--force", cancel_options.force,
                   "End programs without their kill_grace, and tasks that always run as well; a "
                   "second cancel does the same");
  cancel->callback([&] { chosen = [&] { return verb_cancel(options, cancel_options); }; });

  std::vector<std::string> retry_tasks;
  auto* retry = app.add_subcommand(
      "retry", "Run failed tasks again, or the named tasks and everything downstream");
  retry->add_option("run", run_id, "Id of the run")->required();
  retry->add_option("tasks", retry_tasks, "Task ids; default: the tasks that failed");
  retry->callback([&] { chosen = [&] { return verb_retry(options, run_id, retry_tasks); }; });

  std::string model, reason;
  auto* rollback =
      app.add_subcommand("rollback", "Roll a model back to its last known good version");
  rollback->add_option("model", model, "Name of the model")->required();
  std::string artifact;
  rollback->add_option("--reason", reason, "Reason, stored in the journal");
  rollback->add_option("--artifact", artifact,
                       "Act only while this version, by digest or number, gets the traffic");
  rollback->callback(
      [&] { chosen = [&] { return verb_rollback(options, model, artifact, reason); }; });

  auto* release = app.add_subcommand(
      "release", "Let a version be deployed again that was refused or rolled back");
  release->add_option("model", model, "Name of the model")->required();
  release->add_option("version", artifact, "Number of the version, or the start of its digest")
      ->required();
  release->add_option("--reason", reason, "Reason, stored in the journal")->required();
  release->callback(
      [&] { chosen = [&] { return verb_release(options, model, artifact, reason); }; });

  ScheduleWords schedule_words;
  add_dag_and_model_verbs(app, options, schedule_words, chosen);
  auto* doctor =
      app.add_subcommand("doctor", "Check this machine and the state folder and name cures");
  bool deep = false;
  doctor->add_flag("--deep", deep, "Also read every artifact and compare it with its digest");
  doctor->add_option("--dags", dags, "Folder of DAG files")->capture_default_str();
  doctor->callback([&] { chosen = [&] { return verb_doctor(options, deep); }; });

  auto* history =
      app.add_subcommand("history", "List the periods of history and what --retention would drop");
  add_retention(*history, retention);
  history->callback([&] { chosen = [&] { return verb_history(options); }; });

  std::string backup_folder;
  auto* backup = app.add_subcommand("backup", "Copy database and artifacts into a folder");
  backup
      ->add_option("folder", backup_folder,
                   "Created if missing; a repeated backup copies only new artifacts")
      ->required();
  backup->callback([&] { chosen = [&] { return verb_backup(options, backup_folder); }; });

  auto* restore = app.add_subcommand("restore", "Restore a backup into an empty state folder");
  restore->add_option("folder", backup_folder, "A folder written by 'backup'")->required();
  restore->callback([&] { chosen = [&] { return verb_restore(options, backup_folder); }; });

  DemoOptions demo_options;
  auto* demo =
      app.add_subcommand("demo", "Retrain a model on three million flights, month by month");
  add_engine_options(*demo, options);
  demo->add_option("--dags", dags, "Folder of DAG files")->capture_default_str();
  demo->add_flag("--exit", demo_options.exit,
                 "Stop at the end; exit code 1 if a step did not happen as described");
  demo->add_flag("--fresh", demo_options.fresh, "Delete the state of an earlier demo");
  demo->callback([&] { chosen = [&] { return verb_demo(options, demo_options); }; });

  auto* runner = app.add_subcommand("runner", "");  // started by the engine
  runner->group("");
  runner->callback([&] { chosen = [&] { return verb_runner(options); }; });

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {  // --help and --version end here too, with 0
    if (const std::string verb = unknown_verb(app, {argv, static_cast<std::size_t>(argc)});
        !verb.empty() && error.get_exit_code() != 0)
      return refuse_verb(app, verb);
    return app.exit(error) == 0 ? 0 : traits(ErrorCode::invalid_argument).exit_code;
  }
  options.state = state;
  options.dags = dags;
  log::configure(log::Severity::info, options.log_json ? log::Format::json : log::Format::text);
  const Status understood = finish_options(options, retention, drain);
  const Result<int> code = understood ? chosen() : understood.error();
  if (code) return *code;
  std::fprintf(stderr, "millrace: %s\n", code.error().to_string().c_str());
  return traits(code.error().code).exit_code;
}
