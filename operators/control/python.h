// python: calls a function of the user's own module, in a Python process that stays for later
// tasks.
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
#include "operators/control/program_environment.h"
#include "operators/control/worker_task.h"

namespace millrace::operators {

/// What is wrong with a text that should name a function.
std::optional<TextProblem> check_function(std::string_view text);
std::optional<std::string> check_arguments(const Json& args);

struct Python : WorkerParams {
  static constexpr std::string_view name = "python";
  static constexpr std::string_view doc =
      "Calls a Python function, module:function, in a process that stays for later tasks: a call "
      "costs tens of microseconds, and imports are paid once. The module is found in the folder "
      "of the DAG file, then among the installed ones. The function gets `args`, `tables` and "
      "`files` by name and returns a dict, the outputs of the task, or None; what it prints is "
      "the log. An exception fails the attempt, and the task's retries apply; Retry, Permanent and "
      "Skip from millrace_worker say more. When the task is cancelled or out of time, Cancelled "
      "is raised in the function. A change of the module, of modules next to it or of `watch` "
      "starts a new process before the next task. docs/programs.md has the details.";
  static constexpr int version = 1;

  std::string function;
  Json args = Json::object();
  std::string isolation;
  std::string interpreter;

  static auto params() {
    return std::tuple_cat(
        std::tuple{
            param("function", &Python::function, "module:function, such as pipeline.clean:run")
                .checked_by(&check_function)
                .example("pipeline:train"),
            param("args", &Python::args, "Arguments of the function by name: any values")
                .mapping(&check_arguments)
                .optional()
                .example(Json::object({{"month", 2}})),
            param("isolation", &Python::isolation,
                  "What tasks of one process share. module: imported modules, while the module's "
                  "own code is executed again for each task, except values of @warm; none: the "
                  "module as well; process: nothing, each task has a new process")
                .one_of({"module", "none", "process"})
                .def("module"),
            param("python", &Python::interpreter, "The interpreter, version 3.8 or later")
                .def("python3")},
        WorkerParams::params());
  }
  static std::vector<std::pair<std::string, std::string>> outputs() {
    return {{"*",
             "The members of the dict that the function returned, and the digests of "
             "output_files"}};
  }
  static std::optional<std::vector<std::string>> outputs_with(const Json& with) {
    return declared_outputs(with);
  }
  Result<Outcome> run(OperatorContext& ctx) const;
};

}  // namespace millrace::operators
