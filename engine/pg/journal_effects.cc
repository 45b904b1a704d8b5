#include "engine/pg/journal_effects.h"

#include <algorithm>
#include <set>

#include "engine/pg/failure.h"
#include "engine/pg/journal_backfills.h"
#include "engine/pg/row_reader.h"
#include "engine/pg/row_writer.h"
#include "engine/pg/stored_rows.h"
#include "engine/store/deployment.h"

namespace millrace::pg {
namespace {

bool changes_dags(const EventBody& body) {
  return std::holds_alternative<DagRegistered>(body) || std::holds_alternative<DagPaused>(body) ||
         std::holds_alternative<DagFileChecked>(body) || std::holds_alternative<DagRetired>(body) ||
         std::holds_alternative<DagOutOfOrder>(body) ||
         std::holds_alternative<ScheduleMoved>(body) ||
         std::holds_alternative<ResourceRegistered>(body) ||
         std::holds_alternative<ResourceRetired>(body);
}

struct WriteDags {
  Session& session;
  Time at;

  void operator()(const DagRegistered& e) const {
    session.exec(
        "put_dag_version",
        key_params(e.dag).add(e.version).add(e.spec.is_null() ? Json::object() : e.spec).add(at));
    session.exec("put_dag", key_params(e.dag).add(e.version).add(e.source).add(e.base_dir).add(at));
  }
  void operator()(const DagPaused& e) const {
    session.exec("pause_dag", key_params(e.dag).add(e.paused).add(at));
  }
  void operator()(const DagRetired& e) const {
    session.exec("retire_dag", key_params(e.dag).add(e.reason).add(at));
  }
  void operator()(const DagOutOfOrder& e) const {
    session.exec("mark_dag_out_of_order", key_params(e.dag).add(e.reason));
  }
  void operator()(const ScheduleMoved& e) const {
    session.exec("move_schedule", key_params(e.dag).add(e.from).add(e.all_until));
  }
  void operator()(const ResourceRegistered& e) const {
    session.exec(
        "put_resource_version",
        Params().add(e.resource).add(e.namespace_).add(e.name).add(e.version).add(e.spec).add(at));
    session.exec("put_resource", Params()
                                     .add(e.resource)
                                     .add(e.namespace_)
                                     .add(e.name)
                                     .add(e.version)
                                     .add(e.source)
                                     .add(at));
  }
  void operator()(const ResourceRetired& e) const {
    session.exec("retire_resource",
                 Params().add(e.resource).add(e.namespace_).add(e.name).add(e.reason).add(at));
  }
  void operator()(const DagFileChecked& e) const {
    if (e.diagnostics.size() == 0)
      session.exec("clear_dag_file_error", Params().add(e.source));
    else
      session.exec("put_dag_file_error", Params().add(e.source).add(e.diagnostics).add(at));
  }
  template <typename Other>
  void operator()(const Other&) const {}
};

/// Artifacts are frequent, and gathered to be written at once; the others are rare.
struct ArtifactColumns {
  ArrayText digest, kind, name, bytes, rows, schema, inputs, run, task, map_index, created_at;
  bool any = false;

  void add(const ArtifactRow& row) {
    any = true;
    digest.add(row.digest);
    kind.add(row.kind);
    name.add(row.name);
    bytes.add(row.bytes);
    rows.add(row.rows);
    schema.add(row.schema);
    ArrayText given;
    for (const auto& input : row.inputs) given.add(input);
    inputs.add(std::move(given).take());
    run.add(std::string_view(row.run.to_string()));
    task.add(row.task);
    map_index.add(row.map_index);
    created_at.add(row.created_at);
  }
  void write(Session& session) {
    if (!any) return;
    session.exec("put_artifacts", Params()
                                      .add(std::move(digest))
                                      .add(std::move(kind))
                                      .add(std::move(name))
                                      .add(std::move(bytes))
                                      .add(std::move(rows))
                                      .add(std::move(schema))
                                      .add(std::move(inputs))
                                      .add(std::move(run))
                                      .add(std::move(task))
                                      .add(std::move(map_index))
                                      .add(std::move(created_at)));
  }
};

/// A nil id stands in these tables as zeros.
std::string run_text(const Uuid& run) { return run.to_string(); }

struct WriteEffect {
  Session& session;
  const EffectSource& source;
  ArtifactColumns& artifacts;

  void operator()(const PublishArtifact& e) const { artifacts.add(artifact_row(source, e)); }
  void operator()(const RegisterModel& e) const {
    const ModelVersionRow row = model_version_row(source, e);
    session.exec("put_model_version", key_params(row.key())
                                          .add(row.artifact)
                                          .add(row.algorithm)
                                          .add(row.manifest)
                                          .add(row.metrics)
                                          .add(row.params)
                                          .add(run_text(row.run))
                                          .add(row.task)
                                          .add(row.map_index)
                                          .add(row.created_at));
  }
  void operator()(const RecordEvaluation& e) const {
    session.exec("put_evaluation", record_params(evaluation_row(source, e)));
    if (refuses(e)) put_not_shipped({source.namespace_, e.model}, e.challenger, kRefused, "");
  }
  void operator()(const UpdateDataset& e) const {
    session.exec("put_dataset", record_params(dataset_row(source, e)));
  }
  void operator()(const StartRun&) const {}
  template <AppendingEffect Appending>
  void operator()(const Appending& e) const {
    append_row_of(source, e, [&]<typename Row>(const Row& row) {
      session.exec(Row::put, record_params(row));
    });
  }
  /// Changes of a deployment.
  template <typename Change>
  void operator()(const Change& e) const {
    const ModelKey model(source.namespace_, e.model);
    auto found = read_rows<DeploymentRow>(session, "lock_deployment", key_params(model));
    DeploymentRow before;
    before.model = model.name;
    before.namespace_ = model.namespace_;
    if (!found.empty()) before = std::move(found.front());
    const DeploymentChange change = deployment_after(before, e, source, version_to_deploy(e));
    const DeploymentRow& row = change.after;
    session.exec("put_deployment", key_params(model)
                                       .add(row.champion)
                                       .add(row.candidate)
                                       .add(row.weight)
                                       .add(row.last_good)
                                       .add(row.revision)
                                       .add(row.updated_at)
                                       .add(row.champion_version)
                                       .add(row.candidate_version)
                                       .add(row.last_good_version)
                                       .add(row.owner.run)
                                       .add(row.owner.task)
                                       .add(row.owner.map_index));
    const DeploymentEventRow& record = change.record;
    session.exec("put_deployment_event", record_params(record));
    if (change.withdrawn) put_not_shipped(model, record.artifact, kWithdrawn, record.reason);
    if (record.action == "release")
      session.exec("remove_not_shipped", key_params(model).add(record.artifact));
  }

 private:
  int version_to_deploy(const Effect& effect) const {
    const std::string* artifact = deployed_artifact(effect);
    if (artifact == nullptr) return 0;
    const ModelKey model(source.namespace_, *deployed_model(effect));
    const Rows rows =
        session.exec("version_to_deploy", key_params(model).add(*artifact).add(source.run));
    return rows.at(0, 0).small();
  }
  void put_not_shipped(const ModelKey& model, const std::string& artifact, std::string_view cause,
                       const std::string& reason) const {
    session.exec("put_not_shipped", key_params(model)
                                        .add(artifact)
                                        .add(cause)
                                        .add(reason)
                                        .add(run_text(source.run))
                                        .add(source.actor)
                                        .add(source.on_behalf_of)
                                        .add(source.at));
  }
};

}  // namespace

bool changes_more(const Batch& batch, const std::vector<SourcedEffect>& effects) {
  return !effects.empty() || !batch.runs_reopened.empty() || !batch.tasks_cleared.empty() ||
         moves_backfills(batch) || std::ranges::any_of(batch.events, [](const Event& e) {
           return changes_dags(e.body) || changes_backfills(e.body);
         });
}

void write_reopenings(Session& session, const Batch& batch) {
  if (!batch.runs_reopened.empty()) {
    const std::set<Uuid> reopened(batch.runs_reopened.begin(), batch.runs_reopened.end());
    ArrayText runs;
    for (const Uuid& run : reopened) runs.add(run);
    const Rows there =
        session.exec("reopen_runs", Params().add(std::move(runs)).add(batch.first_seq));
    if (there.at(0, 0).number() != static_cast<std::int64_t>(reopened.size()))
      throw Refusal(conflict("cannot reopen the run: retention has removed it"));
    ArrayText dates;
    for (const Uuid& run : reopened) dates.add(run);
    session.exec("reopen_backfill_runs", Params().add(std::move(dates)));
  }
  for (const auto& [run, gone] : batch.tasks_cleared)
    session.exec("clear_tasks", Params().add(run).add(gone.task).add(gone.map_index));
}

void remove_ended_tasks(Session& session, const Batch& batch) {
  ArrayText run, task, map_index;
  for (const TaskRow& row : batch.tasks_ended) {
    run.add(row.run);
    task.add(row.task);
    map_index.add(row.map_index);
  }
  session.exec("remove_tasks",
               Params().add(std::move(run)).add(std::move(task)).add(std::move(map_index)));
}

bool write_changes(Session& session, const Batch& batch,
                   const std::vector<SourcedEffect>& effects) {
  for (const Event& event : batch.events) {
    if (changes_dags(event.body)) std::visit(WriteDags{session, event.at}, event.body);
    if (changes_backfills(event.body)) write_backfill_event(session, event);
  }
  if (moves_backfills(batch)) write_backfill_runs(session, batch);
  ArtifactColumns artifacts;
  bool deployment_changed = false;
  for (const auto& [source, effect] : effects) {
    std::visit(WriteEffect{session, source, artifacts}, *effect);
    deployment_changed = deployment_changed || deployed_model(*effect) != nullptr;
  }
  artifacts.write(session);
  return deployment_changed;
}

}  // namespace millrace::pg
