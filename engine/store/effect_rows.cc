#include "engine/store/effect_rows.h"

namespace millrace {
namespace {

Result<EffectSource> source_of(const Batch& batch, std::size_t index) {
  const Event& event = batch.events[index];
  EffectSource source;
  source.seq = batch.first_seq + static_cast<std::int64_t>(index);
  source.run = event.run;
  source.at = event.at;
  source.actor = "engine";
  if (const auto* asked = std::get_if<EffectsRequested>(&event.body)) {
    source.actor = asked->origin.principal.who;
    source.on_behalf_of = asked->origin.on_behalf_of;
    source.namespace_ = asked->namespace_;
  }
  const TaskRef* ref = task_of(event.body);
  if (ref == nullptr) return source;
  const auto id = batch.task_ids.find({event.run, ref->task});
  if (id == batch.task_ids.end())
    return internal_error(
        "event " + std::to_string(source.seq) + " (" + std::string(kind_of(event.body)) +
        ") carries effects, but the batch does not name its task; fill it by project()");
  source.namespace_ = id->second.namespace_;
  source.task = id->second.name;
  source.map_index = ref->map_index;
  return source;
}

}  // namespace

Result<std::vector<SourcedEffect>> sourced_effects(const Batch& batch) {
  std::vector<SourcedEffect> all;
  for (std::size_t i = 0; i < batch.events.size(); ++i) {
    const auto* effects = effects_of(batch.events[i].body);
    if (effects == nullptr || effects->empty()) continue;
    MR_TRY(const EffectSource source, source_of(batch, i));
    for (const Effect& effect : *effects) {
      MR_CHECK(check_effect(effect));
      // The run that it starts has events of its own.
      if (std::holds_alternative<StartRun>(effect)) continue;
      all.push_back({source, &effect});
    }
  }
  return all;
}

ArtifactRow artifact_row(const EffectSource& source, const PublishArtifact& effect) {
  return {.digest = effect.digest,
          .kind = effect.artifact_kind,
          .name = effect.name,
          .bytes = effect.bytes,
          .rows = effect.rows,
          .schema = effect.schema,
          .inputs = effect.inputs,
          .run = source.run,
          .task = source.task,
          .map_index = source.map_index,
          .created_at = source.at};
}

ModelVersionRow model_version_row(const EffectSource& source, const RegisterModel& effect) {
  return {.model = effect.model,
          .namespace_ = source.namespace_,
          .version = 0,
          .artifact = effect.artifact,
          .algorithm = effect.algorithm,
          .manifest = effect.manifest,
          .metrics = effect.metrics,
          .params = effect.params,
          .run = source.run,
          .task = source.task,
          .map_index = source.map_index,
          .created_at = source.at};
}

EvaluationRow evaluation_row(const EffectSource& source, const RecordEvaluation& effect) {
  return {.model = effect.model,
          .namespace_ = source.namespace_,
          .champion = effect.champion,
          .challenger = effect.challenger,
          .decision = effect.decision,
          .report = effect.report,
          .run = source.run,
          .task = source.task,
          .map_index = source.map_index,
          .at = source.at};
}

DatasetRow dataset_row(const EffectSource& source, const UpdateDataset& effect) {
  return {.dataset = effect.dataset,
          .namespace_ = source.namespace_,
          .artifact = effect.artifact,
          .rows = effect.rows,
          .run = source.run,
          .task = source.task,
          .updated_at = source.at};
}

}  // namespace millrace
