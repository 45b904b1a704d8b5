// /api/v1/runs: what ran, what runs; trigger, cancel, retry.
#include <sstream>

#include "engine/api/bodies.h"
#include "engine/api/context.h"
#include "engine/api/views_model.h"
#include "engine/api/views_run.h"
#include "engine/core/param_problems.h"
#include "engine/core/timetable.h"
#include "engine/store/load_run.h"

namespace millrace::api {
namespace {

Result<Reply> list_runs(Context& context, const Call& call) {
  const auto limit = static_cast<std::size_t>(call.query("limit").as_int());
  RunFilter filter;
  if (const Json& dag = call.query("dag"); !dag.as_view().empty())
    filter.dag = DagKey(namespace_of(call), dag.as_view());
  else
    filter.namespace_ = call.query("namespace").as_string();
  if (call.query("status").is_string())
    filter.status = from_name<RunStatus>(call.query("status").as_view());
  if (call.query("before").is_string())
    filter.before = *Uuid::parse(call.query("before").as_view());
  if (call.query("backfill").is_string())
    filter.backfill = *Uuid::parse(call.query("backfill").as_view());
  filter.limit = limit + 1;  // one more tells whether there is a next page
  RunPage page;
  MR_TRY(page.runs, context.stores.runs.runs(filter));
  if (page.runs.size() > limit) {
    page.runs.resize(limit);
    page.next = page.runs.back().run;
  }
  return reply_of(page);
}

/// nullopt if the run is open, or the store does not know it yet.
Result<std::optional<RunStatus>> end_of(Context& context, const Uuid& run) {
  const auto row = context.stores.runs.run(run);
  if (!row && row.error().code != ErrorCode::not_found) return row.error();
  return row && !is_open(row->status) ? std::optional(row->status) : std::nullopt;
}

using Ended = std::function<Result<Reply>(std::optional<RunStatus>)>;

/// The reply that `finish` makes of the run's status: once it has ended, or as it is after `wait`.
Result<Reply> when_ended(Context& context, const Uuid& run, std::chrono::milliseconds wait,
                         Ended finish) {
  auto wake = std::make_shared<http::Wake>();
  const auto awaited = context.feed.waiters().await_run(run, [wake] { wake->notify(); });
  MR_TRY(const auto ended, end_of(context, run));  // it may have ended before we listened
  if (ended) return finish(ended);
  Reply reply;
  reply.later = std::make_shared<LaterReply>();
  reply.later->wake = std::move(wake);
  reply.later->patience = wait;
  reply.later->look = [&context, run, awaited,
                       finish = std::move(finish)](bool over) -> Result<std::optional<Reply>> {
    if (const auto status = awaited->status()) {
      MR_TRY(Reply done, finish(status));
      return std::optional(std::move(done));
    }
    if (!over) return std::optional<Reply>();
    const auto row = context.stores.runs.run(run);
    if (!row && row.error().code != ErrorCode::not_found) return row.error();
    MR_TRY(Reply late, finish(row ? std::optional(row->status) : std::nullopt));
    return std::optional(std::move(late));
  };
  return reply;
}

Result<Reply> get_run(Context& context, const Call& call) {
  MR_TRY(const auto wait, wait_of(call, kMostWait));
  MR_TRY(const auto row, context.stores.runs.run(call.uuid("run")));
  if (wait.count() <= 0 || !is_open(row.status)) return reply_of(row);
  return when_ended(context, row.run, wait,
                    [&context, run = row.run](std::optional<RunStatus>) -> Result<Reply> {
                      MR_TRY(const auto now, context.stores.runs.run(run));
                      return reply_of(now);
                    });
}

TriggerRun trigger_of(const Call& call, const TriggerRunBody& given, bool keyed) {
  TriggerRun input{.dag = call.path("dag")};
  // No params and no member are the same request.
  if (given.params.size() > 0) input.params = given.params;
  // A date without an offset is meant in the DAG's time zone, which the planner knows.
  if (const auto& date = given.logical_date)
    input.logical_date = has_utc_offset(*date) ? format_rfc3339(*parse_rfc3339(*date)) : *date;
  // With a key the body must be the same each time; a trace id need not be.
  if (!keyed) input.trace_id = call.request().trace_id;
  return input;
}

Reply trigger_reply(const TriggerView& view) {
  auto reply = reply_of(view);
  reply.status = !view.handled ? 202 : view.created ? 201 : 200;
  reply.headers.emplace_back("Location", "/api/v1/runs/" + view.run.to_string());
  return reply;
}

/// The engine's refusal, with an item for each param that is wrong: a line of its message. The DAG
/// itself is not read, since it may have 10,000 tasks.
Result<Reply> refused_trigger(Error error) {
  if (error.code != ErrorCode::invalid_argument) return error;
  std::vector<Problem::Item> items;
  std::istringstream lines(error.message);
  for (std::string line; std::getline(lines, line);) {
    const std::string param = param_named_in(line);
    if (param.empty()) return error;
    items.push_back({"/params/" + param, std::move(line)});
  }
  Reply reply;
  reply.problem = Problem::of(error);
  if (items.size() > 1) reply.problem->detail = std::to_string(items.size()) + " params are wrong";
  reply.problem->errors = std::move(items);
  return reply;
}

Result<Reply> trigger_run(Context& context, const Call& call) {
  MR_TRY(const auto wait, wait_of(call, kMostWait));
  MR_TRY(const auto key, idempotency_key_in(call));
  const DagKey dag = dag_of(call);
  MR_TRY(const bool is_known, context.stores.runs.has_dag(dag));
  if (!is_known) return no_such_dag(context, dag);
  MR_TRY(const auto given, call.body<TriggerRunBody>());
  auto command = context.make_command(trigger_of(call, given, !key.empty()), call, dag.namespace_,
                                      given.reason);
  command.idempotency_key = key;
  return context.submit(
      std::move(command), [&context, wait](const Submitted& submitted) -> Result<Reply> {
        auto answered = Context::answer_of<TriggerRun>(submitted);
        if (!answered) return refused_trigger(std::move(answered).error());
        const auto& answer = *answered;
        TriggerView view;
        view.run = answer ? answer->run : submitted.command.id;
        view.created = !submitted.repeated;
        view.handled = submitted.answer.has_value();
        if (wait.count() <= 0 || !view.handled) return trigger_reply(view);
        return when_ended(context, view.run, wait,
                          [&context, view](std::optional<RunStatus> status) -> Result<Reply> {
                            TriggerView ended = view;
                            ended.status = status;
                            // A run that was cancelled has neither outputs nor an error of its own.
                            const bool leaves_more =
                                status && !is_open(*status) && *status != RunStatus::cancelled;
                            if (!leaves_more) return trigger_reply(ended);
                            MR_TRY(RunRow row, context.stores.runs.run(view.run));
                            ended.outputs = std::move(row.outputs);
                            ended.error = std::move(row.error);
                            return trigger_reply(ended);
                          });
      });
}

/// A refusal to cancel a run that has ended says how and when it ended.
Error after_end(Context& context, const Uuid& run, Error error) {
  if (error.code != ErrorCode::conflict) return error;
  const auto row = context.stores.runs.run(run);
  if (!row || is_open(row->status)) return error;
  std::string text =
      "run " + run.to_string() + " has ended already: " + std::string(to_string(row->status));
  if (row->finished_at) text += ", at " + format_rfc3339(*row->finished_at);
  return conflict(std::move(text));
}

/// For commands about a run: the run must exist.
template <typename T>
Result<Reply> about_run(Context& context, const Call& call, T input, std::string_view reason) {
  MR_TRY(const auto row, context.stores.runs.run(call.uuid("run")));
  input.run = row.run;
  auto command = context.make_command(input, call, row.namespace_, reason);
  return context.submit(std::move(command),
                        [&context, run = row.run](const Submitted& submitted) -> Result<Reply> {
                          auto reply = command_reply(submitted);
                          if (reply || T::kind == RetryRun::kind) return reply;
                          return after_end(context, run, std::move(reply).error());
                        });
}

Result<Reply> cancel_run(Context& context, const Call& call) {
  MR_TRY(const auto given, call.body<CancelRunBody>());
  CancelRun input;
  input.force = given.force;
  return about_run(context, call, input, given.reason);
}

Result<Reply> cancel_task(Context& context, const Call& call) {
  MR_TRY(const auto given, call.body<CancelTaskBody>());
  CancelTask input;
  input.task = call.path("task");
  if (given.map_index) input.map_index = *given.map_index;
  input.force = given.force;
  return about_run(context, call, std::move(input), given.reason);
}

Result<Reply> resume_task(Context& context, const Call& call) {
  MR_TRY(const auto given, call.body<ResumeTaskBody>());
  ResumeTask input;
  input.task = call.path("task");
  if (given.map_index) input.map_index = *given.map_index;
  input.params = given.params;
  return about_run(context, call, std::move(input), given.reason);
}

Result<Reply> fail_held_task(Context& context, const Call& call) {
  MR_TRY(const auto given, call.body<FailHeldTaskBody>());
  FailHeldTask input;
  input.task = call.path("task");
  if (given.map_index) input.map_index = *given.map_index;
  return about_run(context, call, std::move(input), given.reason);
}

Result<Reply> retry_run(Context& context, const Call& call) {
  MR_TRY(const auto given, call.body<RetryRunBody>());
  RetryRun input;
  input.tasks = given.tasks;
  return about_run(context, call, std::move(input), given.reason);
}

Result<Reply> list_artifacts(Context& context, const Call& call) {
  MR_TRY(const auto row, context.stores.runs.run(call.uuid("run")));
  MR_TRY(const auto artifacts, context.stores.registry.artifacts(row.run));
  return reply_of(artifacts);
}

std::vector<FieldInfo> run_filters_in_query() {
  return {namespace_filter_in_query(),
          FieldInfo{"dag", string_type(128),
                    "Only of this DAG; without a namespace, the one in `default`"}
              .optional(),
          FieldInfo{"status", type_info<RunStatus>(), "Only in this status"}.optional(),
          FieldInfo{"backfill", uuid_type(), "Only of this backfill"}.optional(),
          FieldInfo{"before", uuid_type(), "`next` of the page before"}.optional(),
          limit_in_query(500, 50)};
}

FieldInfo wait_in_query() {
  return FieldInfo{"wait", string_type(16), "Wait for the run's end, e.g. 30s; at most 60s"}
      .optional();
}

/// Commands about one task of a run.
void add_task_commands(std::vector<Endpoint>& list, Context* context) {
  const auto bind = [context](Result<Reply> (*handle)(Context&, const Call&)) {
    return [context, handle](const Call& call) { return handle(*context, call); };
  };
  list.push_back({.method = "POST",
                  .pattern = "/api/v1/runs/{run}/tasks/{task}/cancel",
                  .id = "cancelTask",
                  .tag = "runs",
                  .summary = "Cancel one task",
                  .doc =
                      "The run goes on with its other tasks. A second request, or force, ends the "
                      "task's programs without their grace.",
                  .path = {run_in_path(), task_in_path()},
                  .body_kind = Endpoint::Body::json,
                  .body = body_fields<CancelTaskBody>(),
                  .also = {202},
                  .response = type_info<CommandView>(),
                  .handle = bind(cancel_task)});
  list.push_back({.method = "POST",
                  .pattern = "/api/v1/runs/{run}/tasks/{task}/resume",
                  .id = "resumeTask",
                  .tag = "runs",
                  .summary = "Resume a held task",
                  .doc = "A task with `on_exhausted: hold` whose attempts are used up is held. It "
                         "starts again from its beginning, with all of its retries. Refused if "
                         "the task is not held, or if the params do not fit.",
                  .path = {run_in_path(), task_in_path()},
                  .body_kind = Endpoint::Body::json,
                  .body = body_fields<ResumeTaskBody>(),
                  .also = {202},
                  .response = type_info<CommandView>(),
                  .handle = bind(resume_task)});
  list.push_back({.method = "POST",
                  .pattern = "/api/v1/runs/{run}/tasks/{task}/fail",
                  .id = "failHeldTask",
                  .tag = "runs",
                  .summary = "Let a held task fail",
                  .doc = "It ends as failed, with the error for which it is held. Refused if the "
                         "task is not held.",
                  .path = {run_in_path(), task_in_path()},
                  .body_kind = Endpoint::Body::json,
                  .body = body_fields<FailHeldTaskBody>(),
                  .also = {202},
                  .response = type_info<CommandView>(),
                  .handle = bind(fail_held_task)});
}

}  // namespace

std::vector<Endpoint> run_endpoints(Context* context) {
  const auto bind = [context](Result<Reply> (*handle)(Context&, const Call&)) {
    return [context, handle](const Call& call) { return handle(*context, call); };
  };
  std::vector<Endpoint> list;
  list.push_back({.method = "GET",
                  .pattern = "/api/v1/runs",
                  .id = "listRuns",
                  .tag = "runs",
                  .summary = "Runs, newest first",
                  .query = run_filters_in_query(),
                  .response = type_info<RunPage>(),
                  .handle = bind(list_runs)});
  list.push_back(
      {.method = "POST",
       .pattern = "/api/v1/dags/{dag}/runs",
       .id = "triggerRun",
       .tag = "runs",
       .summary = "Start a run",
       .doc = "201: a new run. 200: an earlier request with this Idempotency-Key and body made it. "
              "202: "
              "accepted, and the engine will start it as soon as it answers again.",
       .path = {dag_in_path()},
       .query = {namespace_in_query(), wait_in_query()},
       .headers = {idempotency_header()},
       .body_kind = Endpoint::Body::json,
       .body = body_fields<TriggerRunBody>(),
       .status = 201,
       .also = {200, 202},
       .response = type_info<TriggerView>(),
       .handle = bind(trigger_run)});
  list.push_back(
      {.method = "GET",
       .pattern = "/api/v1/runs/{run}",
       .id = "getRun",
       .tag = "runs",
       .summary = "A run",
       .doc = "With `wait`, the answer comes when the run has ended, or after that time.",
       .path = {run_in_path()},
       .query = {wait_in_query()},
       .response = type_info<RunRow>(),
       .handle = bind(get_run)});
  list.push_back({.method = "POST",
                  .pattern = "/api/v1/runs/{run}/cancel",
                  .id = "cancelRun",
                  .tag = "runs",
                  .summary = "Cancel a run",
                  .doc =
                      "Ends its attempts: SIGTERM, and SIGKILL after the task's kill_grace. Tasks "
                      "that ask about the end in their condition still run. A second request, or "
                      "force, ends everything at once, these tasks as well.",
                  .path = {run_in_path()},
                  .body_kind = Endpoint::Body::json,
                  .body = body_fields<CancelRunBody>(),
                  .also = {202},
                  .response = type_info<CommandView>(),
                  .handle = bind(cancel_run)});
  add_task_commands(list, context);
  list.push_back({.method = "POST",
                  .pattern = "/api/v1/runs/{run}/retry",
                  .id = "retryRun",
                  .tag = "runs",
                  .summary = "Run tasks again",
                  .doc = "The tasks named and all downstream of them; none named: those that "
                         "failed, were cancelled or "
                         "could not start.",
                  .path = {run_in_path()},
                  .body_kind = Endpoint::Body::json,
                  .body = body_fields<RetryRunBody>(),
                  .also = {202},
                  .response = type_info<CommandView>(),
                  .handle = bind(retry_run)});
  list.push_back({.method = "GET",
                  .pattern = "/api/v1/runs/{run}/artifacts",
                  .id = "listArtifacts",
                  .tag = "runs",
                  .summary = "What a run's tasks left",
                  .path = {run_in_path()},
                  .response = type_info<std::vector<ArtifactRow>>(),
                  .handle = bind(list_artifacts)});
  return list;
}

}  // namespace millrace::api
