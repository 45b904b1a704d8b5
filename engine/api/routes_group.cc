// /api/v1/dags/{dag}/grid and /api/v1/runs/{run}/task-groups: many task instances at a glance.
#include <algorithm>
#include <iterator>
#include <utility>

#include "engine/api/context.h"
#include "engine/api/dag_grid.h"
#include "engine/api/views_group.h"
#include "engine/store/load_run.h"

namespace millrace::api {
namespace {

/// Of the current version, upstream first; in the order of the file if it cannot be compiled.
std::vector<std::string> task_names(const DagRow& row) {
  std::vector<std::string> names;
  if (const auto dag = compile_stored(row.spec)) {
    for (const int task : (*dag)->topological_order()) names.push_back((*dag)->task(task).spec.id);
  } else if (const auto spec = Dag::spec_from_json(row.spec)) {
    for (const auto& task : spec->tasks) names.push_back(task.id);
  }
  return names;
}

/// Of ended runs by the projection, of open ones by the journal, which knows their open tasks.
Result<std::vector<TaskCountRow>> counts_of_runs(Context& context,
                                                 const std::vector<RunRow>& runs) {
  std::vector<Uuid> ended;
  for (const auto& run : runs)
    if (run.status != RunStatus::running) ended.push_back(run.run);
  MR_TRY(auto counts, context.stores.runs.task_counts(ended));
  DagCache dags(context.stores.runs);
  for (const auto& row : runs) {
    if (row.status != RunStatus::running) continue;
    const auto run = load_run(context.stores.journal, dags, row.run);
    if (!run && run.error().code == ErrorCode::unavailable) return run.error();
    if (!run) continue;  // its cells stay empty, and the other runs are shown
    std::ranges::move(api::counts_of(*run), std::back_inserter(counts));
  }
  return counts;
}

Result<Reply> get_dag_grid(Context& context, const Call& call) {
  const DagKey key = dag_of(call);
  auto row = context.stores.runs.dag(key);
  if (!row && row.error().code == ErrorCode::not_found) return no_such_dag(context, key);
  if (!row) return row.error();
  RunFilter filter;
  filter.dag = key;
  const auto wanted = static_cast<std::size_t>(call.query("runs").as_int());
  filter.limit = wanted + 1;  // one more tells whether there are older ones
  if (call.query("before").is_string())
    filter.before = *Uuid::parse(call.query("before").as_view());
  MR_TRY(auto runs, context.stores.runs.runs(filter));
  const bool more = runs.size() > wanted;
  if (more) runs.resize(wanted);
  MR_TRY(const auto counts, counts_of_runs(context, runs));
  auto grid = make_grid(task_names(*row), std::move(runs), counts);
  if (more) grid.next = grid.runs.back().run.run;
  return reply_of(grid);
}

TaskGroupView group_of(const Run& run, int task) {
  const auto& spec = run.dag->task(task).spec;
  const auto& progress = run.tasks[static_cast<std::size_t>(task)];
  TaskGroupView view;
  view.task = spec.id;
  view.op = spec.op;
  view.index = task;
  view.needs = spec.needs;
  view.mapped = !spec.foreach.is_null();
  view.max_active = spec.foreach_max_active;
  view.expanded = progress.expanded;
  view.continue_on_error = spec.continue_on_error;
  view.teardown_of = spec.teardown.setups;
  view.fail_run = spec.teardown.fail_run;
  bool ended = true;
  Time last{};
  for (const auto& instance : progress.instances) {
    view.states.push_back(static_cast<int>(instance.state));
    view.attempts = std::max(view.attempts, instance.attempt);
    if (instance.started != Time{})
      view.started_at = std::min(view.started_at.value_or(instance.started), instance.started);
    ended = ended && is_end(instance.state);
    last = std::max(last, instance.since);
  }
  if (ended && last != Time{}) view.ended_at = last;
  return view;
}

Result<Reply> list_task_groups(Context& context, const Call& call) {
  TaskGroupsView view;
  view.seq = context.feed.seq();  // before the journal is read, which may then have more
  MR_TRY(const Run run, load_run(context.stores.journal, context.stores.runs, call.uuid("run")));
  for (const int task : run.dag->topological_order()) view.groups.push_back(group_of(run, task));
  return reply_of(view);
}

}  // namespace

std::vector<Endpoint> group_endpoints(Context* context) {
  const auto bind = [context](Result<Reply> (*handle)(Context&, const Call&)) {
    return [context, handle](const Call& call) { return handle(*context, call); };
  };
  std::vector<Endpoint> list;
  list.push_back(
      {.method = "GET",
       .pattern = "/api/v1/dags/{dag}/grid",
       .id = "getDagGrid",
       .tag = "dags",
       .summary = "Its newest runs with the state of each task",
       .path = {dag_in_path()},
       .query = {namespace_in_query(),
                 FieldInfo{"runs", integer_type(1, 100), "How many runs"}.optional(30),
                 FieldInfo{"before", uuid_type(), "Only runs before this one"}.optional()},
       .response = type_info<DagGridView>(),
       .handle = bind(get_dag_grid)});
  list.push_back({.method = "GET",
                  .pattern = "/api/v1/runs/{run}/task-groups",
                  .id = "listTaskGroups",
                  .tag = "tasks",
                  .summary = "Tasks of a run, each with the states of all its instances",
                  .path = {run_in_path()},
                  .response = type_info<TaskGroupsView>(),
                  .handle = bind(list_task_groups)});
  return list;
}

}  // namespace millrace::api
