// /api/v1/backfills: plan, create, watch, pause, resume and cancel.
#include "engine/api/bodies.h"
#include "engine/api/context.h"
#include "engine/api/views_backfill.h"
#include "engine/api/views_model.h"
#include "engine/core/backfill.h"
#include "engine/store/load_run.h"

namespace millrace::api {
namespace {

constexpr int kMostDatesPerPage = 10'000;

CreateBackfill backfill_request_of(const Call& call, const CreateBackfillBody& given) {
  CreateBackfill input{.dag = call.path("dag"),
                       .from = given.from,
                       .to = given.to,
                       .dates = given.dates,
                       .order = given.order,
                       .max_active_runs = given.max_active_runs,
                       .reprocess = given.reprocess};
  // No params and no member are the same request.
  if (given.params.size() > 0) input.params = given.params;
  return input;
}

/// What the engine would do, by its own functions and the facts of the store.
Result<Reply> answer_backfill_plan(Context& context, const DagRow& row,
                                   const CreateBackfill& request) {
  if (!row.retired.empty())
    return conflict("DAG '" + row.key().text() + "' is retired: " + row.retired);
  MR_TRY(const auto dag, compile_stored(row.spec));
  MR_TRY(const auto dates, backfill_dates(*dag, request, context.clock.now()));
  MR_TRY(const auto facts, context.stores.backfills.facts(row.key(), dates));
  BackfillPlanView view;
  view.created = false;
  view.plan = plan_backfill(dates, request, facts);
  view.dates = static_cast<int>(dates_to_run(*view.plan).size());
  view.skipped = static_cast<int>(dates.size()) - *view.dates;
  Reply reply = reply_of(view);
  reply.status = 200;  // nothing was created
  return reply;
}

Result<Reply> create_backfill(Context& context, const Call& call) {
  MR_TRY(const auto key, idempotency_key_in(call));
  const DagKey dag = dag_of(call);
  MR_TRY(const bool is_known, context.stores.runs.has_dag(dag));
  if (!is_known) return no_such_dag(context, dag);
  MR_TRY(const auto given, call.body<CreateBackfillBody>());
  const CreateBackfill request = backfill_request_of(call, given);
  if (given.dry_run) {
    MR_TRY(const auto row, context.stores.runs.dag(dag));
    return answer_backfill_plan(context, row, request);
  }
  auto command = context.make_command(request, call, dag.namespace_, given.reason);
  command.idempotency_key = key;
  return context.submit(std::move(command), [](const Submitted& submitted) -> Result<Reply> {
    MR_TRY(const auto answer, Context::answer_of<CreateBackfill>(submitted));
    BackfillPlanView view;
    view.backfill = answer ? answer->backfill : submitted.command.id;
    view.created = !submitted.repeated;
    view.handled = answer.has_value();
    if (answer) {
      view.dates = answer->dates;
      view.skipped = answer->skipped;
    }
    auto reply = reply_of(view);
    reply.status = !view.handled ? 202 : view.created ? 201 : 200;
    reply.headers.emplace_back("Location", "/api/v1/backfills/" + view.backfill->to_string());
    return reply;
  });
}

Result<Reply> list_backfills(Context& context, const Call& call) {
  const auto limit = static_cast<std::size_t>(call.query("limit").as_int());
  BackfillFilter filter;
  if (const Json& dag = call.query("dag"); !dag.as_view().empty())
    filter.dag = DagKey(namespace_of(call), dag.as_view());
  else
    filter.namespace_ = call.query("namespace").as_string();
  if (call.query("state").is_string())
    filter.state = from_name<BackfillState>(call.query("state").as_view());
  if (call.query("before").is_string())
    filter.before = *Uuid::parse(call.query("before").as_view());
  filter.limit = limit + 1;  // one more tells whether there is a next page
  BackfillPage page;
  MR_TRY(page.backfills, context.stores.backfills.backfills(filter));
  if (page.backfills.size() > limit) {
    page.backfills.resize(limit);
    page.next = page.backfills.back().backfill;
  }
  return reply_of(page);
}

/// As it is now, with the dates that the request asks for.
Result<Reply> backfill_detail_of(Context& context, const Uuid& id, int from, int limit) {
  BackfillDetailView view;
  MR_TRY(view.backfill, context.stores.backfills.backfill(id));
  MR_TRY(view.dates, context.stores.backfills.dates(id, static_cast<std::size_t>(from),
                                                    static_cast<std::size_t>(limit)));
  const int end = from + static_cast<int>(view.dates.size());
  if (!view.dates.empty() && end < view.backfill.dates) view.next = end;
  return reply_of(view);
}

Result<Reply> get_backfill(Context& context, const Call& call) {
  MR_TRY(const auto wait, wait_of(call, kMostWait));
  const Uuid id = call.uuid("backfill");
  const int from = static_cast<int>(call.query("from").as_int());
  const int limit = static_cast<int>(call.query("limit").as_int());
  auto wake = std::make_shared<http::Wake>();
  const auto awaited = context.feed.waiters().await_backfill(id, [wake] { wake->notify(); });
  MR_TRY(const auto row, context.stores.backfills.backfill(id));
  if (wait.count() <= 0 || has_ended(row.state))
    return backfill_detail_of(context, id, from, limit);
  Reply reply;
  reply.later = std::make_shared<LaterReply>();
  reply.later->wake = std::move(wake);
  reply.later->patience = wait;
  reply.later->look = [&context, id, from, limit,
                       awaited](bool over) -> Result<std::optional<Reply>> {
    if (!over && !awaited->status()) return std::optional<Reply>();
    MR_TRY(Reply now, backfill_detail_of(context, id, from, limit));
    return std::optional(std::move(now));
  };
  return reply;
}

/// For commands about a backfill: it must exist.
template <typename T>
Result<Reply> about_backfill(Context& context, const Call& call, T input) {
  MR_TRY(const auto given, call.body<ReasonBody>());
  MR_TRY(const auto row, context.stores.backfills.backfill(call.uuid("backfill")));
  if (row.ended_at)
    return conflict("backfill " + row.backfill.to_string() + " has ended already: " +
                    std::string(name_of(row.state)) + ", at " + format_rfc3339(*row.ended_at));
  input.backfill = row.backfill;
  return context.submit(context.make_command(input, call, row.namespace_, given.reason),
                        command_reply);
}

Result<Reply> pause_backfill(Context& context, const Call& call) {
  return about_backfill(context, call, PauseBackfill{{}, true});
}
Result<Reply> resume_backfill(Context& context, const Call& call) {
  return about_backfill(context, call, PauseBackfill{{}, false});
}
Result<Reply> cancel_backfill(Context& context, const Call& call) {
  return about_backfill(context, call, CancelBackfill{});
}

FieldInfo backfill_in_path() { return {"backfill", uuid_type(), "Id of the backfill"}; }

std::vector<FieldInfo> backfill_filters_in_query() {
  return {namespace_filter_in_query(),
          FieldInfo{"dag", string_type(128),
                    "Only of this DAG; without a namespace, the one in `default`"}
              .optional(),
          FieldInfo{"state", type_info<BackfillState>(), "Only in this state"}.optional(),
          FieldInfo{"before", uuid_type(), "`next` of the page before"}.optional(),
          limit_in_query(100, 20)};
}

Endpoint change_backfill_endpoint(std::string verb, std::string id, std::string summary,
                                  std::string doc,
                                  std::function<Result<Reply>(const Call&)> handle) {
  return {.method = "POST",
          .pattern = "/api/v1/backfills/{backfill}/" + verb,
          .id = std::move(id),
          .tag = "backfills",
          .summary = std::move(summary),
          .doc = std::move(doc),
          .path = {backfill_in_path()},
          .body_kind = Endpoint::Body::json,
          .body = body_fields<ReasonBody>(),
          .also = {202},
          .response = type_info<CommandView>(),
          .handle = std::move(handle)};
}

Endpoint create_backfill_endpoint(std::function<Result<Reply>(const Call&)> handle) {
  return {.method = "POST",
          .pattern = "/api/v1/dags/{dag}/backfills",
          .id = "createBackfill",
          .tag = "backfills",
          .summary = "Create a backfill, or answer its plan",
          .doc =
              "Runs the DAG for many logical dates: those of its schedule from `from` to `to`, "
              "or those in `dates`. A date with an open run is skipped. 201: a new backfill. "
              "200: the plan of a dry run, or an earlier request with this Idempotency-Key and "
              "body made the backfill. 202: accepted, and the engine will create it as soon as "
              "it answers again.",
          .path = {dag_in_path()},
          .query = {namespace_in_query()},
          .headers = {idempotency_header()},
          .body_kind = Endpoint::Body::json,
          .body = body_fields<CreateBackfillBody>(),
          .status = 201,
          .also = {200, 202},
          .response = type_info<BackfillPlanView>(),
          .handle = std::move(handle)};
}

Endpoint get_backfill_endpoint(std::function<Result<Reply>(const Call&)> handle) {
  return {
      .method = "GET",
      .pattern = "/api/v1/backfills/{backfill}",
      .id = "getBackfill",
      .tag = "backfills",
      .summary = "A backfill, its progress and its dates",
      .doc = "With `wait`, the answer comes when the backfill has ended, or after that time.",
      .path = {backfill_in_path()},
      .query = {FieldInfo{"from", integer_type(0, kMostDatesPerPage),
                          "`next` of the page of dates before"}
                    .optional(0),
                FieldInfo{"limit", integer_type(0, kMostDatesPerPage), "At most this many dates"}
                    .optional(1000),
                FieldInfo{"wait", string_type(16),
                          "Wait for the end of the backfill, e.g. 30s; at most 60s"}
                    .optional()},
      .response = type_info<BackfillDetailView>(),
      .handle = std::move(handle)};
}

}  // namespace

std::vector<Endpoint> backfill_endpoints(Context* context) {
  const auto bind = [context](Result<Reply> (*handle)(Context&, const Call&)) {
    return [context, handle](const Call& call) { return handle(*context, call); };
  };
  std::vector<Endpoint> list;
  list.push_back({.method = "GET",
                  .pattern = "/api/v1/backfills",
                  .id = "listBackfills",
                  .tag = "backfills",
                  .summary = "Backfills, newest first",
                  .query = backfill_filters_in_query(),
                  .response = type_info<BackfillPage>(),
                  .handle = bind(list_backfills)});
  list.push_back(create_backfill_endpoint(bind(create_backfill)));
  list.push_back(get_backfill_endpoint(bind(get_backfill)));
  list.push_back(change_backfill_endpoint(
      "pause", "pauseBackfill", "Pause a backfill",
      "It creates no more runs until it is resumed. Its open runs go on.", bind(pause_backfill)));
  list.push_back(change_backfill_endpoint("resume", "resumeBackfill", "Resume a paused backfill",
                                          "", bind(resume_backfill)));
  list.push_back(change_backfill_endpoint(
      "cancel", "cancelBackfill", "Cancel a backfill",
      "It creates no more runs, and its open runs are cancelled.", bind(cancel_backfill)));
  return list;
}

}  // namespace millrace::api
