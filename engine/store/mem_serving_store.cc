#include "engine/store/mem_state.h"
#include "engine/store/serving_sum.h"

namespace millrace::mem {
namespace {

bool serves(const DeploymentRow& row) { return !row.champion.empty() || !row.candidate.empty(); }

class MemServingStore final : public ServingStore {
 public:
  explicit MemServingStore(State& state) : state_(state) {}

  Result<std::vector<DeploymentRow>> deployments() override {
    return call(state_, "serving.deployments",
                [&](Callbacks&) -> Result<std::vector<DeploymentRow>> {
                  std::vector<DeploymentRow> out;
                  for (const auto& [model, row] : state_.deployments)
                    if (serves(row)) out.push_back(row);
                  return out;
                });
  }
  Result<DeploymentRow> deployment(const ModelKey& model) override {
    return call(state_, "serving.deployment", [&](Callbacks&) -> Result<DeploymentRow> {
      const auto row = state_.deployments.find(model);
      if (row == state_.deployments.end() || !serves(row->second))
        return not_found("nothing is deployed for model '" + model.text() + "'");
      return row->second;
    });
  }
  Result<std::vector<DeploymentEventRow>> deployment_history(const ModelKey& model,
                                                             std::size_t limit) override {
    return call(state_, "serving.deployment_history",
                [&](Callbacks&) -> Result<std::vector<DeploymentEventRow>> {
                  const auto own = state_.deployment_events.find(model);
                  if (own == state_.deployment_events.end())
                    return std::vector<DeploymentEventRow>();
                  return newest(own->second, limit, [](const auto&) { return true; });
                });
  }
  Status append(const PredictionBatch& batch) override {
    return call(state_, "serving.append", [&](Callbacks&) -> Status {
      if (!state_.prediction_batches.insert(batch.id).second) return {};
      state_.predictions.insert(state_.predictions.end(), batch.predictions.begin(),
                                batch.predictions.end());
      state_.windows.insert(state_.windows.end(), batch.windows.begin(), batch.windows.end());
      return {};
    });
  }
  using ServingStore::windows;
  Result<std::vector<ServingWindow>> windows(const ModelKey& model, Time since,
                                             std::int64_t from_revision) override {
    return call(state_, "serving.windows", [&](Callbacks&) -> Result<std::vector<ServingWindow>> {
      ServingSums sums;
      for (const ServingWindow& window : state_.windows)
        if (window.model == model.name && window.namespace_ == model.namespace_ &&
            window.start >= since && (from_revision == 0 || window.revision >= from_revision))
          sums.add(window);
      return std::move(sums).take();
    });
  }
  Result<std::vector<Prediction>> predictions(const ModelKey& model, std::size_t limit) override {
    return call(state_, "serving.predictions", [&](Callbacks&) -> Result<std::vector<Prediction>> {
      return newest(state_.predictions, limit, [&](const auto& row) {
        return row.model == model.name && row.namespace_ == model.namespace_;
      });
    });
  }
  Subscription subscribe(std::function<void()> on_change) override {
    return state_.on_deployment.add(std::move(on_change));
  }

 private:
  State& state_;
};

}  // namespace

std::unique_ptr<ServingStore> make_serving_store(State& state) {
  return std::make_unique<MemServingStore>(state);
}

}  // namespace millrace::mem
