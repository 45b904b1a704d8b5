// /api/v1/datasets: what tasks have written and read, how far, and what that starts.
#include <algorithm>
#include <map>
#include <utility>
#include <variant>

#include "engine/api/context.h"
#include "engine/api/views_dataset.h"
#include "engine/core/dag.h"
#include "engine/core/event.h"

namespace millrace::api {
namespace {

using Views = std::map<DatasetKey, DatasetView>;

/// The DAG of a run; "" if retention has removed the run.
Result<std::string> dag_of_run(Context& context, std::map<Uuid, std::string>& known,
                               const Uuid& run) {
  if (const auto found = known.find(run); found != known.end()) return found->second;
  const auto row = context.stores.runs.run(run);
  if (!row && row.error().code != ErrorCode::not_found) return row.error();
  return known[run] = row ? row->dag : std::string();
}

/// Each DAG to the datasets that start it, which need not exist yet.
Status add_starts(Context& context, Views& views) {
  MR_TRY(const auto dags, context.stores.runs.dags());
  for (const auto& row : dags) {
    if (!row.retired.empty()) continue;
    const auto spec = Dag::spec_from_json(row.spec);
    if (!spec) continue;  // it is out of order, and nothing starts it
    for (const auto& dataset : spec->datasets)
      views[{row.namespace_, dataset}].starts.push_back(row.dag);
  }
  return {};
}

Result<Reply> list_datasets(Context& context, const Call& call) {
  Views views;
  MR_TRY(auto rows, context.stores.registry.datasets());
  for (auto& row : rows) views[row.key()].row = std::move(row);
  MR_TRY(auto watermarks, context.stores.registry.newest_watermarks());
  for (auto& row : watermarks) views[{row.namespace_, row.dataset}].watermark = std::move(row);
  MR_CHECK(add_starts(context, views));
  std::map<Uuid, std::string> dags;
  std::vector<DatasetView> shown;
  const std::string wanted = call.query("namespace").as_string();
  for (auto& [key, view] : views) {
    if (!wanted.empty() && key.namespace_ != wanted) continue;
    view.key = key;
    if (const auto run = view.run()) {
      MR_TRY(view.dag, dag_of_run(context, dags, *run));
    }
    std::ranges::sort(view.starts);
    shown.push_back(std::move(view));
  }
  return reply_of(shown);
}

Result<Reply> list_watermarks(Context& context, const Call& call) {
  const DatasetKey dataset(namespace_of(call), call.path("dataset"));
  MR_TRY(const auto rows, context.stores.registry.newest_rows<WatermarkRow>(
                              static_cast<std::size_t>(call.query("limit").as_int()),
                              {dataset.namespace_, dataset.name}));
  if (rows.empty()) MR_CHECK(context.stores.registry.dataset(dataset));
  return reply_of(rows);
}

/// Read from the journal, since the table of watermarks is sorted by dataset and not by run.
Result<Reply> list_run_watermarks(Context& context, const Call& call) {
  MR_TRY(const auto row, context.stores.runs.run(call.uuid("run")));
  MR_TRY(const auto events, context.stores.journal.read_run(row.run));
  MR_TRY(const auto dag, context.stores.runs.dag_version(row.key(), row.version));
  MR_TRY(const auto spec, Dag::spec_from_json(dag));
  std::vector<WatermarkRow> rows;
  for (const auto& event : events) {
    const auto* effects = effects_of(event.body);
    const TaskRef* ref = task_of(event.body);
    if (effects == nullptr || ref == nullptr) continue;
    for (const Effect& effect : *effects) {
      const auto* set = std::get_if<SetWatermark>(&effect);
      if (set == nullptr) continue;
      EffectSource source;
      source.seq = event.seq;
      source.run = row.run;
      source.map_index = ref->map_index;
      source.at = event.at;
      source.namespace_ = row.namespace_;
      source.task = spec.tasks.at(static_cast<std::size_t>(ref->task)).id;
      rows.push_back(WatermarkRow::of(source, *set));
    }
  }
  return reply_of(rows);
}

}  // namespace

std::vector<Endpoint> dataset_endpoints(Context* context) {
  const auto bind = [context](Result<Reply> (*handle)(Context&, const Call&)) {
    return [context, handle](const Call& call) { return handle(*context, call); };
  };
  std::vector<Endpoint> list;
  list.push_back({.method = "GET",
                  .pattern = "/api/v1/datasets",
                  .id = "listDatasets",
                  .tag = "datasets",
                  .summary = "All datasets, by namespace and name",
                  .doc = "Those that a task has updated or set a watermark of, and those whose "
                         "update starts a DAG.",
                  .query = {namespace_filter_in_query()},
                  .response = type_info<std::vector<DatasetView>>(),
                  .handle = bind(list_datasets)});
  list.push_back({.method = "GET",
                  .pattern = "/api/v1/datasets/{dataset}/watermarks",
                  .id = "listWatermarks",
                  .tag = "datasets",
                  .summary = "How far a data set has been read or written, newest first",
                  .path = {FieldInfo{"dataset", string_type(128), "The dataset's name"}},
                  .query = {namespace_in_query(), limit_in_query(500, 50)},
                  .response = type_info<std::vector<WatermarkRow>>(),
                  .handle = bind(list_watermarks)});
  list.push_back({.method = "GET",
                  .pattern = "/api/v1/runs/{run}/watermarks",
                  .id = "listRunWatermarks",
                  .tag = "datasets",
                  .summary = "The watermarks that a run has set, oldest first",
                  .path = {run_in_path()},
                  .response = type_info<std::vector<WatermarkRow>>(),
                  .handle = bind(list_run_watermarks)});
  return list;
}

}  // namespace millrace::api
