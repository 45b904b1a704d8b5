#include <cmath>

#include "engine/api/views.h"
#include "engine/store/store.h"

namespace millrace::api {
namespace {

std::optional<double> quantile_ms(const ServingWindow& window, double share) {
  std::int64_t total = 0;
  for (const auto count : window.latency_buckets) total += count;
  if (total == 0) return std::nullopt;
  const auto wanted = static_cast<std::int64_t>(std::ceil(share * static_cast<double>(total)));
  std::int64_t seen = 0;
  constexpr std::size_t bounds = std::size(kLatencyBoundsUs);
  for (std::size_t i = 0; i < window.latency_buckets.size(); ++i) {
    seen += window.latency_buckets[i];
    if (seen >= wanted)
      return static_cast<double>(kLatencyBoundsUs[std::min(i, bounds - 1)]) / 1000;
  }
  return std::nullopt;
}

Json params_json(const OperatorInfo& info) {
  Json list = Json::array();
  for (const auto& param : info.params) {
    Json item = Json::object({{"name", param.name},
                              {"type", to_string(param.type)},
                              {"doc", param.doc},
                              {"required", param.required},
                              {"default", param.default_value},
                              {"schema", param.schema()}});
    if (!param.example.is_null()) item.set("example", param.example);
    list.push_back(std::move(item));
  }
  return list;
}

Json outputs_json(const OperatorInfo& info) {
  Json list = Json::array();
  for (const auto& [name, doc] : info.outputs)
    list.push_back(Json::object({{"name", name}, {"doc", doc}}));
  return list;
}

}  // namespace

ServingView serving_view(const ServingWindow& window) {
  ServingView view;
  view.artifact = window.artifact;
  view.role = window.role;
  view.requests = window.requests;
  view.errors = window.errors;
  view.outcomes = window.outcomes;
  view.tripped = window.tripped;
  if (window.requests > 0) {
    const auto requests = static_cast<double>(window.requests);
    view.error_rate = static_cast<double>(window.errors) / requests;
    view.latency_ms_mean = window.latency_sum_us / requests / 1000;
  }
  view.latency_ms_p50 = quantile_ms(window, 0.5);
  view.latency_ms_p95 = quantile_ms(window, 0.95);
  view.latency_ms_p99 = quantile_ms(window, 0.99);
  if (window.outcomes > 0)
    view.business_mean = window.business_sum / static_cast<double>(window.outcomes);
  return view;
}

const Record<ModelVersionRow>& model_version_record() {
  static const auto record =
      Record<ModelVersionRow>("ModelVersion", "A trained model.")
          .field("model", &ModelVersionRow::model, "The model's name")
          .field("version", &ModelVersionRow::version, "From 1, without gaps")
          .field("artifact", &ModelVersionRow::artifact, "Digest of the serialised model")
          .field("algorithm", &ModelVersionRow::algorithm, "How it was trained")
          .field("manifest", &ModelVersionRow::manifest,
                 "Digest of what makes the training repeatable")
          .field("metrics", &ModelVersionRow::metrics, "Its metrics at training")
          .field("params", &ModelVersionRow::params, "Its hyperparameters")
          .field("run", &ModelVersionRow::run, "The run that trained it")
          .field("task", &ModelVersionRow::task, "The task that trained it")
          .field("map_index", &ModelVersionRow::map_index, "And its map index")
          .field("created_at", &ModelVersionRow::created_at, "When it was registered")
          .field("not_shipped", &ModelVersionRow::not_shipped,
                 "Why it is not deployed until a person releases it; \"\": it may be");
  return record;
}

const Record<EvaluationRow>& evaluation_record() {
  static const auto record =
      Record<EvaluationRow>("Evaluation", "Champion against challenger on one holdout.")
          .field("model", &EvaluationRow::model, "The model's name")
          .field("champion", &EvaluationRow::champion,
                 "Artifact of the champion; \"\" before the first")
          .field("challenger", &EvaluationRow::challenger, "Artifact of the challenger")
          .field("decision", &EvaluationRow::decision, "promote or refuse")
          .field("report", &EvaluationRow::report,
                 "Metrics, intervals, p-values, gates and reasons")
          .field("run", &EvaluationRow::run, "The run that judged")
          .field("task", &EvaluationRow::task, "The task that judged")
          .field("map_index", &EvaluationRow::map_index, "And its map index")
          .field("at", &EvaluationRow::at, "When");
  return record;
}

const Record<DeploymentRow>& deployment_record() {
  static const auto record =
      Record<DeploymentRow>("Deployment", "What serves a model now.")
          .field("model", &DeploymentRow::model, "The model's name")
          .field("namespace", &DeploymentRow::namespace_, "The team it belongs to")
          .field("champion", &DeploymentRow::champion,
                 "Artifact that serves; \"\" before the first promotion")
          .field("candidate", &DeploymentRow::candidate,
                 "Artifact of the canary; \"\" when none is under way")
          .field("weight", &DeploymentRow::weight, "Percent of traffic that the candidate gets")
          .field("last_good", &DeploymentRow::last_good,
                 "The champion before this one; \"\" if none")
          .field("revision", &DeploymentRow::revision, "Grows with each change")
          .field("updated_at", &DeploymentRow::updated_at, "When it last changed")
          .field("champion_version", &DeploymentRow::champion_version,
                 "The champion's number when it was deployed; 0: none")
          .field("candidate_version", &DeploymentRow::candidate_version,
                 "The candidate's number when it was deployed; 0: none")
          .field("last_good_version", &DeploymentRow::last_good_version,
                 "The last good one's number when it was deployed; 0: none");
  return record;
}

const Record<DeploymentEventRow>& deployment_event_record() {
  static const auto record =
      Record<DeploymentEventRow>("DeploymentEvent", "One change of what serves a model.")
          .field("model", &DeploymentEventRow::model, "The model's name")
          .field("revision", &DeploymentEventRow::revision, "The deployment's revision after it")
          .field("action", &DeploymentEventRow::action, "canary, promote, rollback or release")
          .field("artifact", &DeploymentEventRow::artifact, "The version it is about")
          .field("version", &DeploymentEventRow::version, "Its number at that time; 0: it has none")
          .field("weight", &DeploymentEventRow::weight,
                 "Percent of traffic of the candidate after it")
          .field("reason", &DeploymentEventRow::reason, "Why")
          .field("evidence", &DeploymentEventRow::evidence, "The measurements behind it")
          .field("run", &DeploymentEventRow::run,
                 "The run that decided; all zero: asked for from outside")
          .field("actor", &DeploymentEventRow::actor, "Who asked")
          .field("at", &DeploymentEventRow::at, "When");
  return record;
}

const Record<ServingView>& serving_record() {
  static const auto record =
      Record<ServingView>("ServingStats", "What the model server measured of one version.")
          .field("artifact", &ServingView::artifact, "The version")
          .field("role", &ServingView::role, "champion, baseline or candidate")
          .field("requests", &ServingView::requests, "Requests answered")
          .field("errors", &ServingView::errors, "Of these, failed")
          .field("error_rate", &ServingView::error_rate, "errors / requests")
          .field("latency_ms_mean", &ServingView::latency_ms_mean, "Mean time to answer")
          .field("latency_ms_p50", &ServingView::latency_ms_p50,
                 "Upper bound of the bucket that holds the median")
          .field("latency_ms_p95", &ServingView::latency_ms_p95,
                 "Upper bound of the bucket that holds the 95 % quantile")
          .field("latency_ms_p99", &ServingView::latency_ms_p99,
                 "Upper bound of the bucket that holds the 99 % quantile")
          .field("outcomes", &ServingView::outcomes, "Predictions whose true outcome is known")
          .field("business_mean", &ServingView::business_mean,
                 "Mean of the business metric over them")
          .field("tripped", &ServingView::tripped, "True: the circuit breaker opened");
  return record;
}

const Record<ModelView>& model_record() {
  static const auto record =
      Record<ModelView>("Model", "A model with what serves it and its last verdict.")
          .field("model", &ModelView::model, "Its name")
          .field("versions", &ModelView::versions, "How many versions there are")
          .field("champion", &ModelView::champion,
                 "The version that serves; null before the first promotion")
          .field("candidate", &ModelView::candidate, "The version under canary, or null")
          .field("last_good", &ModelView::last_good, "What a rollback goes back to, or null")
          .field("weight", &ModelView::weight, "Percent of traffic that the candidate gets")
          .field("revision", &ModelView::revision, "Of its deployment; 0 before the first")
          .field("updated_at", &ModelView::updated_at, "When its deployment last changed")
          .field("evaluation", &ModelView::evaluation, "The newest evaluation, or null");
  return record;
}

const Record<AlertRow>& alert_record() {
  static const auto record =
      Record<AlertRow>("Alert", "A message to the people in charge.")
          .field("seq", &AlertRow::seq, "Of the journal event that raised it")
          .field("severity", &AlertRow::severity, "info, warning or error")
          .field("title", &AlertRow::title, "In a few words")
          .field("text", &AlertRow::text, "In full")
          .field("owner", &AlertRow::owner, "Who should know")
          .field("run", &AlertRow::run, "The run it came from; all zero: none")
          .field("task", &AlertRow::task, "The task it came from")
          .field("at", &AlertRow::at, "When");
  return record;
}

const Record<OperatorInfo>& operator_record() {
  static const auto record =
      Record<OperatorInfo>("Operator", "What a task can be carried out by.")
          .field("name", &OperatorInfo::name, "As in `operator:`")
          .field("doc", &OperatorInfo::doc, "What it does")
          .field("version", &OperatorInfo::version, "Part of a task's fingerprint")
          .field("placement", &OperatorInfo::executor, "Where attempts run")
          .field("params", params_json,
                 "Its parameters: [{name, type, doc, required, default, schema}]")
          .field("outputs", outputs_json, "What it gives to tasks downstream: [{name, doc}]");
  return record;
}

const Record<HealthView>& health_record() {
  static const auto record =
      Record<HealthView>("Health", "How this process is.")
          .field("status", &HealthView::status, "ok, or unavailable")
          .field("version", &HealthView::version, "Of Millrace")
          .field("store", &HealthView::store, "True: the store answers")
          .field("leader", &HealthView::leader, "True: this engine leads")
          .field("journal_seq", &HealthView::journal_seq, "Last event of the journal");
  return record;
}

}  // namespace millrace::api
