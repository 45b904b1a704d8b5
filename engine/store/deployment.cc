#include "engine/store/deployment.h"

#include <cassert>

namespace millrace {
namespace {

/// "why it did nothing (what was asked for)".
std::string no_change(std::string_view why, const std::string& asked) {
  return asked.empty() ? std::string(why) : std::string(why) + " (" + asked + ")";
}

void change(DeploymentChange& to, const SetTraffic& e) {
  to.record.action = "canary";
  to.record.artifact = e.candidate;
  if (e.candidate == to.after.champion) {
    to.record.weight = 100;
    to.record.reason = no_change("the candidate is the champion already", e.reason);
    return;
  }
  to.after.candidate = e.candidate;
  to.after.weight = e.weight;
  to.record.weight = e.weight;
  to.record.reason = e.reason;
}

void change(DeploymentChange& to, const PromoteModel& e) {
  if (!to.after.champion.empty() && to.after.champion != e.artifact)
    to.after.last_good = to.after.champion;
  to.after.champion = e.artifact;
  to.after.candidate.clear();
  to.after.weight = 0;
  to.record.action = "promote";
  to.record.artifact = e.artifact;
  to.record.weight = 100;
  to.record.reason = e.reason;
}

void change(DeploymentChange& to, const RollbackModel& e) {
  to.record.action = "rollback";
  to.record.reason = e.reason;
  to.record.evidence = e.evidence;
  if (!to.after.candidate.empty()) {
    to.record.artifact = to.after.candidate;
    to.after.candidate.clear();
    to.after.weight = 0;
  } else if (!to.after.last_good.empty()) {
    to.record.artifact = to.after.champion;
    to.after.champion = to.after.last_good;
    to.after.last_good.clear();
  } else {
    to.record.reason = no_change("nothing to roll back to", e.reason);
  }
}

template <typename T>
void change(DeploymentChange&, const T&) {
  assert(false && "the effect changes no deployment");
}

}  // namespace

const std::string* deployed_model(const Effect& effect) {
  if (const auto* e = std::get_if<SetTraffic>(&effect)) return &e->model;
  if (const auto* e = std::get_if<PromoteModel>(&effect)) return &e->model;
  if (const auto* e = std::get_if<RollbackModel>(&effect)) return &e->model;
  return nullptr;
}

DeploymentChange deployment_after(const DeploymentRow& before, const Effect& effect,
                                  const EffectSource& source) {
  DeploymentChange to;
  to.after = before;
  to.after.revision = before.revision + 1;
  to.after.updated_at = source.at;
  to.record.model = before.model;
  to.record.revision = to.after.revision;
  to.record.run = source.run;
  to.record.actor = source.actor;
  to.record.at = source.at;
  std::visit([&](const auto& e) { change(to, e); }, effect);
  return to;
}

}  // namespace millrace
