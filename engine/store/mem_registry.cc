#include <algorithm>

#include "engine/store/mem_state.h"

namespace millrace::mem {
namespace {

class MemRegistry final : public Registry {
 public:
  explicit MemRegistry(State& state) : state_(state) {}

  Result<std::vector<ModelKey>> models() override {
    return call(state_, "registry.models", [&](Callbacks&) -> Result<std::vector<ModelKey>> {
      std::vector<ModelKey> out;
      for (const auto& [model, versions] : state_.model_versions) out.push_back(model);
      return out;
    });
  }
  Result<std::vector<ModelVersionRow>> model_versions(const ModelKey& model) override {
    return call(
        state_, "registry.model_versions", [&](Callbacks&) -> Result<std::vector<ModelVersionRow>> {
          const auto own = state_.model_versions.find(model);
          if (own == state_.model_versions.end()) return std::vector<ModelVersionRow>();
          auto rows = newest(own->second, own->second.size(), [](const auto&) { return true; });
          for (auto& row : rows) row.not_shipped = why_not(row.key(), row.artifact);
          return rows;
        });
  }
  Result<ModelVersionRow> model_version(const ModelKey& model, std::string_view artifact) override {
    return call(state_, "registry.model_version", [&](Callbacks&) -> Result<ModelVersionRow> {
      const auto own = state_.model_versions.find(model);
      if (own != state_.model_versions.end()) {
        auto found =
            newest(own->second, 1, [&](const auto& row) { return row.artifact == artifact; });
        if (!found.empty()) {
          found.front().not_shipped = why_not(found.front().key(), found.front().artifact);
          return std::move(found.front());
        }
      }
      return not_found("model '" + model.text() + "' has no version with artifact '" +
                       std::string(artifact) + "'");
    });
  }
  Result<std::vector<DeployableRow>> deployable() override {
    return call(state_, "registry.deployable",
                [&](Callbacks&) -> Result<std::vector<DeployableRow>> {
                  std::map<std::pair<ModelKey, std::string>, DeployableRow> rows;
                  for (const auto& [model, versions] : state_.model_versions)
                    for (const auto& version : versions)
                      rows[{model, version.artifact}] = {model, version.artifact, true, ""};
                  for (const auto& [key, why] : state_.not_shipped) {
                    DeployableRow& row = rows[key];
                    std::tie(row.model, row.artifact) = key;
                    row.not_shipped = why;
                  }
                  std::vector<DeployableRow> out;
                  for (auto& [key, row] : rows) out.push_back(std::move(row));
                  return out;
                });
  }
  Result<std::vector<EvaluationRow>> evaluations(const ModelKey& model,
                                                 std::size_t limit) override {
    return call(state_, "registry.evaluations",
                [&](Callbacks&) -> Result<std::vector<EvaluationRow>> {
                  return newest(state_.evaluations, limit, [&](const auto& row) {
                    return row.model == model.name && row.namespace_ == model.namespace_;
                  });
                });
  }
  Result<std::vector<ArtifactRow>> artifacts(const Uuid& run) override {
    return call(state_, "registry.artifacts", [&](Callbacks&) -> Result<std::vector<ArtifactRow>> {
      std::vector<ArtifactRow> out;
      std::ranges::copy_if(state_.artifacts, std::back_inserter(out),
                           [&](const auto& row) { return row.run == run; });
      return out;
    });
  }
  Result<ArtifactRow> artifact(std::string_view digest) override {
    return call(state_, "registry.artifact", [&](Callbacks&) -> Result<ArtifactRow> {
      const auto found = state_.artifact_by_digest.find(digest);
      if (found == state_.artifact_by_digest.end())
        return not_found("there is no artifact '" + std::string(digest) + "'");
      return state_.artifacts[found->second];
    });
  }
  Result<std::vector<DatasetRow>> datasets() override {
    return call(state_, "registry.datasets", [&](Callbacks&) -> Result<std::vector<DatasetRow>> {
      std::vector<DatasetRow> out;
      for (const auto& [name, row] : state_.datasets) out.push_back(row);
      return out;
    });
  }
  Result<DatasetRow> dataset(const DatasetKey& name) override {
    return call(state_, "registry.dataset", [&](Callbacks&) -> Result<DatasetRow> {
      const auto row = state_.datasets.find(name);
      if (row == state_.datasets.end())
        return not_found("there is no dataset '" + name.text() + "'");
      return row->second;
    });
  }
  Result<std::vector<WatermarkRow>> newest_watermarks() override {
    return call(state_, "registry.newest_watermarks",
                [&](Callbacks&) -> Result<std::vector<WatermarkRow>> {
                  std::map<DatasetKey, WatermarkRow> newest;
                  for (const auto& row : std::get<std::vector<WatermarkRow>>(state_.appended))
                    newest.insert_or_assign({row.namespace_, row.dataset}, row);
                  std::vector<WatermarkRow> out;
                  for (auto& [dataset, row] : newest) out.push_back(std::move(row));
                  return out;
                });
  }
  Result<AppendedList> appended(std::size_t place, const AppendedFilter& filter,
                                std::size_t limit) override {
    return call(state_, "registry.appended", [&](Callbacks&) -> Result<AppendedList> {
      AppendedList out;
      const auto look = [&]<typename Row>(const std::vector<Row>& rows) {
        if (place == place_of<Row>())
          out = mem::newest(rows, limit, [&](const Row& row) { return matches(filter, row); });
      };
      std::apply([&](const auto&... rows) { (look(rows), ...); }, state_.appended);
      return out;
    });
  }

 private:
  std::string why_not(const ModelKey& model, const std::string& artifact) const {
    const auto found = state_.not_shipped.find({model, artifact});
    return found == state_.not_shipped.end() ? std::string() : found->second;
  }
  State& state_;
};

}  // namespace

std::unique_ptr<Registry> make_registry(State& state) {
  return std::make_unique<MemRegistry>(state);
}

}  // namespace millrace::mem
