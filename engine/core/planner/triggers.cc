#include "engine/core/planner/triggers.h"

namespace millrace {
namespace {

/// `if` of an `on: event`, with or without `${{ }}`.
std::string condition_text(std::string_view text) {
  const auto open = text.find("${{");
  const auto close = text.rfind("}}");
  if (open == std::string_view::npos || close == std::string_view::npos || close < open)
    return std::string(text);
  return std::string(text.substr(open + 3, close - open - 3));
}

Json root_of(const Json& event) { return Json::object({{"event", event}}); }

bool holds(const Expression& condition, const Json& event) {
  const Json root = root_of(event);
  const auto value = condition.evaluate({&root});
  return value && truthy(*value);
}

}  // namespace

std::optional<Triggers::OnEvent> Triggers::compiled(const Json& spec) {
  OnEvent out{spec["type"].as_string(), {}, {}};
  if (const std::string text = condition_text(spec["if"].as_view()); !text.empty()) {
    auto condition = Expression::parse(text);
    if (!condition) return std::nullopt;
    out.condition = *std::move(condition);
  }
  auto params = Template::compile(spec["params"]);
  if (!params) return std::nullopt;
  out.params = *std::move(params);
  return out;
}

void Triggers::watch(const DagSpec& dag) {
  const DagKey key(dag.namespace_, dag.id);
  on_event_.erase(key);
  if (dag.on_event.is_object())
    if (auto on_event = compiled(dag.on_event)) on_event_.emplace(key, *std::move(on_event));
  auto& datasets = datasets_of_[key];
  for (const std::string& old : datasets) by_dataset_[{dag.namespace_, old}].erase(key);
  datasets = dag.datasets;
  for (const std::string& dataset : datasets) by_dataset_[{dag.namespace_, dataset}].insert(key);
}

std::vector<DagKey> Triggers::started_by(const std::string& name_space,
                                         const PublishEvent& event) const {
  std::vector<DagKey> out;
  for (const auto& [dag, on_event] : on_event_)
    if (dag.namespace_ == name_space && on_event.type == event.name &&
        (!on_event.condition || holds(*on_event.condition, event.event)))
      out.push_back(dag);
  return out;
}

Result<Json> Triggers::params_of(const DagKey& dag, const PublishEvent& event) const {
  const auto found = on_event_.find(dag);
  if (found == on_event_.end()) return Json();
  const Json root = root_of(event.event);
  return found->second.params.render({&root});
}

void Triggers::restore_dataset(const DatasetKey& dataset, const std::string& artifact) {
  content_.insert_or_assign(dataset, artifact);
}

std::vector<DagKey> Triggers::started_by(const DatasetKey& dataset, const std::string& artifact) {
  std::string& content = content_[dataset];
  if (!artifact.empty() && content == artifact) return {};
  content = artifact;
  const auto found = by_dataset_.find(dataset);
  if (found == by_dataset_.end()) return {};
  return {found->second.begin(), found->second.end()};
}

}  // namespace millrace
