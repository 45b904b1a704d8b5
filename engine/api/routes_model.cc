// /api/v1/models: versions, verdicts, what serves, how it does; roll back. Deployments, alerts.
#include <algorithm>

#include "engine/api/bodies.h"
#include "engine/api/context.h"
#include "engine/api/views_model.h"
#include "engine/base/duration.h"

namespace millrace::api {
namespace {

/// The version that was deployed; of a deployment that does not tell its number, the newest with
/// that artifact.
std::optional<ModelVersionRow> version_of(const std::vector<ModelVersionRow>& versions,
                                          const std::string& artifact, int number) {
  if (artifact.empty()) return std::nullopt;
  const ModelVersionRow* found = nullptr;
  for (const ModelVersionRow& row : versions)
    if (row.artifact == artifact && (found == nullptr || found->version != number)) found = &row;
  return found == nullptr ? std::nullopt : std::optional(*found);
}

/// Also one of which nothing is registered, but something serves: it must be possible to take that
/// back.
Status check_model(Context& context, const ModelKey& model) {
  MR_TRY(auto known, context.stores.registry.models());
  MR_TRY(const auto deployed, context.stores.serving.deployments());
  for (const auto& row : deployed) known.push_back(row.key());
  if (std::ranges::find(known, model) != known.end()) return {};
  return no_such("model", model, {known.begin(), known.end()});
}

Result<ModelView> view_of(Context& context, const ModelKey& model) {
  ModelView view;
  view.model = model.name;
  view.namespace_ = model.namespace_;
  MR_TRY(auto versions, context.stores.registry.model_versions(model));
  std::sort(
      versions.begin(), versions.end(),
      [](const ModelVersionRow& a, const ModelVersionRow& b) { return a.version < b.version; });
  view.versions = static_cast<int>(versions.size());
  const auto deployment = context.stores.serving.deployment(model);
  if (!deployment && deployment.error().code != ErrorCode::not_found) return deployment.error();
  if (deployment) {
    view.champion = version_of(versions, deployment->champion, deployment->champion_version);
    view.candidate = version_of(versions, deployment->candidate, deployment->candidate_version);
    view.last_good = version_of(versions, deployment->last_good, deployment->last_good_version);
    view.weight = deployment->weight;
    view.revision = deployment->revision;
    view.updated_at = deployment->updated_at;
  }
  MR_TRY(auto evaluations, context.stores.registry.evaluations(model, 1));
  if (!evaluations.empty()) view.evaluation = std::move(evaluations.front());
  return view;
}

Result<Reply> list_models(Context& context, const Call& call) {
  MR_TRY(auto names, context.stores.registry.models());
  keep_namespace(call, names);
  std::sort(names.begin(), names.end());
  std::vector<ModelView> views;
  for (const auto& name : names) {
    MR_TRY(auto view, view_of(context, name));
    views.push_back(std::move(view));
  }
  return reply_of(views);
}

Result<Reply> get_model(Context& context, const Call& call) {
  MR_CHECK(check_model(context, model_of(call)));
  MR_TRY(const auto view, view_of(context, model_of(call)));
  return reply_of(view);
}

Result<Reply> list_versions(Context& context, const Call& call) {
  MR_CHECK(check_model(context, model_of(call)));
  MR_TRY(auto versions, context.stores.registry.model_versions(model_of(call)));
  std::sort(
      versions.begin(), versions.end(),
      [](const ModelVersionRow& a, const ModelVersionRow& b) { return a.version > b.version; });
  return reply_of(versions);
}

Result<Reply> list_evaluations(Context& context, const Call& call) {
  MR_CHECK(check_model(context, model_of(call)));
  MR_TRY(const auto evaluations,
         context.stores.registry.evaluations(
             model_of(call), static_cast<std::size_t>(call.query("limit").as_int())));
  return reply_of(evaluations);
}

Result<Reply> get_serving(Context& context, const Call& call) {
  MR_CHECK(check_model(context, model_of(call)));
  const auto window = parse_duration(call.query("window").as_view());
  if (!window) return invalid_argument("?window: " + window.error().message);
  MR_TRY(const auto windows,
         context.stores.serving.windows(model_of(call), context.clock.now() - *window));
  std::vector<ServingView> views;
  for (const auto& sums : windows) views.push_back(serving_view(sums));
  return reply_of(views);
}

template <Kinded T>
Result<Reply> submit_keyed(Context& context, const Call& call, const T& input) {
  MR_TRY(const auto key, idempotency_key_in(call));
  auto command = context.make_command(input, call, namespace_of(call), input.reason);
  command.idempotency_key = key;
  return context.submit(std::move(command), command_reply);
}

Result<Reply> rollback(Context& context, const Call& call) {
  MR_TRY(const auto given, call.body<RollbackModelBody>());
  RollbackModel input{call.path("model"), given.reason.empty() ? "asked for" : given.reason};
  MR_CHECK(check_model(context, model_of(call)));
  input.artifact = given.artifact;
  return submit_keyed(context, call, input);
}

Result<Reply> release(Context& context, const Call& call) {
  MR_TRY(const auto given, call.body<ReleaseModelBody>());
  const ReleaseModel input{call.path("model"), given.artifact, given.reason};
  MR_CHECK(check_model(context, model_of(call)));
  return submit_keyed(context, call, input);
}

Result<Reply> list_deployments(Context& context, const Call& call) {
  MR_TRY(auto rows, context.stores.serving.deployments());
  keep_namespace(call, rows);
  return reply_of(rows);
}

Result<Reply> list_history(Context& context, const Call& call) {
  MR_TRY(const auto rows,
         context.stores.serving.deployment_history(
             model_of(call), static_cast<std::size_t>(call.query("limit").as_int())));
  return reply_of(rows);
}

Result<Reply> list_alerts(Context& context, const Call& call) {
  MR_TRY(const auto rows, context.stores.registry.newest_rows<AlertRow>(
                              static_cast<std::size_t>(call.query("limit").as_int()),
                              {.namespace_ = call.query("namespace").as_string()}));
  return reply_of(rows);
}

template <typename Bind>
void add_deployments(const Bind& bind, std::vector<Endpoint>& list) {
  list.push_back({.method = "GET",
                  .pattern = "/api/v1/deployments",
                  .id = "listDeployments",
                  .tag = "models",
                  .summary = "What serves each model now",
                  .query = {namespace_filter_in_query()},
                  .response = type_info<std::vector<DeploymentRow>>(),
                  .handle = bind(list_deployments)});
  list.push_back({.method = "GET",
                  .pattern = "/api/v1/deployments/{model}/history",
                  .id = "listDeploymentHistory",
                  .tag = "models",
                  .summary = "Every change of what serves a model, newest first",
                  .path = {model_in_path()},
                  .query = {namespace_in_query(), limit_in_query(500, 50)},
                  .response = type_info<std::vector<DeploymentEventRow>>(),
                  .handle = bind(list_history)});
  list.push_back({.method = "GET",
                  .pattern = "/api/v1/alerts",
                  .id = "listAlerts",
                  .tag = "alerts",
                  .summary = "Alerts, newest first",
                  .query = {namespace_filter_in_query(), limit_in_query(500, 100)},
                  .response = type_info<std::vector<AlertRow>>(),
                  .handle = bind(list_alerts)});
}

}  // namespace

std::vector<Endpoint> model_endpoints(Context* context) {
  const auto bind = [context](Result<Reply> (*handle)(Context&, const Call&)) {
    return [context, handle](const Call& call) { return handle(*context, call); };
  };
  std::vector<Endpoint> list;
  list.push_back({.method = "GET",
                  .pattern = "/api/v1/models",
                  .id = "listModels",
                  .tag = "models",
                  .summary = "All models with what serves them",
                  .query = {namespace_filter_in_query()},
                  .response = type_info<std::vector<ModelView>>(),
                  .handle = bind(list_models)});
  list.push_back({.method = "GET",
                  .pattern = "/api/v1/models/{model}",
                  .id = "getModel",
                  .tag = "models",
                  .summary = "A model",
                  .path = {model_in_path()},
                  .query = {namespace_in_query()},
                  .response = type_info<ModelView>(),
                  .handle = bind(get_model)});
  list.push_back({.method = "GET",
                  .pattern = "/api/v1/models/{model}/versions",
                  .id = "listModelVersions",
                  .tag = "models",
                  .summary = "Its versions, newest first",
                  .path = {model_in_path()},
                  .query = {namespace_in_query()},
                  .response = type_info<std::vector<ModelVersionRow>>(),
                  .handle = bind(list_versions)});
  list.push_back({.method = "GET",
                  .pattern = "/api/v1/models/{model}/evaluations",
                  .id = "listEvaluations",
                  .tag = "models",
                  .summary = "Champion against challenger, newest first",
                  .path = {model_in_path()},
                  .query = {namespace_in_query(), limit_in_query(200, 20)},
                  .response = type_info<std::vector<EvaluationRow>>(),
                  .handle = bind(list_evaluations)});
  list.push_back(
      {.method = "GET",
       .pattern = "/api/v1/models/{model}/serving",
       .id = "getServing",
       .tag = "models",
       .summary = "What the model server measured lately, by version and role",
       .path = {model_in_path()},
       .query = {namespace_in_query(),
                 FieldInfo{"window", string_type(16), "How far back, e.g. 5m"}.optional("5m")},
       .response = type_info<std::vector<ServingView>>(),
       .handle = bind(get_serving)});
  list.push_back({.method = "POST",
                  .pattern = "/api/v1/models/{model}/rollback",
                  .id = "rollbackModel",
                  .tag = "models",
                  .summary = "Take it back",
                  .doc = "With a canary under way: its traffic goes back to the champion. Else: "
                         "the last known good version serves again. With `artifact` it is refused "
                         "unless that version has the traffic; a first champion is then taken out "
                         "of service.",
                  .path = {model_in_path()},
                  .query = {namespace_in_query()},
                  .headers = {idempotency_header()},
                  .body_kind = Endpoint::Body::json,
                  .body = body_fields<RollbackModelBody>(),
                  .also = {202},
                  .response = type_info<CommandView>(),
                  .handle = bind(rollback)});
  list.push_back({.method = "POST",
                  .pattern = "/api/v1/models/{model}/release",
                  .id = "releaseModel",
                  .tag = "models",
                  .summary = "Let a refused or withdrawn version be deployed again",
                  .doc = "A version that an evaluation refused, or that was rolled back, gets no "
                         "traffic until a person releases it with a reason.",
                  .path = {model_in_path()},
                  .query = {namespace_in_query()},
                  .headers = {idempotency_header()},
                  .body_kind = Endpoint::Body::json,
                  .body = body_fields<ReleaseModelBody>(),
                  .also = {202},
                  .response = type_info<CommandView>(),
                  .handle = bind(release)});
  add_deployments(bind, list);
  return list;
}

}  // namespace millrace::api
