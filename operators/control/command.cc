#include "operators/control/command.h"

#include <fcntl.h>

#include <algorithm>
#include <cctype>
#include <filesystem>

#include "engine/base/file.h"
#include "engine/base/id.h"
#include "engine/base/trace_context.h"
#include "engine/base/unique_fd.h"
#include "operators/control/program_environment.h"
#include "operators/control/program_inputs.h"
#include "operators/control/program_outputs.h"
#include "operators/control/quoted_text.h"
#include "operators/control/state_file.h"
#include "operators/control/subprocess.h"

namespace millrace::operators {
namespace {

namespace fs = std::filesystem;

void add_identity(std::vector<std::string>& env, const AttemptInfo& info) {
  add_variable(env, "MILLRACE_NAMESPACE", info.namespace_);
  add_variable(env, "MILLRACE_DAG_DIR", info.base_dir);
  add_variable(env, "MILLRACE_DAG_ID", info.dag_id);
  add_variable(env, "MILLRACE_RUN_ID", info.run_id);
  add_variable(env, "MILLRACE_TASK_ID", info.task_id);
  add_variable(env, "MILLRACE_MAP_INDEX", std::to_string(info.map_index));
  add_variable(env, "MILLRACE_ATTEMPT", std::to_string(info.attempt));
  // A fencing token: it grows with every new leader.
  add_variable(env, "MILLRACE_EPOCH", std::to_string(info.epoch));
  const std::string key = info.idempotency_key();
  add_variable(env, "MILLRACE_IDEMPOTENCY_KEY", key);
  add_variable(env, "MILLRACE_TRACE_ID", info.trace_id);
  if (!info.trace_id.empty())
    add_variable(env, "TRACEPARENT", traceparent_of(info.trace_id, span_id_of(info.name())));
  if (!info.has_interval) return;
  add_variable(env, "MILLRACE_LOGICAL_DATE", format_rfc3339(info.logical_date));
  add_variable(env, "MILLRACE_DATA_INTERVAL_START", format_rfc3339(info.data_interval_start));
  add_variable(env, "MILLRACE_DATA_INTERVAL_END", format_rfc3339(info.data_interval_end));
}

/// "MILLRACE_INPUT_SALES" of "sales".
std::string variable_of(std::string_view prefix, std::string_view name) {
  std::string out(prefix);
  for (const char c : name) out += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return out;
}

Result<std::string> make_new_folder(const fs::path& work, const std::string& folder) {
  if (folder != ".")
    return invalid_argument("folder is '" + folder + "', but new_folder is true; give only one");
  const fs::path made = work / "out";
  std::error_code problem;
  fs::create_directories(made, problem);
  if (problem) return unavailable("cannot make '" + made.string() + "': " + problem.message());
  return made.string();
}

/// None for an empty text: the program then has the runner's stdin, which is empty.
Result<UniqueFd> input_from(const std::string& text, const fs::path& work) {
  if (text.empty()) return UniqueFd();
  const fs::path file = work / "stdin";
  MR_CHECK(write_file(file, text));
  UniqueFd input(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!input) return unavailable("cannot open '" + file.string() + "'");
  return input;
}

Status add_files(std::vector<std::string>& env, Exchange& exchange, const fs::path& work) {
  if (exchange.inputs.empty() && exchange.outputs.empty()) return {};
  for (const auto& input : exchange.inputs)
    add_variable(env, variable_of("MILLRACE_INPUT_", input.name), input.path.native());
  for (auto& output : exchange.outputs) {
    output.variable = variable_of("MILLRACE_OUTPUT_", output.name);
    add_variable(env, output.variable, output.path.native());
  }
  const fs::path file = work / "files.json";
  MR_CHECK(write_file(file, description_of(exchange).dump()));
  add_variable(env, "MILLRACE_FILES", file.native());
  return {};
}

Result<Json> read_outputs(const std::filesystem::path& file) {
  std::error_code ignored;
  const auto kind = std::filesystem::status(file, ignored).type();
  if (kind == std::filesystem::file_type::not_found) return Json::object();
  // To open a pipe that no process writes to would block.
  if (kind != std::filesystem::file_type::regular)
    return make_error(ErrorCode::data_invalid,
                      "the program made $MILLRACE_OUTPUTS something else than a regular file");
  MR_TRY(const std::string text, read_file(file, kMaxOutputsBytes));
  if (text.find_first_not_of(" \t\r\n") == std::string::npos) return Json::object();
  auto json = Json::parse(text, {.unique_names = true});
  if (!json)
    return make_error(
        ErrorCode::data_invalid,
        "the program wrote to $MILLRACE_OUTPUTS, but not valid JSON: " + json.error().message);
  if (!json->is_object())
    return make_error(ErrorCode::data_invalid, "the program wrote " +
                                                   std::string(type_name(json->type())) +
                                                   " to $MILLRACE_OUTPUTS; expected an object");
  return json;
}

bool lists(const std::vector<double>& codes, ExitStatus status) {
  return status.signal == 0 && std::ranges::find(codes, status.code) != codes.end();
}

/// `retried`: the exit codes that a retry may cure; empty: all of them.
Error failure(const std::string& program, ExitStatus status, const std::vector<double>& retried) {
  Error error = error_of_end("'" + program, status);
  error.permanent = status.signal == 0 && !retried.empty() && !lists(retried, status);
  return error;
}

}  // namespace

std::optional<std::vector<std::string>> Command::outputs_with(const Json& with) {
  return declared_outputs(with);
}

Result<Outcome> Command::run(OperatorContext& ctx) const {
  const fs::path& work = ctx.work_dir();
  Exchange exchange;
  MR_TRY(exchange.inputs, place_inputs(ctx, tables, files, work / "in"));
  MR_TRY(exchange.outputs, expect_outputs(output_files, work / "out"));
  Subprocess program;
  program.argv = script.empty() ? argv : std::vector<std::string>{"/bin/sh", "-ec", script};
  const std::string& base = ctx.attempt().base_dir;
  program.folder = folder == "." ? base : (fs::path(base) / folder).lexically_normal().string();
  if (new_folder) {
    MR_TRY(program.folder, make_new_folder(work, folder));
  }
  MR_TRY(const UniqueFd input, input_from(standard_input, work));
  program.input = input.get();
  add_variable(program.env, "PYTHONUNBUFFERED", "1");  // what Python prints is seen while it runs
  MR_CHECK(add_authors(program.env, env));
  add_identity(program.env, ctx.attempt());
  MR_CHECK(add_files(program.env, exchange, work));
  const std::string outputs_file = work.native() + "/outputs.json";
  add_variable(program.env, "MILLRACE_OUTPUTS", outputs_file);
  if (!inputs.is_null()) {
    const std::string inputs_file = work.native() + "/inputs.json";
    MR_CHECK(write_file(inputs_file, inputs.dump()));
    add_variable(program.env, "MILLRACE_INPUTS", inputs_file);
  }
  StateFile state(ctx);
  MR_CHECK(state.write());
  add_variable(program.env, "MILLRACE_STATE", state.path().native());
  program.changes = state.changes();
  program.on_change = [&state] { return state.save_change(); };
  MR_TRY(const ExitStatus status, run_subprocess(program, ctx));
  if (status.code != 0 || status.signal != 0) state.save();
  if (ctx.cancelled()) return make_error(ErrorCode::cancelled, "cancelled");
  const std::string called = script.empty() ? argv.front() : "run";
  if (lists(skip_on_exit, status) && !lists(retry_on_exit, status))
    return Outcome{
        Skip{quoted_text(called) + " ended with exit code " + std::to_string(status.code)}};
  if (status.code != 0 || status.signal != 0) return failure(called, status, retry_on_exit);
  Done done;
  MR_TRY(done.outputs, read_outputs(outputs_file));
  MR_CHECK(check_values(done.outputs, output_types, kWritten));
  MR_CHECK(store_outputs(ctx, exchange.outputs, exchange.input_digests(), done));
  return Outcome{std::move(done)};
}

}  // namespace millrace::operators
