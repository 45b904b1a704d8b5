#include "engine/pg/roles.h"
#include "engine/store/deployment.h"

namespace millrace::pg {
namespace {

ModelVersionRow read_version(const Rows& rows, std::size_t row) {
  RowReader in(rows, row);
  ModelVersionRow out;
  out.model = in.next().text();
  out.version = in.next().small();
  out.artifact = in.next().text();
  out.algorithm = in.next().text();
  out.manifest = in.next().text();
  out.metrics = in.next().json();
  out.params = in.next().json();
  out.run = in.next().id();
  out.task = in.next().text();
  out.map_index = in.next().small();
  out.created_at = in.next().time();
  const std::string cause = in.next().text();
  out.not_shipped = not_shipped_text(cause, in.next().text());
  return out;
}

DeployableRow read_deployable(const Rows& rows, std::size_t row) {
  RowReader in(rows, row);
  DeployableRow out;
  out.model = in.next().text();
  out.artifact = in.next().text();
  out.registered = in.next().flag();
  const std::string cause = in.next().text();
  out.not_shipped = not_shipped_text(cause, in.next().text());
  return out;
}

EvaluationRow read_evaluation(const Rows& rows, std::size_t row) {
  RowReader in(rows, row);
  EvaluationRow out;
  out.model = in.next().text();
  out.champion = in.next().text();
  out.challenger = in.next().text();
  out.decision = in.next().text();
  out.report = in.next().json();
  out.run = in.next().id();
  out.task = in.next().text();
  out.map_index = in.next().small();
  out.at = in.next().time();
  return out;
}

ArtifactRow read_artifact(const Rows& rows, std::size_t row) {
  RowReader in(rows, row);
  ArtifactRow out;
  out.digest = in.next().text();
  out.kind = in.next().text();
  out.name = in.next().text();
  out.bytes = in.next().number();
  out.rows = in.next().number();
  out.schema = in.next().json();
  out.inputs = in.next().words();
  out.run = in.next().id();
  out.task = in.next().text();
  out.map_index = in.next().small();
  out.created_at = in.next().time();
  return out;
}

DatasetRow read_dataset(const Rows& rows, std::size_t row) {
  RowReader in(rows, row);
  DatasetRow out;
  out.dataset = in.next().text();
  out.artifact = in.next().text();
  out.rows = in.next().number();
  out.run = in.next().id();
  out.updated_at = in.next().time();
  return out;
}

AlertRow read_alert(const Rows& rows, std::size_t row) {
  RowReader in(rows, row);
  AlertRow out;
  out.seq = in.next().number();
  out.severity = in.next().text();
  out.title = in.next().text();
  out.text = in.next().text();
  out.owner = in.next().text();
  out.run = in.next().id();
  out.task = in.next().text();
  out.at = in.next().time();
  return out;
}

class PgRegistry final : public Registry {
 public:
  explicit PgRegistry(Shared& shared) : shared_(shared) {}

  Result<std::vector<std::string>> models() override {
    return list<std::string>(shared_, "list_models", {}, [](const Rows& rows, std::size_t row) {
      return rows.at(row, 0).text();
    });
  }
  Result<std::vector<ModelVersionRow>> model_versions(std::string_view model) override {
    return list<ModelVersionRow>(shared_, "list_model_versions",
                                 Params().add(model).add_null().add_null(), read_version);
  }
  Result<ModelVersionRow> model_version(std::string_view model,
                                        std::string_view artifact) override {
    return one<ModelVersionRow>(
        shared_, "list_model_versions", Params().add(model).add(artifact).add(1), read_version,
        "model '" + std::string(model) + "' has no version with artifact '" +
            std::string(artifact) + "'");
  }
  Result<std::vector<DeployableRow>> deployable() override {
    return list<DeployableRow>(shared_, "list_deployable", {}, read_deployable);
  }
  Result<std::vector<EvaluationRow>> evaluations(std::string_view model,
                                                 std::size_t limit) override {
    return list<EvaluationRow>(shared_, "list_evaluations", Params().add(model).add(limit),
                               read_evaluation);
  }
  Result<std::vector<ArtifactRow>> artifacts(const Uuid& run) override {
    return list<ArtifactRow>(shared_, "list_artifacts", Params().add(run), read_artifact);
  }
  Result<ArtifactRow> artifact(std::string_view digest) override {
    return one<ArtifactRow>(shared_, "get_artifact", Params().add(digest), read_artifact,
                            "there is no artifact '" + std::string(digest) + "'");
  }
  Result<std::vector<DatasetRow>> datasets() override {
    return list<DatasetRow>(shared_, "list_datasets", {}, read_dataset);
  }
  Result<DatasetRow> dataset(std::string_view name) override {
    return one<DatasetRow>(shared_, "get_dataset", Params().add(name), read_dataset,
                           "there is no dataset '" + std::string(name) + "'");
  }
  Result<std::vector<AlertRow>> alerts(std::size_t limit) override {
    return list<AlertRow>(shared_, "list_alerts", Params().add(limit), read_alert);
  }

 private:
  Shared& shared_;
};

}  // namespace

std::unique_ptr<Registry> make_registry(Shared& shared) {
  return std::make_unique<PgRegistry>(shared);
}

}  // namespace millrace::pg
