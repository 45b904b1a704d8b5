#include "tests/oracle/effect_ledger.h"

#include <algorithm>

namespace millrace::oracle {
namespace {

constexpr std::size_t kAll = 1'000'000;

Finding wrong(std::string what) { return Violation{Rule::effects_once, std::move(what)}; }

}  // namespace

Finding EffectLedger::add(const Event& event, const std::string& task,
                          const std::string& name_space) {
  const auto* effects = effects_of(event.body);
  if (effects == nullptr) return {};
  const TaskRef* ref = task_of(event.body);
  const Source source{event.seq, event.run, task, ref == nullptr ? -1 : ref->map_index, name_space};
  for (const Effect& effect : *effects) {
    const auto add_one = [&](const auto& e) {
      ++counts_[e.kind];
      note(source, e);
    };
    std::visit(add_one, effect);
  }
  return wrong_traffic_;
}

std::map<ModelKey, EffectLedger::Owner> EffectLedger::owners() const {
  std::map<ModelKey, Owner> out;
  for (const auto& [model, now] : serving_)
    if (now.owner) out.emplace(model, *now.owner);
  return out;
}

void EffectLedger::check_traffic(const ModelKey& model, const std::string& artifact) {
  if (wrong_traffic_ || artifact == serving_[model].champion) return;
  const bool registered = std::ranges::any_of(
      versions_[model], [&](const Version& version) { return version.artifact == artifact; });
  if (!registered || not_shipped_.contains({model, artifact}))
    wrong_traffic_ =
        Violation{Rule::registered_traffic,
                  "model " + model.text() + " sends traffic to " + artifact.substr(0, 12) +
                      (registered ? ", which was refused or withdrawn" : ", which is no version")};
}

void EffectLedger::note(const Source& source, const PublishArtifact& e) {
  if (said_.insert({"artifact " + e.name, source.run, source.task, source.map_index, e.digest})
          .second)
    artifacts_[source.run].push_back(e.digest);
}
void EffectLedger::note(const Source& source, const RegisterModel& e) {
  const ModelKey model(source.name_space, e.model);
  if (said_.insert({"model " + e.model, source.run, source.task, source.map_index, e.artifact})
          .second)
    versions_[model].push_back({e.artifact, source.run, source.task, source.map_index});
}
void EffectLedger::note(const Source& source, const RecordEvaluation& e) {
  const ModelKey model(source.name_space, e.model);
  evaluations_[model].push_back(e.challenger);
  if (e.decision == "refuse" && e.challenger != e.champion)
    not_shipped_.emplace(model, e.challenger);
}
void EffectLedger::note(const Source& source, const SetTraffic& e) {
  const ModelKey model(source.name_space, e.model);
  check_traffic(model, e.candidate);
  Serving& now = serving_[model];
  ++now.revision;
  if (e.candidate == now.champion) return;
  now.candidate = e.candidate;
  now.owner.reset();
  if (!source.task.empty()) now.owner = Owner{source.run, source.task, source.map_index};
}
void EffectLedger::note(const Source& source, const ReleaseModel& e) {
  const ModelKey model(source.name_space, e.model);
  ++serving_[model].revision;
  not_shipped_.erase({model, e.artifact});
}
void EffectLedger::note(const Source& source, const PromoteModel& e) {
  const ModelKey model(source.name_space, e.model);
  check_traffic(model, e.artifact);
  Serving& now = serving_[model];
  ++now.revision;
  now.owner.reset();
  if (!now.champion.empty() && now.champion != e.artifact) now.last_good = now.champion;
  now.champion = e.artifact;
  now.candidate.clear();
}
void EffectLedger::note(const Source& source, const RollbackModel& e) {
  const ModelKey model(source.name_space, e.model);
  Serving& now = serving_[model];
  ++now.revision;
  const bool any = e.artifact.empty();
  std::string gone;
  if (!now.candidate.empty()) {
    if (!any && e.artifact != now.candidate) return;
    gone = std::exchange(now.candidate, "");
    now.owner.reset();
  } else {
    const bool meant = any ? !now.last_good.empty() : e.artifact == now.champion;
    if (e.candidate_only || !meant) return;
    gone = std::exchange(now.champion, std::exchange(now.last_good, ""));
  }
  if (!e.blameless) not_shipped_.emplace(model, gone);
}
void EffectLedger::note(const Source& source, const UpdateDataset& e) {
  datasets_[{source.name_space, e.dataset}] = e.artifact;
}
void EffectLedger::note(const Source& source, const RaiseAlert& e) {
  alerts_.emplace_back(source.seq, e.title);
}
void EffectLedger::note(const Source& source, const SetWatermark& e) {
  watermarks_[{source.name_space, e.dataset}].push_back(e.value.dump());
}

Finding EffectLedger::compare(Stores stores, const std::vector<Uuid>& runs) const {
  if (auto found = compare_models(stores.registry)) return found;
  if (auto found = compare_deployable(stores.registry)) return found;
  if (auto found = compare_artifacts(stores.registry, runs)) return found;
  if (auto found = compare_evaluations(stores.registry)) return found;
  if (auto found = compare_rest(stores.registry)) return found;
  return compare_serving(stores.serving);
}

Finding EffectLedger::compare_models(Registry& registry) const {
  const auto models = registry.models();
  if (!models) return Violation{Rule::readable, models.error().message};
  for (const auto& model : *models)
    if (!versions_.contains(model)) return wrong("model " + model.text() + " came from nowhere");
  for (const auto& [model, expected] : versions_) {
    const auto rows = registry.model_versions(model);
    if (!rows) return Violation{Rule::readable, rows.error().message};
    if (rows->size() != expected.size())
      return wrong("model " + model.text() + " has " + std::to_string(rows->size()) +
                   " versions; " + std::to_string(expected.size()) + " were registered");
    for (const auto& row : *rows) {
      const auto number = static_cast<std::size_t>(row.version);
      if (number < 1 || number > expected.size() ||
          !(expected[number - 1] == Version{row.artifact, row.run, row.task, row.map_index}))
        return wrong("version " + std::to_string(row.version) + " of model " + model.text() +
                     " is not what was registered as that");
    }
  }
  return {};
}

Finding EffectLedger::compare_deployable(Registry& registry) const {
  const auto rows = registry.deployable();
  if (!rows) return Violation{Rule::readable, rows.error().message};
  std::set<std::pair<ModelKey, std::string>> found;
  for (const auto& row : *rows)
    if (!row.not_shipped.empty()) found.emplace(row.model, row.artifact);
  if (found != not_shipped_)
    return wrong(std::to_string(found.size()) + " versions are kept from traffic; " +
                 std::to_string(not_shipped_.size()) + " were refused or withdrawn");
  return {};
}

Finding EffectLedger::compare_artifacts(Registry& registry, const std::vector<Uuid>& runs) const {
  for (const Uuid& run : runs) {
    const auto published = artifacts_.find(run);
    const auto expected =
        published == artifacts_.end() ? std::vector<std::string>() : published->second;
    const auto rows = registry.artifacts(run);
    if (!rows) return Violation{Rule::readable, rows.error().message};
    std::vector<std::string> digests;
    for (const auto& row : *rows) digests.push_back(row.digest);
    if (digests != expected)
      return wrong("run " + run.to_string() + " has " + std::to_string(digests.size()) +
                   " artifacts; it published " + std::to_string(expected.size()));
  }
  return {};
}

Finding EffectLedger::compare_evaluations(Registry& registry) const {
  auto all = evaluations_;
  for (const auto& [model, versions] : versions_) all.try_emplace(model);
  for (const auto& [model, expected] : all) {
    const auto rows = registry.evaluations(model, kAll);
    if (!rows) return Violation{Rule::readable, rows.error().message};
    std::vector<std::string> oldest_first;
    for (const auto& row : *rows) oldest_first.insert(oldest_first.begin(), row.challenger);
    if (oldest_first != expected)
      return wrong("the evaluations of model " + model.text() +
                   " are not those that were recorded");
  }
  return {};
}

Finding EffectLedger::compare_rest(Registry& registry) const {
  for (const auto& [name, artifact] : datasets_) {
    const auto row = registry.dataset(name);
    if (!row || row->artifact != artifact)
      return wrong("dataset " + name.text() + " is not at its last update");
  }
  const auto rows = registry.alerts(kAll);
  if (!rows) return Violation{Rule::readable, rows.error().message};
  std::vector<std::pair<std::int64_t, std::string>> raised;
  for (const auto& row : *rows) raised.emplace_back(row.seq, row.title);
  std::ranges::sort(raised);
  auto expected = alerts_;
  std::ranges::sort(expected);
  if (raised != expected)
    return wrong(std::to_string(raised.size()) + " alerts stand; " +
                 std::to_string(expected.size()) + " were raised");
  std::size_t set = 0;
  for (const auto& [name, expected_values] : watermarks_) {
    const auto marks = registry.newest_rows<WatermarkRow>(kAll, {name.namespace_, name.name});
    if (!marks) return Violation{Rule::readable, marks.error().message};
    std::vector<std::string> oldest_first;
    for (const auto& row : *marks) oldest_first.insert(oldest_first.begin(), row.value.dump());
    if (oldest_first != expected_values)
      return wrong("the watermarks of dataset " + name.text() + " are not those that were set");
    // The simulation and the forge set texts alone: their quoted forms have the same order.
    if (!std::ranges::is_sorted(oldest_first))
      return wrong("the watermark of dataset " + name.text() + " falls");
    set += expected_values.size();
  }
  const auto all = registry.newest_rows<WatermarkRow>(kAll);
  if (!all) return Violation{Rule::readable, all.error().message};
  if (all->size() != set) return wrong("a watermark came from nowhere");
  return {};
}

Finding EffectLedger::compare_serving(ServingStore& serving) const {
  for (const auto& [model, expected] : serving_) {
    const auto row = serving.deployment(model);
    if (expected.champion.empty() && expected.candidate.empty()) {
      if (row) return wrong("model " + model.text() + " is served; nothing of it was deployed");
      continue;
    }
    if (!row) return wrong("what serves model " + model.text() + " is lost");
    if (row->revision != expected.revision)
      return wrong("the deployment of model " + model.text() + " changed " +
                   std::to_string(row->revision) + " times; it was asked to " +
                   std::to_string(expected.revision) + " times");
    if (row->champion != expected.champion || row->candidate != expected.candidate ||
        row->last_good != expected.last_good ||
        Owner{row->owner.run, row->owner.task, row->owner.map_index} !=
            expected.owner.value_or(Owner{}))
      return wrong("something else serves model " + model.text() + " than was deployed");
  }
  return {};
}

}  // namespace millrace::oracle
