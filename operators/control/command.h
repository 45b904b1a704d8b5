// command: runs any program as a task.
//
// The program finds, in its environment: MILLRACE_INPUTS, a JSON file with the parameter `inputs`;
// MILLRACE_OUTPUTS, the path of a file into which it may write a JSON object, the task's outputs;
// MILLRACE_INPUT_NAME and MILLRACE_OUTPUT_NAME, the paths of artifacts in and out, with
// MILLRACE_FILES, a JSON file that lists them; MILLRACE_IDEMPOTENCY_KEY, the same for every attempt
// of this task; MILLRACE_DAG_ID, _RUN_ID, _TASK_ID, _MAP_INDEX, _ATTEMPT, _TRACE_ID; of a run with
// a date also _LOGICAL_DATE and _DATA_INTERVAL_START, _END; and TRACEPARENT (W3C). Its output is
// the task's log.
#pragma once

#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "engine/core/outcome.h"
#include "engine/op/context.h"
#include "engine/op/param.h"
#include "operators/control/program_inputs.h"
#include "operators/control/program_outputs.h"

namespace millrace::operators {

struct Command {
  static constexpr std::string_view name = "command";
  static constexpr std::string_view doc =
      "Runs a program: arguments, environment, values and artifacts in and out by file, output in "
      "the log. docs/programs.md describes what the program gets and hands on. Exit code 0 is "
      "success, 99 skips the task; every other one and every signal is a failure, which the task's "
      "retries repeat. The program finds MILLRACE_NAMESPACE, _DAG_ID, _RUN_ID, _TASK_ID, "
      "_MAP_INDEX, _ATTEMPT, _EPOCH (a fencing token), _IDEMPOTENCY_KEY and _TRACE_ID, "
      "TRACEPARENT, MILLRACE_STATE (a file for the next attempt), MILLRACE_DAG_DIR (the folder of "
      "the DAG file), MILLRACE_URL (the engine's API, "
      "if it serves one), and of a scheduled run MILLRACE_LOGICAL_DATE, _DATA_INTERVAL_START and "
      "_DATA_INTERVAL_END. It leads a process group of its own: when the task is cancelled or out "
      "of time the group gets SIGTERM, and after the task's kill_grace everything that the program "
      "has started is killed, as it is when the program ends. Python writes without a buffer "
      "(PYTHONUNBUFFERED=1) unless `env` says otherwise.";
  static constexpr int version = 1;

  std::vector<std::string> argv;
  std::string script;
  Json env = Json::object();
  Json inputs;
  Json tables = Json::object();
  Json files = Json::object();
  Json output_files = Json::object();
  Json output_types = Json::object();
  std::string standard_input;
  std::string folder;
  bool new_folder = false;
  std::vector<double> retry_on_exit;
  std::vector<double> skip_on_exit;

  static auto params() {
    return std::tuple{
        param("argv", &Command::argv, "The program and its arguments; no shell looks at them")
            .optional()
            .example(Json::array({"python3", "score.py", "--month", "2"})),
        param("run", &Command::script,
              "Lines for /bin/sh, instead of argv; the first failure ends it")
            .optional()
            .shell(),
        param("env", &Command::env,
              "Environment variables to add, with their values as they are written; null removes "
              "one that is inherited")
            .def(Json::object())
            .texts(),
        param("inputs", &Command::inputs, "Any value; the program reads it from $MILLRACE_INPUTS")
            .optional(),
        param("tables", &Command::tables,
              "Tables that the program reads: name to the digest of the artifact, or {from, "
              "format: parquet, csv or jsonl}. $MILLRACE_INPUT_NAME is the path of the program's "
              "own copy, Parquet by default")
            .mapping(&check_tables)
            .optional()
            .example(
                Json::object({{"sales", Json::object({{"from", "${{ tasks.clean.outputs.table }}"},
                                                      {"format", "csv"}})}})),
        param("files", &Command::files,
              "Other artifacts, such as models: name to digest, or {from, as: the file's name}; "
              "the path is $MILLRACE_INPUT_NAME")
            .mapping(&check_files)
            .optional(),
        param("output_files", &Command::output_files,
              "Files that the program writes: name to {path, type: table, model or file}. Each "
              "becomes an artifact and an output of the task, its digest. The program writes to "
              "$MILLRACE_OUTPUT_NAME, which is `path` in a new folder. A table is read as "
              "ingest.file reads it; its format is auto, csv, jsonl or parquet")
            .mapping(&check_output_files)
            .optional()
            .example(Json::object(
                {{"scores", Json::object({{"path", "scores.csv"}, {"type", "table"}})}})),
        param("outputs", &Command::output_types,
              "Values that the program must write to $MILLRACE_OUTPUTS: name to string, number, "
              "integer, boolean, array, object or any. With this or output_files, `lint` knows "
              "all outputs of the task")
            .mapping(&check_output_types)
            .optional(),
        param("stdin", &Command::standard_input, "Text that the program reads from its stdin")
            .optional(),
        param("folder", &Command::folder, "Where to run; relative to the DAG file's folder")
            .def("."),
        param("new_folder", &Command::new_folder,
              "Run in a new, empty folder instead, which is removed afterwards; the paths of "
              "output_files start there")
            .def(false),
        param(
            "retry_on_exit", &Command::retry_on_exit,
            "Retry only these exit codes, and signals; without it every exit code but 0 is retried")
            .optional()
            .range(1, 255),
        param("skip_on_exit", &Command::skip_on_exit,
              "Exit codes that skip the task, as in Airflow; a code of retry_on_exit is retried")
            .def(Json::array({99}))
            .range(1, 255)};
  }
  static std::vector<ParamRule> rules() { return {exactly_one_of({"argv", "run"})}; }
  static std::vector<std::pair<std::string, std::string>> outputs() {
    return {{"*",
             "The members of the JSON object that the program wrote to $MILLRACE_OUTPUTS, and the "
             "digests of output_files"}};
  }
  static std::optional<std::vector<std::string>> outputs_with(const Json& with);
  Result<Outcome> run(OperatorContext& ctx) const;
};

}  // namespace millrace::operators
