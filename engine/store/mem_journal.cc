// MemStore's journal: one batch is checked whole first, and then applied whole, since nothing of it
// can fail any more.
#include <algorithm>

#include "engine/store/deployment.h"
#include "engine/store/mem_state.h"

namespace millrace::mem {
namespace {

// --- effects ---

void add(State& state, const EffectSource& source, const PublishArtifact& e) {
  ArtifactRow row = artifact_row(source, e);
  const bool again = std::ranges::any_of(state.artifacts, [&](const ArtifactRow& a) {
    return a.run == row.run && a.task == row.task && a.map_index == row.map_index &&
           a.name == row.name && a.digest == row.digest;
  });
  if (again) return;
  state.artifact_by_digest.try_emplace(row.digest, state.artifacts.size());
  state.artifacts.push_back(std::move(row));
}

void add(State& state, const EffectSource& source, const RegisterModel& e) {
  ModelVersionRow row = model_version_row(source, e);
  auto& versions = state.model_versions[row.key()];
  const bool again = std::ranges::any_of(versions, [&](const ModelVersionRow& v) {
    return v.run == row.run && v.task == row.task && v.map_index == row.map_index &&
           v.artifact == row.artifact;
  });
  if (again) return;
  row.version = static_cast<int>(versions.size()) + 1;
  versions.push_back(std::move(row));
}

void add(State& state, const EffectSource& source, const RecordEvaluation& e) {
  state.evaluations.push_back(evaluation_row(source, e));
  if (refuses(e))
    state.not_shipped[{ModelKey(source.namespace_, e.model), e.challenger}] =
        not_shipped_text(kRefused, "");
}
void add(State& state, const EffectSource& source, const UpdateDataset& e) {
  state.datasets[{source.namespace_, e.dataset}] = dataset_row(source, e);
}
void add(State&, const EffectSource&, const StartRun&) {}
template <AppendingEffect Appending>
void add(State& state, const EffectSource& source, const Appending& e) {
  append_row_of(source, e, [&]<typename Row>(Row row) {
    std::get<std::vector<Row>>(state.appended).push_back(std::move(row));
  });
}
int version_to_deploy(const State& state, const EffectSource& source, const Effect& effect) {
  const std::string* artifact = deployed_artifact(effect);
  const auto versions = state.model_versions.find({source.namespace_, *deployed_model(effect)});
  if (artifact == nullptr || versions == state.model_versions.end()) return 0;
  int newest = 0, own = 0;
  for (const ModelVersionRow& row : versions->second) {
    if (row.artifact != *artifact) continue;
    newest = row.version;
    if (row.run == source.run) own = row.version;
  }
  return own > 0 ? own : newest;
}

/// Changes of a deployment.
template <typename Change>
requires(!AppendingEffect<Change>) void add(State& state, const EffectSource& source,
                                            const Change& e) {
  const ModelKey model(source.namespace_, e.model);
  DeploymentRow& row = state.deployments[model];
  row.model = model.name;
  row.namespace_ = model.namespace_;
  DeploymentChange change = deployment_after(row, e, source, version_to_deploy(state, source, e));
  row = std::move(change.after);
  const std::pair key{model, change.record.artifact};
  if (change.withdrawn) state.not_shipped[key] = not_shipped_text(kWithdrawn, change.record.reason);
  if (change.record.action == "release") state.not_shipped.erase(key);
  state.deployment_events[model].push_back(std::move(change.record));
}

// --- projections ---

struct FoldDags {
  State& state;
  Time at;

  void operator()(const DagRegistered& e) const {
    DagRow& row = state.dags[e.dag];
    if (row.dag.empty()) row.registered_at = at;
    row.dag = e.dag.name;
    row.namespace_ = e.dag.namespace_;
    row.version = e.version;
    row.spec = e.spec;
    row.source = e.source;
    row.base_dir = e.base_dir;
    row.updated_at = at;
    row.retired.clear();
    row.out_of_order.clear();
    state.versions.try_emplace({State::id_of(e.dag), e.version}, State::Version{e.spec, at});
  }
  void operator()(const DagPaused& e) const {
    const auto row = state.dags.find(e.dag);
    if (row == state.dags.end()) return;
    row->second.paused = e.paused;
    row->second.updated_at = at;
  }
  void operator()(const DagRetired& e) const {
    const auto row = state.dags.find(e.dag);
    if (row == state.dags.end()) return;
    row->second.retired = e.reason;
    row->second.updated_at = at;
  }
  void operator()(const DagOutOfOrder& e) const {
    if (const auto row = state.dags.find(e.dag); row != state.dags.end())
      row->second.out_of_order = e.reason;
  }
  void operator()(const ScheduleMoved& e) const {
    const auto row = state.dags.find(e.dag);
    if (row == state.dags.end()) return;
    if (e.from) row->second.schedule_from = e.from;
    row->second.schedule_all_until = e.all_until;
  }
  void operator()(const DagFileChecked& e) const {
    if (e.diagnostics.size() == 0)
      state.dag_file_errors.erase(e.source);
    else
      state.dag_file_errors.insert_or_assign(e.source,
                                             DagFileErrorRow{e.source, e.diagnostics, at});
  }
  void operator()(const ResourceRegistered& e) const {
    const State::ResourceId id{e.resource, e.namespace_, e.name};
    ResourceRow& row = state.resources[id];
    if (row.version.empty()) row.registered_at = at;
    row = {e.resource, e.namespace_, e.name, e.version, e.source, "", row.registered_at, at};
    state.versions.try_emplace({id, e.version}, State::Version{e.spec, at});
  }
  void operator()(const ResourceRetired& e) const {
    const auto row = state.resources.find({e.resource, e.namespace_, e.name});
    if (row == state.resources.end()) return;
    row->second.retired = e.reason;
    row->second.updated_at = at;
  }
  void operator()(const CommandHandled& e) const {
    state.command_results.try_emplace(e.command, CommandResult{e.command, e.ok, e.result, at});
    if (const auto i = state.command_index.find(e.command); i != state.command_index.end())
      state.pending.erase(i->second);
  }
  template <typename Other>
  void operator()(const Other&) const {}
};

void project_runs(State& state, const Batch& batch) {
  for (RunRow row : batch.runs_created) {
    row.status = RunStatus::queued;  // until more of its events come
    row.started_at.reset();
    row.finished_at.reset();
    row.outputs = {};
    row.error.clear();
    if (row.type == RunType::scheduled && row.logical_date) {
      state.scheduled.insert({row.key(), *row.logical_date});
      if (const auto dag = state.dags.find(row.key()); dag != state.dags.end())
        dag->second.last_logical_date =
            std::max(dag->second.last_logical_date.value_or(*row.logical_date), *row.logical_date);
    }
    set_backfill_date(state, row, DateState::running);
    state.open_runs.insert(row.run);
    state.runs.insert_or_assign(row.run, std::move(row));
  }
  for (const Uuid& id : batch.runs_reopened) {
    const auto row = state.runs.find(id);
    if (row == state.runs.end()) continue;
    row->second.status = RunStatus::running;
    row->second.finished_at.reset();
    row->second.outputs = {};
    row->second.error.clear();
    set_backfill_date(state, row->second, DateState::running);
    state.open_runs.insert(id);
  }
  for (const RunRow& finished : batch.runs_finished) {
    const auto row = state.runs.find(finished.run);
    if (row == state.runs.end()) continue;
    row->second.status = finished.status;
    row->second.finished_at = finished.finished_at;
    row->second.outputs = finished.outputs;
    row->second.error = finished.error;
    set_backfill_date(state, row->second, date_state_of(finished.status));
    state.open_runs.erase(finished.run);
  }
}

/// It leaves its queue with the first event after its creation.
void project_starts(State& state, const Batch& batch) {
  for (const Event& event : batch.events) {
    if (event.run.is_nil() || std::holds_alternative<RunCreated>(event.body)) continue;
    const auto row = state.runs.find(event.run);
    if (row == state.runs.end() || row->second.started_at) continue;
    row->second.started_at = event.at;
    if (row->second.status == RunStatus::queued) row->second.status = RunStatus::running;
  }
}

void project_tasks(State& state, const Batch& batch) {
  for (const auto& [run, gone] : batch.tasks_cleared)
    std::erase_if(state.tasks[run], [&gone = gone](const auto& entry) {
      return entry.first.first == gone.task &&
             (gone.map_index < 0 || entry.first.second == gone.map_index);
    });
  for (const TaskRow& row : batch.tasks_ended)
    state.tasks[row.run].insert_or_assign({row.task, row.map_index}, row);
}

// --- the role ---

Status check_scheduled(const State& state, const Batch& batch) {
  std::set<std::pair<DagKey, Time>> own;
  for (const RunRow& row : batch.runs_created) {
    if (row.type != RunType::scheduled || !row.logical_date) continue;
    const std::pair key{row.key(), *row.logical_date};
    if (state.scheduled.contains(key) || !own.insert(key).second)
      return conflict("DAG '" + row.key().text() + "' has a scheduled run for " +
                      format_rfc3339(*row.logical_date) + " already");
  }
  return {};
}

class MemJournal final : public Journal {
 public:
  explicit MemJournal(State& state) : state_(state) {}

  Status append(const Batch& batch) override {
    return call(state_, "journal.append",
                [&](Callbacks& after) { return append_locked(batch, after); });
  }
  Result<std::int64_t> last_seq() override {
    return call(state_, "journal.last_seq", [&](Callbacks&) -> Result<std::int64_t> {
      return static_cast<std::int64_t>(state_.events.size());
    });
  }
  Result<std::vector<Event>> read(std::int64_t after, std::size_t limit) override {
    return call(state_, "journal.read", [&](Callbacks&) -> Result<std::vector<Event>> {
      const std::size_t size = state_.events.size();
      const std::size_t from =
          std::min(static_cast<std::size_t>(std::max<std::int64_t>(after, 0)), size);
      const auto begin = state_.events.begin() + static_cast<std::ptrdiff_t>(from);
      return std::vector<Event>(begin,
                                begin + static_cast<std::ptrdiff_t>(std::min(limit, size - from)));
    });
  }
  Result<std::vector<Event>> read_run(const Uuid& run) override {
    return call(state_, "journal.read_run", [&](Callbacks&) -> Result<std::vector<Event>> {
      std::vector<Event> out;
      if (const auto own = state_.events_of_run.find(run); own != state_.events_of_run.end())
        for (const std::size_t i : own->second) out.push_back(state_.events[i]);
      return out;
    });
  }
  Subscription subscribe(std::function<void()> on_change) override {
    return state_.on_journal.add(std::move(on_change));
  }

 private:
  Status append_locked(const Batch& batch, Callbacks& after) {
    const auto lease = state_.leases.find(kMainShard);
    if (lease == state_.leases.end() || lease->second.epoch != batch.epoch)
      return make_error(ErrorCode::fenced,
                        "epoch " + std::to_string(batch.epoch) + " does not lead");
    const auto last = static_cast<std::int64_t>(state_.events.size());
    if (batch.first_seq != last + 1) return judge_repetition(batch, last);
    MR_CHECK(check_scheduled(state_, batch));
    MR_TRY(const auto effects, sourced_effects(batch));
    if (batch.events.empty()) return {};
    store_events(batch);
    project_runs(state_, batch);
    project_starts(state_, batch);
    project_tasks(state_, batch);
    bool deployed = false;
    for (const auto& [source, effect] : effects) {
      std::visit([&, &from = source](const auto& e) { add(state_, from, e); }, *effect);
      deployed |= deployed_model(*effect) != nullptr;
    }
    if (deployed) after.emplace_back([this] { state_.on_deployment.call(); });
    after.emplace_back([this] { state_.on_journal.call(); });
    return {};
  }

  Status judge_repetition(const Batch& batch, std::int64_t last) const {
    const auto committed = state_.batches.find(batch.first_seq);
    if (committed != state_.batches.end() && committed->second.epoch == batch.epoch &&
        committed->second.length == batch.events.size())
      return {};
    return conflict("the batch starts at " + std::to_string(batch.first_seq) +
                    ", the journal ends at " + std::to_string(last));
  }

  void store_events(const Batch& batch) {
    state_.batches[batch.first_seq] = {batch.epoch, batch.events.size()};
    for (const Event& given : batch.events) {
      Event event = given;
      event.seq = static_cast<std::int64_t>(state_.events.size()) + 1;
      if (!event.run.is_nil()) state_.events_of_run[event.run].push_back(state_.events.size());
      std::visit(FoldDags{state_, event.at}, event.body);
      fold_backfills(state_, event);
      state_.events.push_back(std::move(event));
    }
  }

  State& state_;
};

}  // namespace

std::unique_ptr<Journal> make_journal(State& state) { return std::make_unique<MemJournal>(state); }

}  // namespace millrace::mem
