// call: has a long-lived program of the user's, in any language, run a function.
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

struct CallWorker : WorkerParams {
  static constexpr std::string_view name = "call";
  static constexpr std::string_view doc =
      "Has a worker run a function: a program of the user's, in any language, that stays for "
      "later tasks and speaks JSON lines on descriptor 3. docs/programs.md describes the protocol. "
      "What the worker prints is the log of the task. When the task is cancelled or out of time, "
      "the worker's process group gets SIGTERM, and after kill_grace it is killed. A change of a "
      "file that argv names, or of `watch`, starts a new worker before the next task. For Python "
      "functions, `python` needs no protocol.";
  static constexpr int version = 1;

  std::vector<std::string> argv;
  std::string function;
  Json inputs = Json::object();
  std::string isolation;
  Duration start_timeout{};

  static auto params() {
    return std::tuple_cat(
        std::tuple{
            param("argv", &CallWorker::argv, "The worker and its arguments; no shell looks at them")
                .example(Json::array({"./scorer", "--model", "model.bin"})),
            param("function", &CallWorker::function,
                  "What the worker is to do, by a name of its own")
                .example("score"),
            param("inputs", &CallWorker::inputs, "Values that the function gets, by name")
                .mapping()
                .optional(),
            param("isolation", &CallWorker::isolation,
                  "none: the worker stays for later tasks; process: each task has a new one")
                .one_of({"none", "process"})
                .def("none"),
            param("start_timeout", &CallWorker::start_timeout,
                  "How long a new worker may take until its hello")
                .def("60s")},
        WorkerParams::params());
  }
  static std::vector<std::pair<std::string, std::string>> outputs() {
    return {{"*", "The outputs that the worker sent, and the digests of output_files"}};
  }
  static std::optional<std::vector<std::string>> outputs_with(const Json& with) {
    return declared_outputs(with);
  }
  Result<Outcome> run(OperatorContext& ctx) const;
};

}  // namespace millrace::operators
