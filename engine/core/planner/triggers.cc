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

void Triggers::put(ByDag& to, const DagKey& dag, const Json& spec) {
  to.erase(dag);
  if (!spec.is_object()) return;
  OnEvent out{spec["type"].as_string(), {}, {}};
  if (const std::string text = condition_text(spec["if"].as_view()); !text.empty()) {
    auto condition = Expression::parse(text);
    if (!condition) return;
    out.condition = *std::move(condition);
  }
  auto params = Template::compile(spec["params"]);
  if (!params) return;
  out.params = *std::move(params);
  to.emplace(dag, std::move(out));
}

void Triggers::watch(const DagSpec& dag) {
  const DagKey key(dag.namespace_, dag.id);
  put(on_event_, key, dag.on_event);
  put(on_webhook_, key, dag.on_webhook);
  auto& datasets = datasets_of_[key];
  for (const std::string& old : datasets) by_dataset_[{dag.namespace_, old}].erase(key);
  datasets = dag.datasets;
  for (const std::string& dataset : datasets) by_dataset_[{dag.namespace_, dataset}].insert(key);
}

std::vector<DagKey> Triggers::started_by(const std::string& name_space,
                                         const PublishEvent& event) const {
  std::vector<DagKey> out;
  const auto take = [&](const DagKey& dag, const OnEvent& trigger) {
    if (!trigger.condition || holds(*trigger.condition, event.event)) out.push_back(dag);
  };
  if (!event.webhook.empty()) {
    if (const auto found = on_webhook_.find({name_space, event.webhook});
        found != on_webhook_.end())
      take(found->first, found->second);
    return out;
  }
  for (const auto& [dag, on_event] : on_event_)
    if (dag.namespace_ == name_space && on_event.type == event.name) take(dag, on_event);
  return out;
}

Result<Json> Triggers::params_of(const DagKey& dag, const PublishEvent& event) const {
  const ByDag& triggers = event.webhook.empty() ? on_event_ : on_webhook_;
  const auto found = triggers.find(dag);
  if (found == triggers.end()) return Json();
  const Json root = root_of(event.event);
  MR_TRY(Json params, found->second.params.render({&root}));
  if (params.is_object())
    std::erase_if(params.mutable_members(),
                  [](const Json::Member& member) { return member.second.is_null(); });
  return params;
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
