#include "operators/control/call.h"

#include <chrono>
#include <filesystem>
#include <string>
#include <utility>

namespace millrace::operators {

Result<Outcome> CallWorker::run(OperatorContext& ctx) const {
  if (argv.empty() || argv.front().empty())
    return permanent(invalid_argument("argv is empty; name the worker's program"));
  WorkerSpec spec;
  spec.argv = argv;
  spec.isolation = isolation;
  spec.start_timeout = std::chrono::ceil<std::chrono::milliseconds>(start_timeout);
  add_variable(spec.env, "PYTHONUNBUFFERED", "1");
  // What argv names may be the worker's code. A file that is not there is none, until it comes.
  const std::filesystem::path start(folder_of(ctx.attempt()));
  for (const auto& argument : argv)
    if (argument.find('\0') == std::string::npos) spec.code.push_back(start / argument);
  return run_worker_task(*this, std::move(spec), function, inputs, ctx);
}

}  // namespace millrace::operators
