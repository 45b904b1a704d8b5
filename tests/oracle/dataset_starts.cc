#include "tests/oracle/dataset_starts.h"

namespace millrace::oracle {
namespace {

std::string text_of(const DagKey& dag, const std::string& dataset, const std::string& artifact) {
  return "a run of DAG " + dag.text() + " for dataset " + dataset + " with artifact " +
         artifact.substr(0, 12);
}

}  // namespace

bool DatasetStarts::update(const std::string& name_space, const UpdateDataset& effect) {
  const auto [content, is_new] =
      content_.try_emplace({name_space, effect.dataset}, effect.artifact);
  if (!is_new && !effect.artifact.empty() && content->second == effect.artifact) return false;
  content->second = effect.artifact;
  return true;
}

void DatasetStarts::expect(const DagKey& dag, const UpdateDataset& effect) {
  ++due_[{dag, effect.dataset, effect.artifact}];
}

Finding DatasetStarts::start(const RunCreated& created) {
  const std::string dataset = created.trigger["dataset"].as_string();
  const std::string artifact = created.trigger["artifact"].as_string();
  const auto due = due_.find({created.dag, dataset, artifact});
  if (due == due_.end())
    return Violation{Rule::dataset_runs,
                     text_of(created.dag, dataset, artifact) + " that no update asks for"};
  if (--due->second == 0) due_.erase(due);
  return {};
}

Finding DatasetStarts::missing() const {
  if (due_.empty()) return {};
  const auto& [dag, dataset, artifact] = due_.begin()->first;
  return Violation{Rule::dataset_runs, text_of(dag, dataset, artifact) + " was not started"};
}

}  // namespace millrace::oracle
