#include <algorithm>
#include <utility>

#include "engine/pg/array_text.h"
#include "engine/pg/roles.h"
#include "engine/pg/stored_rows.h"

namespace millrace::pg {
namespace {

class PgRunReader final : public RunReader {
 public:
  explicit PgRunReader(Shared& shared) : shared_(shared) {}

  Result<std::vector<RunRow>> runs(const RunFilter& filter) override {
    // To the statements a nil id is the end of the list; nothing comes before it.
    if (filter.before && filter.before->is_nil()) return std::vector<RunRow>();
    if (filter.backfill) return runs_of_backfill(filter);
    if (filter.status && is_open(*filter.status)) return open_runs_newest_first(filter);
    const bool is_bad = filter.status && filter.status != RunStatus::success;
    Params params;
    params.add(filter.before.value_or(Uuid{})).add(filter.limit);
    if (is_bad) params.add(to_string(*filter.status));
    if (filter.dag)
      params.add(filter.dag->namespace_).add(filter.dag->name);
    else if (!filter.namespace_.empty())
      params.add(filter.namespace_);
    std::string query = !filter.status ? "list_runs"
                        : is_bad       ? "list_runs_bad"
                                       : "list_runs_success";
    if (filter.dag)
      query += "_of_dag";
    else if (!filter.namespace_.empty())
      query += "_of_namespace";
    return list<RunRow>(shared_, query, params);
  }

  Result<std::vector<RunRow>> newest_of_each_dag(std::size_t limit) override {
    return list<RunRow>(shared_, "list_newest_of_each_dag", Params().add(limit));
  }

  Result<RunRow> run(const Uuid& id) override {
    return one<RunRow>(shared_, "get_run", Params().add(id), "there is no run " + id.to_string());
  }

  Result<std::vector<TaskRow>> tasks(const Uuid& run) override {
    return list<TaskRow>(shared_, "list_tasks", Params().add(run));
  }

  Result<std::vector<TaskCountRow>> task_counts(std::span<const Uuid> runs) override {
    ArrayText ids;
    for (const Uuid& run : runs) ids.add(run);
    return list<TaskCountRow>(shared_, "count_tasks", Params().add(std::move(ids).take()));
  }

  Result<std::vector<RunRow>> open_runs() override { return list<RunRow>(shared_, "open_runs"); }

  Result<std::vector<DagRow>> dags() override { return list<DagRow>(shared_, "list_dags"); }

  Result<DagRow> dag(const DagKey& key) override {
    return one<DagRow>(shared_, "get_dag", key_params(key), "there is no DAG '" + key.text() + "'");
  }

  Result<bool> has_dag(const DagKey& key) override {
    MR_TRY(const std::int64_t found,
           one<std::int64_t>(shared_, "has_dag", key_params(key), "nothing was counted"));
    return found > 0;
  }

  Result<Json> webhook_of(const DagKey& dag) override {
    return one<Json>(shared_, "webhook_of", key_params(dag),
                     "there is no DAG '" + dag.text() + "'");
  }

  Result<Json> dag_version(const DagKey& dag, std::string_view version) override {
    return one<Json>(shared_, "get_dag_version", key_params(dag).add(version),
                     "DAG '" + dag.text() + "' has no version '" + std::string(version) + "'");
  }

  Result<std::vector<DagFileErrorRow>> dag_file_errors() override {
    return list<DagFileErrorRow>(shared_, "list_dag_file_errors");
  }

  Result<std::vector<ResourceRow>> resources() override {
    return list<ResourceRow>(shared_, "list_resources");
  }

  Result<Json> resource_version(std::string_view kind, std::string_view name_space,
                                std::string_view name, std::string_view version) override {
    if (kind == "dag") return dag_version({name_space, name}, version);
    return one<Json>(shared_, "get_resource_version",
                     Params().add(kind).add(name_space).add(name).add(version),
                     no_version_text(kind, name_space, name, version));
  }

  Result<std::vector<ResourceVersionRow>> resource_versions(std::string_view kind,
                                                            std::string_view name_space,
                                                            std::string_view name) override {
    Params params;
    if (kind == "dag")
      return list<ResourceVersionRow>(shared_, "list_dag_versions",
                                      params.add(name_space).add(name));
    return list<ResourceVersionRow>(shared_, "list_resource_versions",
                                    params.add(kind).add(name_space).add(name));
  }

  Result<ScheduledDates> scheduled_dates(Time now) override {
    MR_TRY(const auto entries, list<ScheduledDate>(shared_, "scheduled_dates", Params().add(now)));
    ScheduledDates out;
    for (const auto& [dag, date] : entries) out[dag].push_back(date);
    return out;
  }

 private:
  Result<std::vector<RunRow>> runs_of_backfill(const RunFilter& filter) {
    MR_TRY(auto rows, list<RunRow>(shared_, "list_runs_of_backfill",
                                   Params()
                                       .add(filter.before.value_or(Uuid{}))
                                       .add(filter.limit)
                                       .add(*filter.backfill)
                                       .add(filter.status ? to_string(*filter.status) : "")));
    // All of its runs are of one DAG.
    std::erase_if(rows, [&](const RunRow& row) {
      return (filter.dag && row.key() != *filter.dag) ||
             (!filter.namespace_.empty() && row.namespace_ != filter.namespace_);
    });
    return rows;
  }

  Result<std::vector<RunRow>> open_runs_newest_first(const RunFilter& filter) {
    MR_TRY(auto rows, open_runs());
    std::vector<RunRow> out;
    for (auto row = rows.rbegin(); row != rows.rend() && out.size() < filter.limit; ++row)
      if (row->status == *filter.status &&
          (filter.namespace_.empty() || row->namespace_ == filter.namespace_) &&
          (!filter.dag || row->key() == *filter.dag) &&
          (!filter.before || row->run < *filter.before))
        out.push_back(std::move(*row));
    return out;
  }

  Shared& shared_;
};

}  // namespace

std::unique_ptr<RunReader> make_run_reader(Shared& shared) {
  return std::make_unique<PgRunReader>(shared);
}

}  // namespace millrace::pg
