#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <tuple>

#include "engine/store/mem_state.h"

namespace millrace::mem {
namespace {

/// The values of a map, in its order.
template <typename Map>
auto values(const Map& map) {
  std::vector<typename Map::mapped_type> out;
  for (const auto& [key, value] : map) out.push_back(value);
  return out;
}

class MemRunReader final : public RunReader {
 public:
  explicit MemRunReader(State& state) : state_(state) {}

  Result<std::vector<RunRow>> runs(const RunFilter& filter) override {
    return call(state_, "runs.runs", [&](Callbacks&) -> Result<std::vector<RunRow>> {
      std::vector<RunRow> out;
      const auto end = filter.before ? state_.runs.lower_bound(*filter.before) : state_.runs.end();
      for (auto i = end; i != state_.runs.begin() && out.size() < filter.limit;) {
        const RunRow& row = (--i)->second;
        if (!filter.namespace_.empty() && row.namespace_ != filter.namespace_) continue;
        if (filter.dag && row.key() != *filter.dag) continue;
        if (filter.status && row.status != *filter.status) continue;
        if (filter.backfill && row.backfill != filter.backfill) continue;
        out.push_back(row);
      }
      return out;
    });
  }
  Result<std::vector<RunRow>> newest_of_each_dag(std::size_t limit) override {
    return call(state_, "runs.newest", [&](Callbacks&) -> Result<std::vector<RunRow>> {
      std::vector<RunRow> out;
      for (const auto& [id, dag] : state_.dags) {
        std::size_t wanted = limit;
        for (auto i = state_.runs.end(); wanted > 0 && i != state_.runs.begin();) {
          const RunRow& row = (--i)->second;
          if (row.dag != id.name || row.namespace_ != id.namespace_) continue;
          out.push_back(row);
          --wanted;
        }
      }
      return out;
    });
  }
  Result<RunRow> run(const Uuid& id) override {
    return call(state_, "runs.run", [&](Callbacks&) -> Result<RunRow> {
      const auto row = state_.runs.find(id);
      if (row == state_.runs.end()) return not_found("there is no run " + id.to_string());
      return row->second;
    });
  }
  Result<std::vector<TaskRow>> tasks(const Uuid& run) override {
    return call(state_, "runs.tasks", [&](Callbacks&) -> Result<std::vector<TaskRow>> {
      const auto own = state_.tasks.find(run);
      return own == state_.tasks.end() ? std::vector<TaskRow>() : values(own->second);
    });
  }
  Result<std::vector<TaskCountRow>> task_counts(std::span<const Uuid> runs) override {
    return call(state_, "runs.task_counts", [&](Callbacks&) -> Result<std::vector<TaskCountRow>> {
      std::map<std::tuple<Uuid, std::string, std::string_view>, TaskCountRow> counts;
      for (const Uuid& run : std::set<Uuid>(runs.begin(), runs.end())) {
        const auto own = state_.tasks.find(run);
        if (own == state_.tasks.end()) continue;
        for (const auto& [key, row] : own->second) {
          TaskCountRow& count = counts[{run, row.task, to_string(row.state)}];
          count.run = run;
          count.task = row.task;
          count.state = row.state;
          ++count.instances;
          count.most_attempts = std::max(count.most_attempts, row.attempt);
        }
      }
      return values(counts);
    });
  }
  Result<std::vector<RunRow>> open_runs() override {
    return call(state_, "runs.open_runs", [&](Callbacks&) -> Result<std::vector<RunRow>> {
      std::vector<RunRow> out;
      for (const Uuid& id : state_.open_runs) out.push_back(state_.runs.at(id));
      return out;
    });
  }
  Result<std::vector<DagRow>> dags() override {
    return call(state_, "runs.dags",
                [&](Callbacks&) -> Result<std::vector<DagRow>> { return values(state_.dags); });
  }
  Result<DagRow> dag(const DagKey& key) override {
    return call(state_, "runs.dag", [&](Callbacks&) -> Result<DagRow> {
      const auto row = state_.dags.find(key);
      if (row == state_.dags.end()) return not_found("there is no DAG '" + key.text() + "'");
      return row->second;
    });
  }
  Result<bool> has_dag(const DagKey& key) override {
    return call(state_, "runs.has_dag",
                [&](Callbacks&) -> Result<bool> { return state_.dags.contains(key); });
  }
  Result<Json> webhook_of(const DagKey& dag) override {
    return call(state_, "runs.webhook_of", [&](Callbacks&) -> Result<Json> {
      const auto found = state_.dags.find(dag);
      if (found == state_.dags.end()) return not_found("there is no DAG '" + dag.text() + "'");
      return found->second.spec["on_webhook"];
    });
  }
  Result<Json> dag_version(const DagKey& dag, std::string_view version) override {
    return call(state_, "runs.dag_version", [&](Callbacks&) -> Result<Json> {
      const auto found = state_.versions.find({State::id_of(dag), std::string(version)});
      if (found == state_.versions.end())
        return not_found("DAG '" + dag.text() + "' has no version '" + std::string(version) + "'");
      return found->second.spec;
    });
  }
  Result<std::vector<DagFileErrorRow>> dag_file_errors() override {
    return call(state_, "runs.dag_file_errors",
                [&](Callbacks&) -> Result<std::vector<DagFileErrorRow>> {
                  return values(state_.dag_file_errors);
                });
  }
  Result<std::vector<ResourceRow>> resources() override {
    return call(state_, "runs.resources", [&](Callbacks&) -> Result<std::vector<ResourceRow>> {
      auto out = values(state_.resources);
      for (const auto& [id, dag] : state_.dags)
        out.push_back({"dag", dag.namespace_, dag.dag, dag.version, dag.source, dag.retired,
                       dag.registered_at, dag.updated_at});
      std::ranges::sort(out, {}, [](const ResourceRow& row) {
        return std::tie(row.kind, row.namespace_, row.name);
      });
      return out;
    });
  }
  Result<Json> resource_version(std::string_view kind, std::string_view name_space,
                                std::string_view name, std::string_view version) override {
    if (kind == "dag") return dag_version({name_space, name}, version);
    return call(state_, "runs.resource_version", [&](Callbacks&) -> Result<Json> {
      const State::ResourceId id{kind, name_space, name};
      const auto found = state_.versions.find({id, std::string(version)});
      if (found == state_.versions.end())
        return not_found(no_version_text(kind, name_space, name, version));
      return found->second.spec;
    });
  }
  Result<std::vector<ResourceVersionRow>> resource_versions(std::string_view kind,
                                                            std::string_view name_space,
                                                            std::string_view name) override {
    return call(state_, "runs.resource_versions",
                [&](Callbacks&) -> Result<std::vector<ResourceVersionRow>> {
                  const State::ResourceId id{kind, name_space, name};
                  std::vector<ResourceVersionRow> out;
                  for (auto at = state_.versions.lower_bound({id, ""});
                       at != state_.versions.end() && at->first.first == id; ++at)
                    out.push_back({at->first.second, at->second.registered_at});
                  std::ranges::sort(out, std::greater(), [](const ResourceVersionRow& row) {
                    return std::tie(row.registered_at, row.version);
                  });
                  return out;
                });
  }
  Result<ScheduledDates> scheduled_dates(Time now) override {
    return call(state_, "runs.scheduled_dates", [&](Callbacks&) -> Result<ScheduledDates> {
      ScheduledDates out;
      for (const auto& [dag, date] : state_.scheduled) {
        if (!state_.dags.contains(dag)) continue;
        auto& dates = out[dag];
        if (date <= now) dates.clear();
        dates.push_back(date);
      }
      return out;
    });
  }

 private:
  State& state_;
};

}  // namespace

std::unique_ptr<RunReader> make_run_reader(State& state) {
  return std::make_unique<MemRunReader>(state);
}

}  // namespace millrace::mem
