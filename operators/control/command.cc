#include "operators/control/command.h"

#include <string.h>

#include <algorithm>
#include <filesystem>

#include "engine/base/digest.h"
#include "engine/base/file.h"
#include "operators/control/subprocess.h"

namespace millrace::operators {
namespace {

constexpr std::size_t kMaxOutputsBytes = 4u << 20;
using Variables = std::vector<std::pair<std::string, std::string>>;

Result<Variables> author_variables(const Json& env) {
  if (!env.is_object())
    return invalid_argument("parameter 'env' must be a mapping of names to values");
  Variables out;
  for (const auto& [name, value] : env.members()) {
    if (name.empty() || name.find_first_of(std::string_view("=\0", 2)) != std::string::npos)
      return invalid_argument("'" + name + "' is no name of an environment variable");
    out.emplace_back(name, value.is_string() ? value.as_string() : value.dump());
  }
  return out;
}

void add_identity(Variables& out, const AttemptInfo& info) {
  const auto add = [&](std::string_view name, std::string value) {
    out.emplace_back("MILLRACE_" + std::string(name), std::move(value));
  };
  add("DAG_ID", info.dag_id);
  add("RUN_ID", info.run_id);
  add("TASK_ID", info.task_id);
  add("MAP_INDEX", std::to_string(info.map_index));
  add("ATTEMPT", std::to_string(info.attempt));
  add("EPOCH", std::to_string(info.epoch));  // a fencing token: it grows with every new leader
  add("IDEMPOTENCY_KEY", info.idempotency_key());
  add("TRACE_ID", info.trace_id);
  // The parent's span id must not be zero; a digest of the task's name serves as one.
  if (!info.trace_id.empty())
    out.emplace_back("TRACEPARENT", "00-" + info.trace_id + "-" +
                                        sha256_hex(info.idempotency_key()).substr(0, 16) + "-01");
  if (!info.has_interval) return;
  add("LOGICAL_DATE", format_rfc3339(info.logical_date));
  add("DATA_INTERVAL_START", format_rfc3339(info.data_interval_start));
  add("DATA_INTERVAL_END", format_rfc3339(info.data_interval_end));
}

Result<Json> read_outputs(const std::filesystem::path& file) {
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored)) return Json::object();
  MR_TRY(const std::string text, read_file(file, kMaxOutputsBytes));
  if (text.find_first_not_of(" \t\r\n") == std::string::npos) return Json::object();
  auto json = Json::parse(text);
  if (!json)
    return make_error(ErrorCode::data_invalid,
                      "the program wrote no JSON to $MILLRACE_OUTPUTS: " + json.error().message);
  if (!json->is_object())
    return make_error(ErrorCode::data_invalid, "the program wrote " +
                                                   std::string(type_name(json->type())) +
                                                   " to $MILLRACE_OUTPUTS; expected an object");
  return json;
}

Error failure(const std::string& program, ExitStatus status, const std::vector<double>& transient) {
  Error error;
  if (status.signal != 0) {
    const char* text = sigdescr_np(status.signal);
    error = unavailable("'" + program + "' was ended by signal " + std::to_string(status.signal) +
                        (text != nullptr ? " (" + std::string(text) + ")" : ""));
    return error;
  }
  const bool again = std::ranges::find(transient, status.code) != transient.end();
  error = make_error(again ? ErrorCode::unavailable : ErrorCode::invalid_argument,
                     "'" + program + "' ended with exit code " + std::to_string(status.code) +
                         "; its output is in the log");
  error.transient_override = again;
  return error;
}

}  // namespace

Result<Outcome> Command::run(OperatorContext& ctx) const {
  if (argv.empty() == script.empty())
    return invalid_argument("'command' needs one of the parameters 'argv' and 'run'");
  Subprocess program;
  program.argv = script.empty() ? argv : std::vector<std::string>{"/bin/sh", "-ec", script};
  const std::filesystem::path base = ctx.attempt().base_dir;
  program.folder = (base / folder).lexically_normal().string();
  MR_TRY(program.env, author_variables(env));
  add_identity(program.env, ctx.attempt());
  const auto outputs_file = ctx.work_dir() / "outputs.json";
  program.env.emplace_back("MILLRACE_OUTPUTS", outputs_file.string());
  if (!inputs.is_null()) {
    const auto inputs_file = ctx.work_dir() / "inputs.json";
    MR_CHECK(write_file_atomic(inputs_file, inputs.dump()));
    program.env.emplace_back("MILLRACE_INPUTS", inputs_file.string());
  }
  MR_TRY(const ExitStatus status, run_subprocess(program, [&] { return ctx.cancelled(); }));
  if (ctx.cancelled()) return make_error(ErrorCode::cancelled, "cancelled");
  if (status.code != 0 || status.signal != 0)
    return failure(script.empty() ? argv.front() : "run", status, retry_on_exit);
  MR_TRY(Json written, read_outputs(outputs_file));
  return Outcome{Done{std::move(written), {}}};
}

}  // namespace millrace::operators
