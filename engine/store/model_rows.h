// Rows about models, deployments, data sets and alerts. Written only by effects.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>

#include "engine/base/id.h"
#include "engine/base/json.h"
#include "engine/base/record_json.h"
#include "engine/base/time.h"
#include "engine/core/effect.h"
#include "engine/core/model_state.h"
#include "engine/core/names.h"
#include "engine/store/effect_source.h"

namespace millrace {

struct ModelVersionRow {
  static constexpr std::string_view record_name = "ModelVersion";
  static constexpr std::string_view record_doc = "A trained model.";
  std::string model;
  std::string namespace_{kDefaultNamespace};
  ModelKey key() const { return {namespace_, model}; }
  int version = 0;  // from 1, without gaps
  std::string artifact, algorithm, manifest;
  Json metrics, params;
  Uuid run;
  std::string task;
  int map_index = -1;
  Time created_at{};
  std::string not_shipped = {};  // why it must not be deployed; "": it may

  static constexpr auto fields() {
    return std::tuple{
        field("model", &ModelVersionRow::model, "The model's name"),
        field("namespace", &ModelVersionRow::namespace_, "The namespace of the model"),
        field("version", &ModelVersionRow::version, "From 1, without gaps"),
        field("artifact", &ModelVersionRow::artifact, "Digest of the serialised model"),
        field("algorithm", &ModelVersionRow::algorithm, "How it was trained"),
        field("manifest", &ModelVersionRow::manifest,
              "Digest of what makes the training repeatable"),
        field("metrics", &ModelVersionRow::metrics, "Its metrics at training"),
        field("params", &ModelVersionRow::params, "Its hyperparameters"),
        field("run", &ModelVersionRow::run, "The run that trained it"),
        field("task", &ModelVersionRow::task, "The task that trained it"),
        field("map_index", &ModelVersionRow::map_index, "And its map index"),
        field("created_at", &ModelVersionRow::created_at, "When it was registered"),
        field("not_shipped", &ModelVersionRow::not_shipped,
              "Why it is not deployed until a person releases it; \"\": it may be")};
  }
};

/// Artifacts that traffic may go to, and what keeps one from it.
struct DeployableRow {
  static constexpr std::string_view record_name = "Deployable";
  ModelKey model;
  std::string artifact;
  bool registered = false;       // a version of the model
  std::string not_shipped = {};  // why it must not be deployed; "": it may

  static constexpr auto fields() {
    return std::tuple{field("", &DeployableRow::model, "The model"),
                      field("artifact", &DeployableRow::artifact, "Digest of the serialised model"),
                      field("registered", &DeployableRow::registered, "It is a version"),
                      field("not_shipped", &DeployableRow::not_shipped,
                            "Why it must not be deployed; \"\": it may be")};
  }
};

struct DeploymentRow {
  static constexpr std::string_view record_name = "Deployment";
  static constexpr std::string_view record_doc = "What serves a model now.";
  std::string model;
  std::string namespace_{kDefaultNamespace};
  ModelKey key() const { return {namespace_, model}; }
  std::string champion;       // artifact; "" before the first promotion
  std::string candidate;      // artifact of the canary; "" when none is under way
  double weight = 0;          // percent of traffic that the candidate gets
  std::string last_good;      // the champion before this one; ""
  std::int64_t revision = 0;  // grows with each change
  Time updated_at{};
  // Numbers of the versions that were deployed; 0: not known.
  int champion_version = 0, candidate_version = 0, last_good_version = 0;
  CanaryOwner owner;  // of the canary

  static constexpr auto fields() {
    return std::tuple{
        field("model", &DeploymentRow::model, "The model's name"),
        field("namespace", &DeploymentRow::namespace_, "The namespace of the model"),
        field("champion", &DeploymentRow::champion,
              "Artifact that serves; \"\" before the first promotion"),
        field("candidate", &DeploymentRow::candidate,
              "Artifact of the canary; \"\" when none is under way"),
        field("weight", &DeploymentRow::weight, "Percent of traffic that the candidate gets"),
        field("last_good", &DeploymentRow::last_good, "The champion before this one; \"\" if none"),
        field("revision", &DeploymentRow::revision, "Grows with each change"),
        field("updated_at", &DeploymentRow::updated_at, "When it last changed"),
        field("champion_version", &DeploymentRow::champion_version,
              "The champion's number when it was deployed; 0: none"),
        field("candidate_version", &DeploymentRow::candidate_version,
              "The candidate's number when it was deployed; 0: none"),
        field("last_good_version", &DeploymentRow::last_good_version,
              "The last good one's number when it was deployed; 0: none"),
        field("owner", &DeploymentRow::owner, "Whose canary it is").internal()};
  }
};

struct DeploymentEventRow {
  static constexpr std::string_view record_name = "DeploymentEvent";
  static constexpr std::string_view record_doc = "One change of what serves a model.";
  std::string model;
  std::string namespace_{kDefaultNamespace};
  std::int64_t revision = 0;
  std::string action;  // "canary", "promote", "rollback", "release"
  std::string
      artifact;  // sent traffic to, promoted, or taken back; "" if there was nothing to take back
  int version = 0;    // of the artifact, when that happened; 0: not known
  double weight = 0;  // percent that it has from then on
  std::string reason;
  Json evidence;
  Uuid run;  // nil: asked for from outside
  std::string actor;
  std::string on_behalf_of;
  Time at{};

  static constexpr auto fields() {
    return std::tuple{
        field("model", &DeploymentEventRow::model, "The model's name"),
        field("namespace", &DeploymentEventRow::namespace_, "The namespace of the model"),
        field("revision", &DeploymentEventRow::revision, "The deployment's revision after it"),
        field("action", &DeploymentEventRow::action, "canary, promote, rollback or release"),
        field("artifact", &DeploymentEventRow::artifact, "The version it is about"),
        field("version", &DeploymentEventRow::version, "Its number at that time; 0: it has none"),
        field("weight", &DeploymentEventRow::weight,
              "Percent of traffic of the candidate after it"),
        field("reason", &DeploymentEventRow::reason, "Why"),
        field("evidence", &DeploymentEventRow::evidence, "The measurements behind it"),
        field("run", &DeploymentEventRow::run,
              "The run that decided; all zero: asked for from outside"),
        field("actor", &DeploymentEventRow::actor,
              "Who asked: a part of the engine, or `local` until access control is on"),
        field("on_behalf_of", &DeploymentEventRow::on_behalf_of,
              "For whom, as the client says; nothing checks it"),
        field("at", &DeploymentEventRow::at, "When")};
  }
};

struct EvaluationRow {
  static constexpr std::string_view record_name = "Evaluation";
  static constexpr std::string_view record_doc = "Champion against challenger on one holdout.";
  std::string model;
  std::string namespace_{kDefaultNamespace};
  std::string champion, challenger, decision;
  Json report;
  Uuid run;
  std::string task;
  int map_index = -1;
  Time at{};

  static constexpr auto fields() {
    return std::tuple{
        field("model", &EvaluationRow::model, "The model's name"),
        field("namespace", &EvaluationRow::namespace_, "The namespace of the model"),
        field("champion", &EvaluationRow::champion,
              "Artifact of the champion; \"\" before the first"),
        field("challenger", &EvaluationRow::challenger, "Artifact of the challenger"),
        field("decision", &EvaluationRow::decision, "promote or refuse"),
        field("report", &EvaluationRow::report, "Metrics, intervals, p-values, gates and reasons"),
        field("run", &EvaluationRow::run, "The run that judged"),
        field("task", &EvaluationRow::task, "The task that judged"),
        field("map_index", &EvaluationRow::map_index, "And its map index"),
        field("at", &EvaluationRow::at, "When")};
  }
};

struct DatasetRow {
  static constexpr std::string_view record_name = "StoredDataset";
  std::string dataset;
  std::string namespace_{kDefaultNamespace};
  DatasetKey key() const { return {namespace_, dataset}; }
  std::string artifact;
  std::int64_t rows = -1;
  Uuid run;
  std::string task;  // "": updated before the store kept it
  Time updated_at{};

  static constexpr auto fields() {
    return std::tuple{field("dataset", &DatasetRow::dataset, "Its name"),
                      field("namespace", &DatasetRow::namespace_, "Its namespace"),
                      field("artifact", &DatasetRow::artifact, "Digest of its newest content"),
                      field("rows", &DatasetRow::rows, "Rows of it; -1: not known"),
                      field("run", &DatasetRow::run, "The run that updated it"),
                      field("task", &DatasetRow::task, "The task that updated it"),
                      field("updated_at", &DatasetRow::updated_at, "When")};
  }
};

struct AlertRow {
  static constexpr std::string_view record_name = "Alert";
  static constexpr std::string_view record_doc = "A message to the people in charge.";
  using MadeBy = RaiseAlert;
  static constexpr std::string_view put = "put_alert", list = "list_alerts",
                                    list_of = "list_alerts_of";
  std::int64_t seq = 0;  // of the event that raised it
  std::string namespace_{kDefaultNamespace};
  std::string severity, title, text, owner;
  Uuid run;
  std::string task;
  Time at{};

  static constexpr auto fields() {
    return std::tuple{field("seq", &AlertRow::seq, "Of the journal event that raised it"),
                      field("namespace", &AlertRow::namespace_, "The namespace that it is about"),
                      field("severity", &AlertRow::severity, "info, warning or error"),
                      field("title", &AlertRow::title, "In a few words"),
                      field("text", &AlertRow::text, "In full"),
                      field("owner", &AlertRow::owner, "Who should know"),
                      field("run", &AlertRow::run, "The run it came from; all zero: none"),
                      field("task", &AlertRow::task, "The task it came from"),
                      field("at", &AlertRow::at, "When")};
  }
  static AlertRow of(const EffectSource& source, const RaiseAlert& effect) {
    return {.seq = source.seq,
            .namespace_ = source.namespace_,
            .severity = effect.severity,
            .title = effect.title,
            .text = effect.text,
            .owner = effect.owner,
            .run = source.run,
            .task = source.task,
            .at = source.at};
  }
};

struct WatermarkRow {
  static constexpr std::string_view record_name = "Watermark";
  static constexpr std::string_view record_doc = "How far a data set had been read or written.";
  using MadeBy = SetWatermark;
  static constexpr std::string_view put = "put_watermark", list = "list_watermarks",
                                    list_of = "list_watermarks_of";
  std::string namespace_{kDefaultNamespace};
  std::string dataset;
  std::int64_t seq = 0;  // of the event that set it
  Json value;
  Uuid run;
  std::string task;
  int map_index = -1;
  Time at{};
  const std::string& subject() const { return dataset; }

  static constexpr auto fields() {
    return std::tuple{field("namespace", &WatermarkRow::namespace_, "The namespace of the dataset"),
                      field("dataset", &WatermarkRow::dataset, "The dataset's name"),
                      field("seq", &WatermarkRow::seq, "Of the journal event that set it"),
                      field("value", &WatermarkRow::value, "A text or a number"),
                      field("run", &WatermarkRow::run, "The run that set it"),
                      field("task", &WatermarkRow::task, "The task that set it"),
                      field("map_index", &WatermarkRow::map_index, "And its map index"),
                      field("at", &WatermarkRow::at, "When")};
  }
  static WatermarkRow of(const EffectSource& source, const SetWatermark& effect) {
    return {.namespace_ = source.namespace_,
            .dataset = effect.dataset,
            .seq = source.seq,
            .value = effect.value,
            .run = source.run,
            .task = source.task,
            .map_index = source.map_index,
            .at = source.at};
  }
};

/// Rows that an effect adds to a table of its own, and that nothing changes afterwards. The stores
/// treat them alike (appended_rows.h). A further one needs: its effect (core/effect.h), its row
/// with `MadeBy` and `of` here, a migration, and the queries that it names: `put`, `list` for all
/// rows ($1 limit) and `list_of` for those of a namespace ($1 namespace, $2 limit). A row that is
/// about a thing with a name returns it as `subject()`; `list_of` then takes it as $2.
using AppendedRows = std::tuple<AlertRow, WatermarkRow>;

}  // namespace millrace
