// Deployment: what a change of traffic makes of what serves a model. One pure function, which every
// store uses.
#pragma once

#include "engine/store/effect_rows.h"
#include "engine/store/rows.h"

namespace millrace {

struct DeploymentChange {
  DeploymentRow after;
  DeploymentEventRow record;  // for the history
  bool withdrawn = false;     // record.artifact is not deployed again without a person's reason
};

/// `before` is a row with only the model and its namespace set if the model has none yet. `version`
/// is the number of the version that the effect deploys: the one of its own run, or else the newest
/// with that artifact; 0: there is none. Each change makes one more revision, also one that finds
/// nothing to do; its reason then says so. What each effect does: engine/core/model_state.h.
/// REQUIRES: deployed_model(effect).
DeploymentChange deployment_after(const DeploymentRow& before, const Effect& effect,
                                  const EffectSource& source, int version);
/// The artifact whose version number `deployment_after` needs; nullptr: none.
const std::string* deployed_artifact(const Effect& effect);

/// Why a version must not be deployed, for people: "was rolled back: too many errors".
std::string not_shipped_text(std::string_view cause, const std::string& reason);
inline constexpr std::string_view kRefused = "refused";      // by an evaluation
inline constexpr std::string_view kWithdrawn = "withdrawn";  // rolled back

}  // namespace millrace
