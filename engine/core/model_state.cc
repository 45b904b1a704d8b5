#include "engine/core/model_state.h"

#include <cassert>

namespace millrace {
namespace {

ServingChange change(Serving& serving, const SetTraffic& e, const CanaryOwner& by) {
  if (e.candidate == serving.champion)
    return {e.candidate, "the candidate is the champion already", false};
  serving.candidate = e.candidate;
  serving.weight = e.weight;
  serving.owner = by;
  return {e.candidate, "", false};
}

void end_canary(Serving& serving) {
  serving.candidate.clear();
  serving.weight = 0;
  serving.owner = {};
}

ServingChange change(Serving& serving, const PromoteModel& e, const CanaryOwner&) {
  if (!serving.champion.empty() && serving.champion != e.artifact)
    serving.last_good = serving.champion;
  serving.champion = e.artifact;
  end_canary(serving);
  return {e.artifact, "", false};
}

ServingChange change(Serving& serving, const RollbackModel& e, const CanaryOwner&) {
  const auto named = [&](const std::string& artifact) {
    return e.artifact.empty() || e.artifact == artifact;
  };
  if (!serving.candidate.empty() && named(serving.candidate)) {
    const std::string from = serving.candidate;
    end_canary(serving);
    return {from, "", !e.blameless};
  }
  if (e.candidate_only) return {"", "the artifact is no longer the candidate", false};
  if (!serving.candidate.empty())
    return {"", "another version is under canary; roll that back first", false};
  if (!named(serving.champion)) return {"", "the artifact does not serve", false};
  // A champion with nothing before it is taken out of service only by name.
  if (serving.champion.empty() || (serving.last_good.empty() && e.artifact.empty()))
    return {"", "nothing to roll back to", false};
  const std::string from = std::exchange(serving.champion, std::exchange(serving.last_good, ""));
  return {from, "", !e.blameless};
}

ServingChange change(Serving&, const ReleaseModel& e, const CanaryOwner&) {
  return {e.artifact, "", false};
}

template <typename T>
ServingChange change(Serving&, const T&, const CanaryOwner&) {
  assert(false && "the effect deploys no model");
  return {};
}

std::string short_digest(const std::string& artifact) { return artifact.substr(0, 12); }

/// What a person types to have it deployed again.
std::string release_command(const ModelKey& model, const std::string& artifact) {
  const bool is_default = model.namespace_ == kDefaultNamespace;
  return "millrace release " + model.name + " " + short_digest(artifact) +
         (is_default ? "" : " --namespace " + model.namespace_) + " --reason …";
}

Status admit_traffic(const ModelKey& model, const std::string& artifact, const ModelState& state,
                     const CanaryOwner& by) {
  if (artifact == state.serving.champion) return {};
  if (!state.versions.contains(artifact))
    return not_found("artifact " + short_digest(artifact) + " is no registered version of model '" +
                     model.text() +
                     "'; only what a task has registered for this model is deployed");
  if (const auto found = state.not_shipped.find(artifact); found != state.not_shipped.end())
    return conflict("version " + short_digest(artifact) + " of model '" + model.text() + "' " +
                    found->second + "; it is deployed again only after '" +
                    release_command(model, artifact) + "'");
  const Serving& now = state.serving;
  const bool others = now.candidate != artifact || (!now.owner.run.is_nil() && !(now.owner == by));
  if (now.candidate.empty() || !others) return {};
  Error busy = conflict("another canary of '" + model.text() + "' is under way, with candidate " +
                        short_digest(now.candidate));
  busy.transient_override = true;
  return busy;
}

/// A verdict holds only against the champion that it was given against.
Status admit_promotion(const PromoteModel& e, const ModelKey& model, const ModelState& state,
                       const CanaryOwner& by) {
  const std::string& serves = state.serving.champion;
  if (e.champion && *e.champion != serves && e.artifact != serves) {
    const auto named = [](const std::string& artifact) {
      return artifact.empty() ? std::string("none") : short_digest(artifact);
    };
    return conflict("the champion of '" + model.text() + "' has changed: version " +
                    short_digest(e.artifact) + " was judged against " + named(*e.champion) +
                    ", and " + named(serves) + " serves now; judge it again");
  }
  return admit_traffic(model, e.artifact, state, by);
}

Status admit_one(const Effect& effect, const ModelKey& model, const ModelState& state,
                 const CanaryOwner& by) {
  if (const auto* e = std::get_if<SetTraffic>(&effect))
    return admit_traffic(model, e->candidate, state, by);
  if (const auto* e = std::get_if<PromoteModel>(&effect))
    return admit_promotion(*e, model, state, by);
  return {};
}

void apply_one(ModelState& state, const Effect& effect, const CanaryOwner& by) {
  if (const auto* e = std::get_if<RegisterModel>(&effect)) state.versions.insert(e->artifact);
  if (const auto* e = std::get_if<RecordEvaluation>(&effect); e != nullptr && refuses(*e))
    state.not_shipped.insert_or_assign(e->challenger, "was refused by an evaluation");
  if (const auto* e = std::get_if<ReleaseModel>(&effect)) state.not_shipped.erase(e->artifact);
  if (deployed_model(effect) == nullptr) return;
  const ServingChange changed = change_serving(state.serving, effect, by);
  if (changed.withdrawn) state.not_shipped.insert_or_assign(changed.artifact, "was rolled back");
}

const std::string* model_of(const Effect& effect) {
  if (const auto* e = std::get_if<RegisterModel>(&effect)) return &e->model;
  if (const auto* e = std::get_if<RecordEvaluation>(&effect)) return &e->model;
  return deployed_model(effect);
}

}  // namespace

const std::string* deployed_model(const Effect& effect) {
  if (const auto* e = std::get_if<SetTraffic>(&effect)) return &e->model;
  if (const auto* e = std::get_if<PromoteModel>(&effect)) return &e->model;
  if (const auto* e = std::get_if<RollbackModel>(&effect)) return &e->model;
  if (const auto* e = std::get_if<ReleaseModel>(&effect)) return &e->model;
  return nullptr;
}

ServingChange change_serving(Serving& serving, const Effect& effect, const CanaryOwner& by) {
  return std::visit([&](const auto& e) { return change(serving, e, by); }, effect);
}

bool refuses(const RecordEvaluation& effect) {
  return effect.decision == "refuse" && effect.challenger != effect.champion;
}

void Models::restore(ModelKey model, ModelState state) {
  if (!state.serving.candidate.empty() && !state.serving.owner.run.is_nil()) owned_.insert(model);
  models_.insert_or_assign(std::move(model), std::move(state));
}

Status Models::admit(const std::string& name_space, const std::vector<Effect>& effects,
                     const CanaryOwner& by) const {
  std::map<std::string, ModelState, std::less<>> touched;  // as the effects so far leave them
  bool deploys = false;
  for (const Effect& effect : effects) deploys = deploys || deployed_model(effect) != nullptr;
  if (!deploys) return {};
  for (const Effect& effect : effects) {
    const std::string* model = model_of(effect);
    if (model == nullptr) continue;
    const ModelKey key(name_space, *model);
    const auto known = models_.find(key);
    ModelState& state =
        touched.try_emplace(*model, known == models_.end() ? ModelState{} : known->second)
            .first->second;
    MR_CHECK(admit_one(effect, key, state, by));
    apply_one(state, effect, by);
  }
  return {};
}

Status Models::admit_command(const std::string& name_space,
                             const std::vector<Effect>& effects) const {
  for (const Effect& effect : effects) {
    const std::string* model = deployed_model(effect);
    if (model == nullptr) continue;
    const ModelKey key(name_space, *model);
    const auto known = models_.find(key);
    if (known == models_.end()) return not_found("there is no model '" + key.text() + "'");
    if (const auto* e = std::get_if<ReleaseModel>(&effect);
        e != nullptr && !known->second.not_shipped.contains(e->artifact))
      return conflict("version " + short_digest(e->artifact) + " of model '" + key.text() +
                      "' was neither refused nor rolled back; there is nothing to release");
    Serving serving = known->second.serving;
    const ServingChange changed = change_serving(serving, effect, {});
    if (std::holds_alternative<RollbackModel>(effect) && !changed.no_change.empty())
      return conflict("model '" + key.text() + "' is not rolled back: " + changed.no_change);
  }
  return admit(name_space, effects, {});
}

void Models::apply(const std::string& name_space, const std::vector<Effect>& effects,
                   const CanaryOwner& by) {
  for (const Effect& effect : effects) {
    const std::string* model = model_of(effect);
    if (model == nullptr) continue;
    const ModelKey key(name_space, *model);
    ModelState& state = models_[key];
    apply_one(state, effect, by);
    if (!state.serving.candidate.empty() && !state.serving.owner.run.is_nil())
      owned_.insert(key);
    else
      owned_.erase(key);
  }
}

std::vector<Models::Canary> Models::owned_canaries() const {
  std::vector<Canary> out;
  for (const ModelKey& model : owned_) {
    const Serving& serving = models_.find(model)->second.serving;
    out.push_back({model, serving.candidate, serving.owner});
  }
  return out;
}

}  // namespace millrace
