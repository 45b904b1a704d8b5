#include "engine/pg/roles.h"
#include "engine/pg/stored_rows.h"
#include "engine/store/serving_sum.h"

namespace millrace::pg {
namespace {

void add_predictions(Params& params, const std::vector<Prediction>& predictions) {
  ArrayText id, name_space, model, artifact, entity, features, output, latency_us, trace_id, at;
  for (const Prediction& p : predictions) {
    id.add(p.id);
    name_space.add(p.namespace_);
    model.add(p.model);
    artifact.add(p.artifact);
    entity.add(p.entity);
    features.add(p.features);
    output.add(p.output);
    latency_us.add(p.latency_us);
    trace_id.add(p.trace_id);
    at.add(p.at);
  }
  for (ArrayText* column : {&id, &name_space, &model, &artifact, &entity, &features, &output,
                            &latency_us, &trace_id, &at})
    params.add(std::move(*column));
}

void add_windows(Params& params, const std::vector<ServingWindow>& windows) {
  ArrayText name_space, model, artifact, role, start, requests, errors, buckets, latency_sum,
      outcomes, business_sum, business_sum_squares, tripped, revision;
  for (const ServingWindow& w : windows) {
    ArrayText counts;
    for (const std::int64_t count : w.latency_buckets) counts.add(count);
    name_space.add(w.namespace_);
    model.add(w.model);
    artifact.add(w.artifact);
    role.add(w.role);
    start.add(w.start);
    requests.add(w.requests);
    errors.add(w.errors);
    buckets.add(std::move(counts).take());
    latency_sum.add(w.latency_sum_us);
    outcomes.add(w.outcomes);
    business_sum.add(w.business_sum);
    business_sum_squares.add(w.business_sum_squares);
    tripped.add(w.tripped);
    revision.add(w.revision);
  }
  for (ArrayText* column :
       {&name_space, &model, &artifact, &role, &start, &requests, &errors, &buckets, &latency_sum,
        &outcomes, &business_sum, &business_sum_squares, &tripped, &revision})
    params.add(std::move(*column));
}

class PgServingStore final : public ServingStore {
 public:
  explicit PgServingStore(Shared& shared) : shared_(shared) {}

  Result<std::vector<DeploymentRow>> deployments() override {
    return list<DeploymentRow>(shared_, "list_deployments", Params().add_null().add_null());
  }
  Result<DeploymentRow> deployment(const ModelKey& model) override {
    return one<DeploymentRow>(shared_, "list_deployments", key_params(model),
                              "nothing is deployed for model '" + model.text() + "'");
  }
  Result<std::vector<DeploymentEventRow>> deployment_history(const ModelKey& model,
                                                             std::size_t limit) override {
    return list<DeploymentEventRow>(shared_, "list_deployment_events",
                                    key_params(model).add(limit));
  }
  Status append(const PredictionBatch& batch) override {
    Params params;
    params.add(batch.id);
    add_predictions(params, batch.predictions);
    add_windows(params, batch.windows);
    return shared_.database.run<void>([&](Session& session) -> Status {
      session.exec("put_predictions", params);
      return {};
    });
  }
  using ServingStore::windows;
  Result<std::vector<ServingWindow>> windows(const ModelKey& model, Time since,
                                             std::int64_t from_revision) override {
    Params params = key_params(model).add(since);
    if (from_revision > 0) params.add(from_revision);
    MR_TRY(const auto rows,
           list<ServingWindow>(
               shared_, from_revision > 0 ? "list_windows_of_revisions" : "list_windows", params));
    ServingSums sums;
    for (const ServingWindow& row : rows) sums.add(row);
    return std::move(sums).take();
  }
  Result<std::vector<Prediction>> predictions(const ModelKey& model, std::size_t limit) override {
    return list<Prediction>(shared_, "list_predictions", key_params(model).add(limit));
  }
  Subscription subscribe(std::function<void()> on_change) override {
    return shared_.notifier.subscribe(Topic::deployment, std::move(on_change));
  }

 private:
  Shared& shared_;
};

}  // namespace

std::unique_ptr<ServingStore> make_serving_store(Shared& shared) {
  return std::make_unique<PgServingStore>(shared);
}

}  // namespace millrace::pg
