// /api/v1/dags: what is there, in which version, when it runs next; pause.
#include <algorithm>
#include <map>

#include "engine/api/bodies.h"
#include "engine/api/context.h"
#include "engine/api/views_model.h"
#include "engine/api/views_run.h"
#include "engine/base/file.h"
#include "engine/core/schedule.h"
#include "engine/core/timetable_coming.h"

namespace millrace::api {
namespace {

constexpr std::size_t kMaxSourceBytes = 4u << 20;
constexpr std::size_t kMaxLineBytes = 300;

SchedulePosition position_of(const DagRow& row, const ScheduledDates& dates, Time now) {
  SchedulePosition position{
      row.registered_at, row.last_logical_date, row.schedule_from, row.schedule_all_until, {}, now};
  if (const auto known = dates.find(row.key()); known != dates.end())
    take_dates(position, known->second, now);
  return position;
}

/// The planner's rule, without its count of active runs.
std::optional<Time> next_firing_of(const DagRow& row, const DagSpec& spec,
                                   const ScheduledDates& dates, Time now) {
  if (!spec.schedule || row.paused || !row.retired.empty() || !row.out_of_order.empty())
    return std::nullopt;
  const auto timetable = Timetable::cron(*spec.schedule);
  if (!timetable) return std::nullopt;
  return next_firing(*timetable, spec, position_of(row, dates, now), now);
}

/// Empty unless the clock was wrong: a row has the newest date, which is then in the past.
Result<ScheduledDates> dates_beyond(Context& context, const std::vector<DagRow>& rows) {
  const Time now = context.clock.now();
  const auto is_ahead = [&](const DagRow& row) {
    return row.last_logical_date.value_or(now) > now;
  };
  if (std::ranges::none_of(rows, is_ahead)) return ScheduledDates();
  return context.stores.runs.scheduled_dates(now);
}

/// Without its recent runs.
DagView view_of(Context& context, const ScheduledDates& dates, DagRow row) {
  DagView view;
  if (auto spec = Dag::spec_from_json(row.spec))
    view.spec = *std::move(spec);
  else  // it is out of order, and stops no other from being shown
    view.spec.id = row.dag;
  view.next_run_at = next_firing_of(row, view.spec, dates, context.clock.now());
  view.row = std::move(row);
  return view;
}

std::size_t recent_wanted(const Call& call) {
  return static_cast<std::size_t>(call.query("recent").as_int());
}

/// The row, or `not_found` with the nearest name.
Result<DagRow> find_dag(Context& context, const DagKey& key) {
  auto row = context.stores.runs.dag(key);
  if (row || row.error().code != ErrorCode::not_found) return row;
  return no_such_dag(context, key);
}

Result<Reply> list_dags(Context& context, const Call& call) {
  MR_TRY(auto rows, context.stores.runs.dags());
  keep_namespace(call, rows);
  std::ranges::sort(rows, {}, &DagRow::key);
  std::map<DagKey, std::vector<RunRow>> recent;
  if (const std::size_t limit = recent_wanted(call); limit > 0) {
    MR_TRY(auto runs, context.stores.runs.newest_of_each_dag(limit));
    for (auto& run : runs) recent[run.key()].push_back(std::move(run));
  }
  MR_TRY(const auto dates, dates_beyond(context, rows));
  std::vector<DagView> views;
  for (auto& row : rows) {
    auto view = view_of(context, dates, std::move(row));
    view.recent_runs = std::move(recent[view.row.key()]);
    views.push_back(std::move(view));
  }
  return reply_of(views);
}

Result<Reply> get_dag(Context& context, const Call& call) {
  MR_TRY(auto row, find_dag(context, dag_of(call)));
  DagDetailView detail;
  MR_TRY(const auto dates, dates_beyond(context, {row}));
  detail.dag = view_of(context, dates, std::move(row));
  if (const std::size_t limit = recent_wanted(call); limit > 0) {
    RunFilter filter;
    filter.dag = detail.dag.row.key();
    filter.limit = limit;
    MR_TRY(detail.dag.recent_runs, context.stores.runs.runs(filter));
  }
  for (const auto& task : detail.dag.spec.tasks) {
    detail.tasks.push_back({task, !task.foreach.is_null()});
    for (const auto& need : task.needs) detail.edges.push_back({need, task.id});
  }
  return reply_of(detail);
}

/// Why no schedule of it fires; "" if it does.
std::string held_by(const DagRow& row) {
  if (!row.out_of_order.empty()) return "out of order: " + row.out_of_order;
  if (!row.retired.empty()) return "retired: " + row.retired;
  return row.paused ? "paused" : "";
}

Result<Reply> get_coming_fires(Context& context, const Call& call) {
  MR_TRY(const auto row, find_dag(context, dag_of(call)));
  MR_TRY(const auto dates, dates_beyond(context, {row}));
  const Time now = context.clock.now();
  ComingFires coming;
  if (const auto spec = Dag::spec_from_json(row.spec))
    coming = coming_fires(*spec, position_of(row, dates, now), now,
                          static_cast<std::size_t>(call.query("count").as_int()));
  coming.dag = row.dag;
  coming.held = held_by(row);
  return reply_of(coming);
}

Result<Reply> get_dag_source(Context& context, const Call& call) {
  MR_TRY(const auto row, find_dag(context, dag_of(call)));
  MR_TRY(auto text, context.hooks.dag_source ? context.hooks.dag_source(row)
                                             : read_file(row.source, kMaxSourceBytes));
  Reply reply;
  reply.raw = HttpResponse{.content_type = "text/plain; charset=utf-8", .body = std::move(text)};
  return reply;
}

Result<Reply> get_dag_version(Context& context, const Call& call) {
  MR_TRY(auto spec, context.stores.runs.dag_version(dag_of(call), call.path("version")));
  return json_reply(std::move(spec));
}

Result<Reply> patch_dag(Context& context, const Call& call) {
  MR_TRY(const auto row, find_dag(context, dag_of(call)));
  MR_TRY(const auto given, call.body<PatchDagBody>());
  return context.submit(
      context.make_command(PauseDag{row.dag, given.paused}, call, row.namespace_, given.reason),
      command_reply);
}

/// Each diagnostic with its line, as the file is now: for a caret under the column.
void add_source_lines(DagFileErrorView& view) {
  const auto text = read_file(view.source, kMaxSourceBytes);
  if (!text) return;
  std::vector<std::string_view> lines;
  for (std::string_view rest = *text; !rest.empty();) {
    const auto line = rest.substr(0, rest.find('\n'));
    lines.push_back(line);
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
  }
  for (auto& one : view.diagnostics) {
    const auto number = static_cast<std::size_t>(std::max(one.diagnostic.line, 0));
    if (one.text || number == 0 || number > lines.size()) continue;
    one.text = lines[number - 1].substr(0, kMaxLineBytes);
  }
}

/// A DAG without a file, as the others that need a look.
DagFileErrorView retired_view(const DagRow& dag) {
  Diagnostic diagnostic;
  diagnostic.file = dag.source;
  diagnostic.line = 0;
  diagnostic.severity = Diagnostic::Severity::warning;
  diagnostic.message = "DAG '" + dag.key().text() + "' is retired: " + dag.retired;
  diagnostic.hint = "put the file back to run it; its history stays";
  diagnostic.code = "retired";
  return {dag.source, {{std::move(diagnostic), "", std::nullopt}}, dag.updated_at};
}

bool holds_error(const DagFileErrorView& view) {
  return std::ranges::any_of(view.diagnostics, [](const QuotedDiagnostic& one) {
    return one.diagnostic.severity == Diagnostic::Severity::error;
  });
}

Result<Reply> list_dag_errors(Context& context, const Call& call) {
  MR_TRY(auto rows, context.stores.runs.dag_file_errors());
  std::vector<DagFileErrorView> views;
  for (auto& row : rows) views.push_back(dag_file_error_view(std::move(row)));
  if (!call.query("warnings").as_bool())
    std::erase_if(views, [](const auto& view) { return !holds_error(view); });
  for (auto& view : views) add_source_lines(view);
  MR_TRY(const auto dags, context.stores.runs.dags());
  for (const auto& dag : dags)
    if (!dag.retired.empty()) views.push_back(retired_view(dag));
  return reply_of(views);
}

Result<Reply> reset_schedule(Context& context, const Call& call) {
  MR_TRY(const auto row, find_dag(context, dag_of(call)));
  MR_TRY(const auto given, call.body<ReasonBody>());
  return context.submit(
      context.make_command(ResetSchedule{row.dag}, call, row.namespace_, given.reason),
      command_reply);
}

FieldInfo recent_in_query(int value) {
  return FieldInfo{"recent", integer_type(0, 50), "How many of its newest runs to add"}.optional(
      value);
}

Endpoint coming_endpoint(std::function<Result<Reply>(const Call&)> handle) {
  return {.method = "GET",
          .pattern = "/api/v1/dags/{dag}/next",
          .id = "getComingFires",
          .tag = "dags",
          .summary = "When a schedule fires next",
          .doc =
              "In UTC and on the wall clock of its zone. A pause counts only for `held`, and "
              "limits of active runs do not count.",
          .path = {dag_in_path()},
          .query = {namespace_in_query(),
                    FieldInfo{"count", integer_type(1, 1000), "How many"}.optional(10)},
          .response = type_info<ComingFires>(),
          .handle = std::move(handle)};
}

Endpoint reset_endpoint(std::function<Result<Reply>(const Call&)> handle) {
  return {.method = "POST",
          .pattern = "/api/v1/dags/{dag}/schedule/reset",
          .id = "resetSchedule",
          .tag = "dags",
          .summary = "Continue a schedule from now",
          .doc = "Missed dates do not run; no date runs twice.",
          .path = {dag_in_path()},
          .query = {namespace_in_query()},
          .body_kind = Endpoint::Body::json,
          .body = body_fields<ReasonBody>(),
          .also = {202},
          .response = type_info<CommandView>(),
          .handle = std::move(handle)};
}

}  // namespace

std::vector<Endpoint> dag_endpoints(Context* context) {
  const auto bind = [context](Result<Reply> (*handle)(Context&, const Call&)) {
    return [context, handle](const Call& call) { return handle(*context, call); };
  };
  std::vector<Endpoint> list;
  list.push_back({.method = "GET",
                  .pattern = "/api/v1/dags",
                  .id = "listDags",
                  .tag = "dags",
                  .summary = "All DAGs, by namespace and id",
                  .query = {namespace_filter_in_query(), recent_in_query(0)},
                  .response = type_info<std::vector<DagView>>(),
                  .handle = bind(list_dags)});
  list.push_back({.method = "GET",
                  .pattern = "/api/v1/dags/{dag}",
                  .id = "getDag",
                  .tag = "dags",
                  .summary = "A DAG with its tasks and edges",
                  .path = {dag_in_path()},
                  .query = {namespace_in_query(), recent_in_query(10)},
                  .response = type_info<DagDetailView>(),
                  .handle = bind(get_dag)});
  list.push_back({.method = "PATCH",
                  .pattern = "/api/v1/dags/{dag}",
                  .id = "patchDag",
                  .tag = "dags",
                  .summary = "Pause or unpause",
                  .doc = "A paused DAG is started by nothing but a trigger; runs under way go on.",
                  .path = {dag_in_path()},
                  .query = {namespace_in_query()},
                  .body_kind = Endpoint::Body::json,
                  .body = body_fields<PatchDagBody>(),
                  .also = {202},
                  .response = type_info<CommandView>(),
                  .handle = bind(patch_dag)});
  list.push_back(coming_endpoint(bind(get_coming_fires)));
  list.push_back(reset_endpoint(bind(reset_schedule)));
  list.push_back({.method = "GET",
                  .pattern = "/api/v1/dags/{dag}/source",
                  .id = "getDagSource",
                  .tag = "dags",
                  .summary = "The text of its file",
                  .path = {dag_in_path()},
                  .query = {namespace_in_query()},
                  .response_type = "text/plain",
                  .handle = bind(get_dag_source)});
  list.push_back({.method = "GET",
                  .pattern = "/api/v1/dags/{dag}/versions/{version}",
                  .id = "getDagVersion",
                  .tag = "dags",
                  .summary = "The canonical form of any version that ever ran",
                  .path = {dag_in_path(), {"version", string_type(128), "Digest of the version"}},
                  .query = {namespace_in_query()},
                  .response = object_type(),
                  .handle = bind(get_dag_version)});
  list.push_back({.method = "GET",
                  .pattern = "/api/v1/dag-errors",
                  .id = "listDagErrors",
                  .tag = "dags",
                  .summary = "DAG files that cannot be loaded, and DAGs without a file",
                  .doc = "The last good version of such a file stays in force. `severity` of a "
                         "diagnostic is `error` or `warning`.",
                  .query = {FieldInfo{"warnings", boolean_type(),
                                      "True: also files that load and have warnings"}
                                .optional(false)},
                  .response = type_info<std::vector<DagFileErrorView>>(),
                  .handle = bind(list_dag_errors)});
  return list;
}

}  // namespace millrace::api
