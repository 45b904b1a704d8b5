// Effects as rows: which effects a batch carries, where each comes from, and the rows that they
// make. Pure; every store uses these, so that no two of them can drift apart.
#pragma once

#include <string>
#include <vector>

#include "engine/store/appended_rows.h"
#include "engine/store/effect_source.h"
#include "engine/store/store.h"

namespace millrace {

/// Points into the batch.
struct SourcedEffect {
  EffectSource source;
  const Effect* effect = nullptr;
};

/// All effects of the batch, in order. `invalid_argument` for one that no store can apply,
/// `internal` for a batch that does not name the task of an event with effects.
Result<std::vector<SourcedEffect>> sourced_effects(const Batch& batch);

ArtifactRow artifact_row(const EffectSource& source, const PublishArtifact& effect);
/// Without its number. One task instance registers an artifact for a model once: again is no
/// change.
ModelVersionRow model_version_row(const EffectSource& source, const RegisterModel& effect);
EvaluationRow evaluation_row(const EffectSource& source, const RecordEvaluation& effect);
DatasetRow dataset_row(const EffectSource& source, const UpdateDataset& effect);

}  // namespace millrace
