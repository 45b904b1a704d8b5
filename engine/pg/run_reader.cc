#include "engine/pg/roles.h"
#include "engine/pg/rows.h"

namespace millrace::pg {
namespace {

TaskRow read_task(const Rows& rows, std::size_t row) {
  RowReader in(rows, row);
  TaskRow out;
  out.task = in.next().text();
  out.map_index = in.next().small();
  out.state = task_state_from(in.next().view()).value_or(TaskState::failed);
  out.attempt = in.next().small();
  out.started_at = in.next().maybe_time();
  out.ended_at = in.next().time();
  out.error = in.next().text();
  return out;
}

DagRow read_dag(const Rows& rows, std::size_t row) {
  RowReader in(rows, row);
  DagRow out;
  out.dag = in.next().text();
  out.namespace_ = in.next().text();
  out.version = in.next().text();
  out.spec = in.next().json();
  out.source = in.next().text();
  out.base_dir = in.next().text();
  out.paused = in.next().flag();
  out.registered_at = in.next().time();
  out.updated_at = in.next().time();
  out.last_logical_date = in.next().maybe_time();
  out.retired = in.next().text();
  out.out_of_order = in.next().text();
  out.schedule_from = in.next().maybe_time();
  out.schedule_all_until = in.next().maybe_time();
  return out;
}

DagFileErrorRow read_file_error(const Rows& rows, std::size_t row) {
  return {rows.at(row, 0).text(), rows.at(row, 1).json(), rows.at(row, 2).time()};
}

class PgRunReader final : public RunReader {
 public:
  explicit PgRunReader(Shared& shared) : shared_(shared) {}

  Result<std::vector<RunRow>> runs(const RunFilter& filter) override {
    // To the statements a nil id is the end of the list; nothing comes before it.
    if (filter.before && filter.before->is_nil()) return std::vector<RunRow>();
    if (filter.status == RunStatus::running) return open_runs_newest_first(filter);
    Params params;
    params.add(filter.before.value_or(Uuid{})).add(filter.limit);
    const bool of_dag = !filter.dag.empty();
    if (!filter.status || filter.status == RunStatus::success) {
      if (of_dag) params.add(filter.dag);
      if (!filter.status)
        return list<RunRow>(shared_, of_dag ? "list_runs_of_dag" : "list_runs", params, read_run);
      return list<RunRow>(shared_, of_dag ? "list_runs_success_of_dag" : "list_runs_success",
                          params, read_run);
    }
    params.add(to_string(*filter.status));
    if (of_dag) params.add(filter.dag);
    return list<RunRow>(shared_, of_dag ? "list_runs_bad_of_dag" : "list_runs_bad", params,
                        read_run);
  }

  Result<std::vector<RunRow>> newest_of_each_dag(std::size_t limit) override {
    return list<RunRow>(shared_, "list_newest_of_each_dag", Params().add(limit), read_run);
  }

  Result<RunRow> run(const Uuid& id) override {
    return one<RunRow>(shared_, "get_run", Params().add(id), read_run,
                       "there is no run " + id.to_string());
  }

  Result<std::vector<TaskRow>> tasks(const Uuid& run) override {
    MR_TRY(auto rows, list<TaskRow>(shared_, "list_tasks", Params().add(run), read_task));
    for (TaskRow& row : rows) row.run = run;
    return rows;
  }

  Result<std::vector<RunRow>> open_runs() override {
    return list<RunRow>(shared_, "open_runs", {}, read_run);
  }

  Result<std::vector<DagRow>> dags() override {
    return list<DagRow>(shared_, "list_dags", {}, read_dag);
  }

  Result<DagRow> dag(std::string_view id) override {
    return one<DagRow>(shared_, "get_dag", Params().add(id), read_dag,
                       "there is no DAG '" + std::string(id) + "'");
  }

  Result<std::string> dag_namespace(std::string_view id) override {
    return one<std::string>(
        shared_, "get_dag_namespace", Params().add(id),
        [](const Rows& rows, std::size_t row) { return rows.at(row, 0).text(); },
        "there is no DAG '" + std::string(id) + "'");
  }

  Result<Json> dag_version(std::string_view dag, std::string_view version) override {
    return one<Json>(
        shared_, "get_dag_version", Params().add(dag).add(version),
        [](const Rows& rows, std::size_t row) { return rows.at(row, 0).json(); },
        "DAG '" + std::string(dag) + "' has no version '" + std::string(version) + "'");
  }

  Result<std::vector<DagFileErrorRow>> dag_file_errors() override {
    return list<DagFileErrorRow>(shared_, "list_dag_file_errors", {}, read_file_error);
  }

  Result<ScheduledDates> scheduled_dates(Time now) override {
    using Entry = std::pair<std::string, Time>;
    MR_TRY(const auto entries, list<Entry>(shared_, "scheduled_dates", Params().add(now),
                                           [](const Rows& rows, std::size_t row) {
                                             return Entry(rows.at(row, 0).text(),
                                                          rows.at(row, 1).time());
                                           }));
    ScheduledDates out;
    for (const auto& [dag, date] : entries) out[dag].push_back(date);
    return out;
  }

 private:
  Result<std::vector<RunRow>> open_runs_newest_first(const RunFilter& filter) {
    MR_TRY(auto rows, open_runs());
    std::vector<RunRow> out;
    for (auto row = rows.rbegin(); row != rows.rend() && out.size() < filter.limit; ++row)
      if ((filter.dag.empty() || row->dag == filter.dag) &&
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
