#include "operators/control/python.h"

#include <algorithm>
#include <cctype>
#include <filesystem>

#include "engine/op/kept_processes.h"
#include "operators/control/quoted_text.h"
#include "operators/control/sdk_files.h"

namespace millrace::operators {
namespace {

namespace fs = std::filesystem;

/// Letters beyond ASCII are left to Python.
bool is_name(std::string_view text) {
  const auto letter = [](char c) {
    return c == '_' || std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           static_cast<unsigned char>(c) >= 0x80;
  };
  return !text.empty() && std::isdigit(static_cast<unsigned char>(text.front())) == 0 &&
         std::ranges::all_of(text, letter);
}

bool is_dotted_name(std::string_view text) {
  while (true) {
    const std::size_t dot = text.find('.');
    if (!is_name(text.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

/// Where the module may lie; a change replaces the worker.
std::vector<fs::path> files_of(const std::string& function, const fs::path& folder) {
  std::string module = function.substr(0, function.find(':'));
  std::ranges::replace(module, '.', '/');
  return {folder / (module + ".py"), folder / module / "__init__.py"};
}

}  // namespace

std::optional<TextProblem> check_function(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon != std::string_view::npos && is_dotted_name(text.substr(0, colon)) &&
      is_name(text.substr(colon + 1)))
    return std::nullopt;
  return TextProblem{quoted_text(text) +
                         " does not name a function; write module:function, such as "
                         "pipeline:train for `def train` in pipeline.py",
                     std::nullopt};
}

std::optional<std::string> check_arguments(const Json& args) {
  for (const auto& [argument, value] : args.members())
    if (!is_name(argument)) return quoted_text(argument) + " is not a name of a Python argument";
  return std::nullopt;
}

Result<Outcome> Python::run(OperatorContext& ctx) const {
  WorkerSpec spec;
  // Where later tasks find it as well.
  spec.script =
      (ctx.kept() != nullptr ? ctx.kept()->folder() : ctx.work_dir()) / "millrace_worker.py";
  spec.script_text = python_sdk();
  spec.argv = {interpreter, spec.script.string()};
  spec.isolation = isolation;
  add_variable(spec.env, "PYTHONUNBUFFERED", "1");  // what it prints is seen while it runs
  if (const auto problem = check_function(function))
    return permanent(invalid_argument("function: " + problem->message));
  spec.code = files_of(function, folder_of(ctx.attempt()));
  return run_worker_task(*this, std::move(spec), function, args, ctx);
}

}  // namespace millrace::operators
