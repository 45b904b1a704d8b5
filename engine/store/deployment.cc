#include "engine/store/deployment.h"

namespace millrace {
namespace {

/// "why it did nothing (what was asked for)".
std::string no_change(const std::string& why, const std::string& asked) {
  return asked.empty() ? why : why + " (" + asked + ")";
}

void describe(DeploymentEventRow& record, const SetTraffic& e) {
  record.action = "canary";
  record.weight = e.weight;
  record.reason = e.reason;
}
void describe(DeploymentEventRow& record, const PromoteModel& e) {
  record.action = "promote";
  record.weight = 100;
  record.reason = e.reason;
}
void describe(DeploymentEventRow& record, const RollbackModel& e) {
  record.action = "rollback";
  record.reason = e.reason;
  record.evidence = e.evidence;
}
void describe(DeploymentEventRow& record, const ReleaseModel& e) {
  record.action = "release";
  record.reason = e.reason;
}
template <typename T>
void describe(DeploymentEventRow&, const T&) {}

Serving serving_of(const DeploymentRow& row) {
  return {row.champion, row.candidate, row.weight, row.last_good, row.owner};
}

/// The number that an artifact has in the row before; else the one that is deployed now.
int number_of(const DeploymentRow& before, const std::string& artifact, int deployed) {
  if (artifact.empty()) return 0;
  if (artifact == before.candidate) return before.candidate_version;
  if (artifact == before.champion) return before.champion_version;
  if (artifact == before.last_good) return before.last_good_version;
  return deployed;
}

void keep(DeploymentRow& after, Serving serving, const DeploymentRow& before, int version) {
  after.champion_version = number_of(before, serving.champion, version);
  after.candidate_version = number_of(before, serving.candidate, version);
  after.last_good_version = number_of(before, serving.last_good, version);
  after.champion = std::move(serving.champion);
  after.candidate = std::move(serving.candidate);
  after.weight = serving.weight;
  after.last_good = std::move(serving.last_good);
  after.owner = std::move(serving.owner);
}

CanaryOwner owner_of(const EffectSource& source) {
  if (source.task.empty()) return {};
  return {source.run, source.task, source.map_index};
}

}  // namespace

DeploymentChange deployment_after(const DeploymentRow& before, const Effect& effect,
                                  const EffectSource& source, int version) {
  DeploymentChange to;
  DeploymentEventRow& record = to.record;
  std::visit([&](const auto& e) { describe(record, e); }, effect);
  Serving serving = serving_of(before);
  ServingChange changed = change_serving(serving, effect, owner_of(source));
  to.withdrawn = changed.withdrawn;
  to.after = before;
  keep(to.after, std::move(serving), before, version);
  to.after.revision = before.revision + 1;
  to.after.updated_at = source.at;
  record.model = before.model;
  record.namespace_ = before.namespace_;
  record.revision = to.after.revision;
  record.artifact = std::move(changed.artifact);
  record.version = number_of(before, record.artifact, version);
  if (!changed.no_change.empty()) {
    record.reason = no_change(changed.no_change, record.reason);
    if (record.action == "canary") record.weight = 100;  // of the champion
  }
  record.run = source.run;
  record.actor = source.actor;
  record.on_behalf_of = source.on_behalf_of;
  record.at = source.at;
  return to;
}

const std::string* deployed_artifact(const Effect& effect) {
  if (const auto* e = std::get_if<SetTraffic>(&effect)) return &e->candidate;
  if (const auto* e = std::get_if<PromoteModel>(&effect)) return &e->artifact;
  if (const auto* e = std::get_if<ReleaseModel>(&effect)) return &e->artifact;
  return nullptr;
}

std::string not_shipped_text(std::string_view cause, const std::string& reason) {
  if (cause.empty()) return {};
  const std::string what = cause == kRefused ? "was refused by an evaluation" : "was rolled back";
  return reason.empty() ? what : what + ": " + reason;
}

}  // namespace millrace
