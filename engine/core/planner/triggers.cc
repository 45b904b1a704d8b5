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

bool holds(const Expression& condition, const Json& event) {
  const Json root = Json::object({{"event", event}});
  const auto value = condition.evaluate({&root});
  return value && truthy(*value);
}

}  // namespace

void Triggers::watch(const DagSpec& dag) {
  const DagKey key(dag.namespace_, dag.id);
  on_event_.erase(key);
  if (dag.on_event.is_object()) {
    OnEvent on_event{dag.on_event["type"].as_string(), {}};
    const std::string text = condition_text(dag.on_event["if"].as_view());
    auto condition = text.empty() ? Result<Expression>(not_found("")) : Expression::parse(text);
    if (condition) on_event.condition = *std::move(condition);
    if (text.empty() || on_event.condition) on_event_.emplace(key, std::move(on_event));
  }
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
