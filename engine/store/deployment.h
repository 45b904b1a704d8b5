// Deployment: what a change of traffic makes of what serves a model. One pure function, which every
// store uses.
#pragma once

#include "engine/store/effect_rows.h"
#include "engine/store/rows.h"

namespace millrace {

struct DeploymentChange {
  DeploymentRow after;
  DeploymentEventRow record;  // for the history
};

/// The model whose deployment the effect changes; nullptr: it changes none.
const std::string* deployed_model(const Effect& effect);

/// `before` is a row with only the model set if the model has none yet. Each change makes one more
/// revision, also one that finds nothing to do; its reason then says so.
///
/// SetTraffic    the candidate gets the weight; the champion, if any, keeps the rest.
/// PromoteModel  the artifact becomes champion; a different champion so far becomes last known
/// good; no canary. RollbackModel a canary under way ends and the champion stays; without one, the
/// last known good becomes champion. REQUIRES: deployed_model(effect).
DeploymentChange deployment_after(const DeploymentRow& before, const Effect& effect,
                                  const EffectSource& source);

}  // namespace millrace
