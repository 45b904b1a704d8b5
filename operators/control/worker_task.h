// What the operators that run a function on a worker of the user's have in common: their
// parameters, the task message, and what becomes of the answer.
#pragma once

#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "engine/base/json.h"
#include "engine/core/outcome.h"
#include "engine/op/context.h"
#include "engine/op/param.h"
#include "operators/control/program_inputs.h"
#include "operators/control/program_outputs.h"
#include "operators/control/user_worker.h"

namespace millrace::operators {

/// What is wrong with the parameter `recycle`.
std::optional<std::string> check_recycle(const Json& recycle);

struct WorkerParams {
  Json env = Json::object();
  Json tables = Json::object();
  Json files = Json::object();
  Json output_files = Json::object();
  Json output_types = Json::object();
  std::string folder;
  std::vector<std::string> watch;
  Json recycle = Json::object();

  static auto params() {
    return std::tuple{
        param("tables", &WorkerParams::tables,
              "Tables that the function reads: name to the digest of the artifact, or {from, "
              "format: parquet, csv or jsonl}. It gets the path of a file, Parquet by default")
            .mapping(&check_tables)
            .optional()
            .example(Json::object({{"sales", "${{ tasks.clean.outputs.table }}"}})),
        param("files", &WorkerParams::files,
              "Other artifacts, such as models: name to digest, or {from, as: the file's name}; "
              "the function gets the path")
            .mapping(&check_files)
            .optional(),
        param("output_files", &WorkerParams::output_files,
              "Files that the function makes: name to {path, type: table, model or file}. Each "
              "becomes an artifact and an output of the task, its digest. The function writes to "
              "`path` in the folder of the attempt, or returns the path of another file under "
              "the name")
            .mapping(&check_output_files)
            .optional()
            .example(Json::object(
                {{"model", Json::object({{"path", "model.pkl"}, {"type", "model"}})}})),
        param("outputs", &WorkerParams::output_types,
              "Values that the function must return: name to string, number, integer, boolean, "
              "array, object or any. With this or output_files, `lint` knows all outputs of the "
              "task")
            .mapping(&check_output_types)
            .optional(),
        param("env", &WorkerParams::env,
              "Environment variables of the worker to add, with their values as they are written; "
              "null removes one that is inherited")
            .def(Json::object())
            .texts(),
        param("folder", &WorkerParams::folder, "Where it runs; relative to the DAG file's folder")
            .def("."),
        param("watch", &WorkerParams::watch,
              "More files whose change replaces the worker; relative to `folder`")
            .optional(),
        param("recycle", &WorkerParams::recycle,
              "When the worker is replaced: after a number of `tasks` (default 10000), when its "
              "memory has grown by `growth_mb` (512), at the `age` (1h)")
            .mapping(&check_recycle)
            .optional()
            .example(Json::object({{"tasks", 1000}, {"age", "30m"}}))};
  }
  std::string folder_of(const AttemptInfo& info) const;
};

/// `spec` has argv, isolation, start_timeout and its own variables; the rest comes from `params`.
/// `inputs` are the values that the function gets.
Result<Outcome> run_worker_task(const WorkerParams& params, WorkerSpec spec,
                                const std::string& function, const Json& inputs,
                                OperatorContext& ctx);

}  // namespace millrace::operators
