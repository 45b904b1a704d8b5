#include "engine/pg/roles.h"
#include "engine/pg/stored_rows.h"
#include "engine/store/deployment.h"

namespace millrace::pg {
namespace {

/// Rows whose `not_shipped` is put together.
template <typename Row>
Result<std::vector<Row>> list_with_cause(Shared& shared, std::string_view query,
                                         const Params& params) {
  MR_TRY(auto stored, list<WithCause<Row>>(shared, query, params));
  std::vector<Row> out;
  for (auto& one : stored) {
    out.push_back(std::move(one.row));
    out.back().not_shipped = not_shipped_text(one.cause, one.reason);
  }
  return out;
}

class PgRegistry final : public Registry {
 public:
  explicit PgRegistry(Shared& shared) : shared_(shared) {}

  Result<std::vector<ModelKey>> models() override { return list<ModelKey>(shared_, "list_models"); }
  Result<std::vector<ModelVersionRow>> model_versions(const ModelKey& model) override {
    return list_with_cause<ModelVersionRow>(shared_, "list_model_versions",
                                            key_params(model).add_null().add_null());
  }
  Result<ModelVersionRow> model_version(const ModelKey& model, std::string_view artifact) override {
    MR_TRY(auto rows, list_with_cause<ModelVersionRow>(shared_, "list_model_versions",
                                                       key_params(model).add(artifact).add(1)));
    if (rows.empty())
      return not_found("model '" + model.text() + "' has no version with artifact '" +
                       std::string(artifact) + "'");
    return std::move(rows.front());
  }
  Result<std::vector<DeployableRow>> deployable() override {
    return list_with_cause<DeployableRow>(shared_, "list_deployable", {});
  }
  Result<std::vector<EvaluationRow>> evaluations(const ModelKey& model,
                                                 std::size_t limit) override {
    return list<EvaluationRow>(shared_, "list_evaluations", key_params(model).add(limit));
  }
  Result<std::vector<ArtifactRow>> artifacts(const Uuid& run) override {
    return list<ArtifactRow>(shared_, "list_artifacts", Params().add(run));
  }
  Result<ArtifactRow> artifact(std::string_view digest) override {
    return one<ArtifactRow>(shared_, "get_artifact", Params().add(digest),
                            "there is no artifact '" + std::string(digest) + "'");
  }
  Result<std::vector<DatasetRow>> datasets() override {
    return list<DatasetRow>(shared_, "list_datasets");
  }
  Result<DatasetRow> dataset(const DatasetKey& name) override {
    return one<DatasetRow>(shared_, "get_dataset", key_params(name),
                           "there is no dataset '" + name.text() + "'");
  }
  Result<std::vector<WatermarkRow>> newest_watermarks() override {
    return list<WatermarkRow>(shared_, "list_newest_watermarks");
  }
  Result<AppendedList> appended(std::size_t place, const AppendedFilter& filter,
                                std::size_t limit) override {
    Result<AppendedList> out = internal_error("no table of appended rows has this place");
    const auto look = [&]<typename Row>(const std::vector<Row>&) {
      if (place != place_of<Row>()) return;
      const bool all = filter.namespace_.empty();
      Params params;
      if (!all) params.add(filter.namespace_);
      if constexpr (HasSubject<Row>)
        if (!all) params.add(filter.subject);
      auto rows = list<Row>(shared_, all ? Row::list : Row::list_of, params.add(limit));
      if (rows)
        out = AppendedList(*std::move(rows));
      else
        out = rows.error();
    };
    std::apply([&](const auto&... rows) { (look(rows), ...); }, AppendedLists());
    return out;
  }

 private:
  Shared& shared_;
};

}  // namespace

std::unique_ptr<Registry> make_registry(Shared& shared) {
  return std::make_unique<PgRegistry>(shared);
}

}  // namespace millrace::pg
