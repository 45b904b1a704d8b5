#include "operators/control/worker_task.h"

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "engine/base/duration.h"
#include "engine/base/suggest.h"
#include "engine/base/trace_context.h"
#include "operators/control/program_environment.h"
#include "operators/control/quoted_text.h"

namespace millrace::operators {
namespace {

namespace fs = std::filesystem;

const std::vector<std::string> kRecycleKeys = {"tasks", "growth_mb", "age"};
constexpr long kMostRecycle = 1'000'000'000;

Result<RecycleLimits> recycle_of(const Json& recycle) {
  if (auto problem = check_recycle(recycle)) return invalid_argument("recycle: " + *problem);
  RecycleLimits out;
  out.tasks = recycle["tasks"].as_int(out.tasks);
  if (recycle.contains("growth_mb")) out.growth_bytes = recycle["growth_mb"].as_int() << 20;
  if (recycle.contains("age")) {
    MR_TRY(out.age, parse_duration(recycle["age"].as_string()));
  }
  return out;
}

/// The members of a task message; docs/programs.md lists them.
Json task_message(const std::string& function, const Json& inputs, OperatorContext& ctx) {
  const AttemptInfo& info = ctx.attempt();
  Json out = Json::object({{"type", Json()},  // the worker's client fills these two
                           {"id", 0},
                           {"function", function},
                           {"inputs", inputs},
                           {"namespace", info.namespace_},
                           {"dag", info.dag_id},
                           {"run", info.run_id},
                           {"task", info.task_id},
                           {"map_index", info.map_index},
                           {"attempt", info.attempt},
                           {"epoch", info.epoch},
                           {"idempotency_key", info.idempotency_key()},
                           {"dag_dir", info.base_dir}});
  if (!info.trace_id.empty())
    out.set("trace_id", info.trace_id)
        .set("traceparent", traceparent_of(info.trace_id, span_id_of(info.name())));
  if (info.has_interval)
    out.set("logical_date", format_rfc3339(info.logical_date))
        .set("data_interval_start", format_rfc3339(info.data_interval_start))
        .set("data_interval_end", format_rfc3339(info.data_interval_end));
  return out;
}

Error error_of(const std::string& function, const Json& error) {
  const std::string kind = error["class"].as_string(), message = error["message"].as_string();
  const std::string text = kind.empty() ? message : kind + (message.empty() ? "" : ": " + message);
  if (kind == "MemoryError") {
    Error memory = make_error(ErrorCode::resource_exhausted, "out of memory");
    memory.out_of_memory = true;
    return memory;
  }
  Error out = make_error(ErrorCode::program_failed,
                         kind.empty() ? text : quoted_text(function) + " failed: " + text);
  const std::string_view retry = error["retry"].as_view();
  out.permanent = retry == "no";
  if (retry == "after") out.retry_after = std::chrono::milliseconds(error["after_ms"].as_int());
  if (error["exit_code"].is_integer())
    out.exit_code = static_cast<int>(error["exit_code"].as_int());
  return out;
}

/// A path that the function returned takes the place of the declared one.
Status take_returned_paths(std::vector<ProgramOutput>& files, Json& values) {
  for (auto& file : files) {
    const Json* const returned = values.find(file.name);
    if (returned == nullptr) continue;
    if (!returned->is_null() && !returned->is_string())
      return data_invalid("the function returned " + shown_value(*returned) +
                          " as the output file '" + file.name + "'; expected a path");
    if (returned->is_string()) file.path = returned->as_string();
    std::erase_if(values.mutable_members(),
                  [&](const Json::Member& member) { return member.first == file.name; });
  }
  return {};
}

}  // namespace

std::string WorkerParams::folder_of(const AttemptInfo& info) const {
  if (folder == "." || folder.empty()) return info.base_dir;
  return (fs::path(info.base_dir) / folder).lexically_normal().string();
}

std::optional<std::string> check_recycle(const Json& recycle) {
  for (const auto& [key, value] : recycle.members()) {
    if (std::ranges::find(kRecycleKeys, key) == kRecycleKeys.end())
      return "there is no " + quoted_text(key) + did_you_mean(key, kRecycleKeys) +
             "; it is one of " + listed_names(kRecycleKeys);
    if (has_expression(value)) continue;
    if (key == "age") {
      if (!value.is_string() || !parse_duration(value.as_string()))
        return "age: " + shown_value(value) + " is not a duration; write one such as 30m";
    } else if (!value.is_integer() || value.as_int() < 1 || value.as_int() > kMostRecycle) {
      return key + ": " + shown_value(value) + " is not a number from 1 to 1000000000";
    }
  }
  return std::nullopt;
}

Result<Outcome> run_worker_task(const WorkerParams& params, WorkerSpec spec,
                                const std::string& function, const Json& inputs,
                                OperatorContext& ctx) {
  Exchange exchange;
  const bool has_files =
      params.tables.size() + params.files.size() + params.output_files.size() > 0;
  if (has_files) {
    MR_TRY(exchange.inputs, place_inputs(ctx, params.tables, params.files, ctx.work_dir() / "in"));
    MR_TRY(exchange.outputs, expect_outputs(params.output_files, ctx.work_dir() / "out"));
  }
  for (const auto& input : exchange.inputs)
    if (inputs.contains(input.name))
      return permanent(
          invalid_argument("'" + input.name + "' is both a value and a table or file; rename one"));
  MR_CHECK(add_authors(spec.env, params.env));
  spec.folder = params.folder_of(ctx.attempt());
  for (const auto& file : params.watch) spec.code.push_back(fs::path(spec.folder) / file);
  MR_TRY(spec.recycle, recycle_of(params.recycle));

  Json task = task_message(function, inputs, ctx);
  // To make a folder takes as long as a short function.
  if (has_files) task.set("work_dir", ctx.work_dir().string());
  Json files = description_of(exchange);
  task.set("input_files", std::move(files.member("inputs")));
  task.set("output_files", std::move(files.member("outputs")));
  MR_TRY(Json answer, run_on_worker(spec, task, ctx));

  if (answer["type"].as_view() == "failed") return error_of(function, answer["error"]);
  if (answer["type"].as_view() == "skipped") return Outcome{Skip{answer["reason"].as_string()}};
  Done done;
  done.outputs = std::move(answer.member("outputs"));
  if (done.outputs.is_null()) done.outputs = Json::object();
  if (!done.outputs.is_object())
    return data_invalid("the worker sent " + std::string(type_name(done.outputs.type())) +
                        " as the outputs; expected an object");
  MR_CHECK(take_returned_paths(exchange.outputs, done.outputs));
  MR_CHECK(check_values(done.outputs, params.output_types, kReturned));
  MR_CHECK(store_outputs(ctx, exchange.outputs, exchange.input_digests(), done));
  return Outcome{std::move(done)};
}

}  // namespace millrace::operators
