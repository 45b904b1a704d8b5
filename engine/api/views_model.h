// Views of models, operators, answers to commands and health: what REST clients see, as records.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "engine/base/record_json.h"
#include "engine/op/catalog.h"
#include "engine/store/rows.h"

namespace millrace::api {

struct ServingView {
  static constexpr std::string_view record_name = "ServingStats";
  static constexpr std::string_view record_doc = "What the model server measured of one version.";
  std::string artifact, role;
  std::int64_t requests = 0, errors = 0, outcomes = 0;
  std::optional<double> error_rate, latency_ms_mean, latency_ms_p50, latency_ms_p95, latency_ms_p99;
  std::optional<double> business_mean;
  bool tripped = false;

  static constexpr auto fields() {
    return std::tuple{
        field("artifact", &ServingView::artifact, "The version"),
        field("role", &ServingView::role, "champion, baseline or candidate"),
        field("requests", &ServingView::requests, "Requests answered"),
        field("errors", &ServingView::errors, "Of these, failed"),
        field("error_rate", &ServingView::error_rate, "errors / requests"),
        field("latency_ms_mean", &ServingView::latency_ms_mean, "Mean time to answer"),
        field("latency_ms_p50", &ServingView::latency_ms_p50,
              "Upper bound of the bucket that holds the median"),
        field("latency_ms_p95", &ServingView::latency_ms_p95,
              "Upper bound of the bucket that holds the 95 % quantile"),
        field("latency_ms_p99", &ServingView::latency_ms_p99,
              "Upper bound of the bucket that holds the 99 % quantile"),
        field("outcomes", &ServingView::outcomes, "Predictions whose true outcome is known"),
        field("business_mean", &ServingView::business_mean,
              "Mean of the business metric over them"),
        field("tripped", &ServingView::tripped, "True: the circuit breaker opened")};
  }
};
/// Sums of the window's numbers; quantiles are the upper bound of the bucket that holds them.
ServingView serving_view(const ServingWindow& window);

struct ModelView {
  static constexpr std::string_view record_name = "Model";
  static constexpr std::string_view record_doc =
      "A model with what serves it and its last verdict.";
  std::string model;
  std::string namespace_{kDefaultNamespace};
  int versions = 0;
  std::optional<ModelVersionRow> champion, candidate, last_good;
  double weight = 0;
  std::int64_t revision = 0;
  std::optional<Time> updated_at;
  std::optional<EvaluationRow> evaluation;  // the newest

  static constexpr auto fields() {
    return std::tuple{
        field("model", &ModelView::model, "Its name"),
        field("namespace", &ModelView::namespace_, "Its namespace"),
        field("versions", &ModelView::versions, "How many versions there are"),
        field("champion", &ModelView::champion,
              "The version that serves; null before the first promotion"),
        field("candidate", &ModelView::candidate, "The version under canary, or null"),
        field("last_good", &ModelView::last_good, "What a rollback goes back to, or null"),
        field("weight", &ModelView::weight, "Percent of traffic that the candidate gets"),
        field("revision", &ModelView::revision, "Of its deployment; 0 before the first"),
        field("updated_at", &ModelView::updated_at, "When its deployment last changed"),
        field("evaluation", &ModelView::evaluation, "The newest evaluation, or null")};
  }
};

// --- answers to commands

struct TriggerView {
  static constexpr std::string_view record_name = "TriggerResult";
  static constexpr std::string_view record_doc = "The result of a trigger.";
  Uuid run;
  bool created = true;
  bool handled = true;              // false: accepted, the engine has not answered yet
  std::optional<RunStatus> status;  // known if waited for
  Json outputs = {};                // of a run that has ended, if waited for
  std::string error = {};

  static constexpr auto fields() {
    return std::tuple{field("run", &TriggerView::run, "The run"),
                      field("created", &TriggerView::created,
                            "False: an earlier request with this Idempotency-Key made it"),
                      field("handled", &TriggerView::handled,
                            "False: accepted and durable, the engine has not answered yet"),
                      field("status", &TriggerView::status,
                            "The run's status after ?wait=; null if not waited for"),
                      field("outputs", &TriggerView::outputs,
                            "Values of the DAG's outputs, if the run has succeeded within ?wait="),
                      field("error", &TriggerView::error,
                            "Why it failed although its tasks did not; \"\" otherwise")};
  }
};

struct CommandView {
  static constexpr std::string_view record_name = "CommandResult";
  static constexpr std::string_view record_doc = "The result of a command.";
  Uuid command;
  bool handled = true;
  Json result;

  static constexpr auto fields() {
    return std::tuple{field("command", &CommandView::command, "Its id in the inbox"),
                      field("handled", &CommandView::handled,
                            "False: accepted and durable, the engine has not answered yet"),
                      field("result", &CommandView::result, "The engine's answer")};
  }
};

struct NotStartedView {
  static constexpr std::string_view record_name = "NotStarted";
  static constexpr std::string_view record_doc = "A DAG that an event did not start.";
  std::string dag, reason;

  static constexpr auto fields() {
    return std::tuple{field("dag", &NotStartedView::dag, "The DAG's id"),
                      field("reason", &NotStartedView::reason, "Why")};
  }
};

struct ReceivedEventView {
  static constexpr std::string_view record_name = "ReceivedEvent";
  static constexpr std::string_view record_doc = "The result of a CloudEvent.";
  std::string source, id;
  bool repeated = false, handled = true;
  std::vector<Uuid> runs;
  std::vector<NotStartedView> not_started;

  static constexpr auto fields() {
    return std::tuple{field("source", &ReceivedEventView::source, "Its source"),
                      field("id", &ReceivedEventView::id, "Its id"),
                      field("repeated", &ReceivedEventView::repeated,
                            "True: this source and id were received before"),
                      field("handled", &ReceivedEventView::handled,
                            "False: durable, the engine has not answered yet"),
                      field("runs", &ReceivedEventView::runs, "Runs that it started"),
                      field("not_started", &ReceivedEventView::not_started,
                            "DAGs whose `on: event` matched and that did not start, each with its "
                            "reason; the event is not kept for them")};
  }
};

struct ReceivedWebhookView {
  static constexpr std::string_view record_name = "ReceivedWebhook";
  static constexpr std::string_view record_doc = "The result of a webhook.";
  std::string id;
  bool repeated = false, handled = true;
  std::vector<Uuid> runs;
  std::string not_started;

  static constexpr auto fields() {
    return std::tuple{
        field("id", &ReceivedWebhookView::id, "Id of the delivery"),
        field("repeated", &ReceivedWebhookView::repeated, "True: it was received before"),
        field("handled", &ReceivedWebhookView::handled,
              "False: durable, the engine has not answered yet"),
        field("runs", &ReceivedWebhookView::runs,
              "The run that it started; empty if the webhook's `if` is false"),
        field("not_started", &ReceivedWebhookView::not_started,
              "Why it started no run although `if` is true; \"\" otherwise")};
  }
};

// --- the rest

struct OperatorParamView {
  static constexpr std::string_view record_name = "OperatorParam";
  static constexpr std::string_view record_doc = "A parameter of an operator.";
  std::string name, type, doc;
  bool required = true;
  Json default_value, schema, example;

  static constexpr auto fields() {
    return std::tuple{
        field("name", &OperatorParamView::name, "As in `with:`"),
        field("type", &OperatorParamView::type, "What it takes"),
        field("doc", &OperatorParamView::doc, "What it means"),
        field("required", &OperatorParamView::required, "False: `default` counts without it"),
        field("default", &OperatorParamView::default_value, "Its value where it is not given"),
        field("schema", &OperatorParamView::schema, "JSON Schema of its value"),
        field("example", &OperatorParamView::example, "A value, or null")};
  }
};

struct OperatorOutputView {
  static constexpr std::string_view record_name = "OperatorOutput";
  static constexpr std::string_view record_doc = "What an operator gives to tasks downstream.";
  std::string name, doc;

  static constexpr auto fields() {
    return std::tuple{field("name", &OperatorOutputView::name, "As in `tasks.<id>.outputs`"),
                      field("doc", &OperatorOutputView::doc, "What it means")};
  }
};

struct OperatorView {
  static constexpr std::string_view record_name = "Operator";
  static constexpr std::string_view record_doc = "What a task can be carried out by.";
  std::string name, doc;
  int version = 1;
  std::string placement;
  std::vector<OperatorParamView> params;
  std::vector<OperatorOutputView> outputs;

  static constexpr auto fields() {
    return std::tuple{
        field("name", &OperatorView::name, "As in `operator:`"),
        field("doc", &OperatorView::doc, "What it does"),
        field("version", &OperatorView::version, "Part of a task's fingerprint"),
        field("placement", &OperatorView::placement, "The executor that carries its attempts out"),
        field("params", &OperatorView::params, "Its parameters"),
        field("outputs", &OperatorView::outputs, "What it gives to tasks downstream")};
  }
};
OperatorView operator_view(const OperatorInfo& info);

struct HealthView {
  static constexpr std::string_view record_name = "Health";
  static constexpr std::string_view record_doc = "How this process is.";
  std::string status;
  std::string version;
  bool store = true, leader = true;
  std::int64_t journal_seq = 0;

  static constexpr auto fields() {
    return std::tuple{field("status", &HealthView::status, "ok, or unavailable"),
                      field("version", &HealthView::version, "Of Millrace"),
                      field("store", &HealthView::store, "True: the store answers"),
                      field("leader", &HealthView::leader, "True: this engine leads"),
                      field("journal_seq", &HealthView::journal_seq, "Last event of the journal")};
  }
};

}  // namespace millrace::api
