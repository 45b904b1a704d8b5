// Effect: a change to shared state that an operator requests. The engine commits it in the
// transaction that records the task's completion, so a retry can neither lose nor repeat it.
//
// The key of a model version is (model, artifact), where `artifact` is the digest of the serialised
// model. The commit assigns the version's number, once for each (run, task, map index).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <variant>
#include <vector>

#include "engine/base/fields.h"
#include "engine/base/id.h"
#include "engine/base/json.h"
#include "engine/base/result.h"
#include "engine/core/names.h"

namespace millrace {

struct PublishArtifact {
  static constexpr std::string_view kind = "publish_artifact";
  static constexpr std::string_view record_doc =
      "The artifact becomes visible. Its bytes are in the artifact store already.";
  std::string digest;
  std::string artifact_kind;
  std::string name;
  std::int64_t bytes = 0;
  std::int64_t rows = -1;
  Json schema;
  std::vector<std::string> inputs;

  static constexpr auto fields() {
    return std::tuple{
        field("digest", &PublishArtifact::digest, "SHA-256 of the content").digest(),
        field("artifact_kind", &PublishArtifact::artifact_kind, "table, model, report or file"),
        field("name", &PublishArtifact::name, "For people; unique in the task").optional(),
        field("bytes", &PublishArtifact::bytes, "Size of the content").optional(),
        field("rows", &PublishArtifact::rows, "Rows of a table; -1 otherwise").optional(),
        field("schema", &PublishArtifact::schema, "Columns of a table").optional(),
        field("inputs", &PublishArtifact::inputs, "Digests of what it was made from").optional()};
  }
};

struct RegisterModel {
  static constexpr std::string_view kind = "register_model";
  static constexpr std::string_view record_doc = "A trained model becomes a version.";
  std::string model;
  std::string artifact;
  std::string algorithm;
  Json metrics = Json::object();
  Json params = Json::object();
  std::string manifest;

  static constexpr auto fields() {
    return std::tuple{
        field("model", &RegisterModel::model, "The model's name").not_empty(),
        field("artifact", &RegisterModel::artifact, "Digest of the serialised model").digest(),
        field("algorithm", &RegisterModel::algorithm, "How it was trained").optional(),
        field("metrics", &RegisterModel::metrics, "Metrics of the training").optional(),
        field("params", &RegisterModel::params, "Parameters of the training").optional(),
        field("manifest", &RegisterModel::manifest,
              "Digest of the artifact that makes the training repeatable")
            .digest()
            .optional()};
  }
};

struct RecordEvaluation {
  static constexpr std::string_view kind = "record_evaluation";
  static constexpr std::string_view record_doc =
      "The verdict of champion against challenger, with everything it rests on.";
  std::string model;
  std::string champion;
  std::string challenger;
  std::string decision;
  Json report = Json::object();

  static constexpr auto fields() {
    return std::tuple{
        field("model", &RecordEvaluation::model, "The model's name").not_empty(),
        field("champion", &RecordEvaluation::champion,
              "Digest of the champion; empty when there is none yet")
            .digest()
            .optional(),
        field("challenger", &RecordEvaluation::challenger, "Digest of the challenger").digest(),
        field("decision", &RecordEvaluation::decision, "promote or refuse"),
        field("report", &RecordEvaluation::report, "Metrics, intervals, p-values, gates, reasons")
            .optional()};
  }
};

struct SetTraffic {
  static constexpr std::string_view kind = "set_traffic";
  static constexpr std::string_view record_doc =
      "Sends `weight` percent of the model's traffic to `candidate`.";
  std::string model;
  std::string candidate;
  double weight = 0;
  std::string reason;

  static constexpr auto fields() {
    return std::tuple{
        field("model", &SetTraffic::model, "The served model").not_empty(),
        field("candidate", &SetTraffic::candidate, "Digest of the version that gets the share")
            .digest(),
        field("weight", &SetTraffic::weight, "Percent of the traffic").range(0, 100),
        field("reason", &SetTraffic::reason, "Kept in the journal").optional()};
  }
};

struct PromoteModel {
  static constexpr std::string_view kind = "promote_model";
  static constexpr std::string_view record_doc =
      "`artifact` becomes champion and takes all traffic; the champion so far becomes last known "
      "good.";
  std::string model;
  std::string artifact;
  std::string reason = {};
  /// The version that `artifact` was compared with; "": no version served. The task fails if, at
  /// the commit, neither this version nor `artifact` serves. nullopt: any version may serve.
  std::optional<std::string> champion = {};

  static constexpr auto fields() {
    return std::tuple{field("model", &PromoteModel::model, "The served model").not_empty(),
                      field("artifact", &PromoteModel::artifact, "Digest of the version").digest(),
                      field("reason", &PromoteModel::reason, "Kept in the journal").optional(),
                      field("champion", &PromoteModel::champion,
                            "Promote only while this version serves; empty: while none does")
                          .optional()};
  }
};

/// The version that loses its traffic is recorded as withdrawn, unless `blameless`. Also a command
/// (commands.h).
struct RollbackModel {
  static constexpr std::string_view kind = "rollback_model";
  static constexpr std::string_view record_doc =
      "With a canary under way, its traffic goes back to the champion; otherwise the last known "
      "good version serves again.";
  struct Answer {
    std::string namespace_{kDefaultNamespace};
    std::string model;

    static constexpr auto fields() {
      return std::tuple{
          field("namespace", &Answer::namespace_, "The namespace of the model").optional(),
          field("model", &Answer::model, "The served model")};
    }
  };
  std::string model;
  std::string reason = {};
  Json evidence = Json::object();
  /// Has an effect only while this version is the candidate, or the champion without a canary. A
  /// champion without a predecessor is then taken out of service. "": any version.
  std::string artifact = {};
  bool candidate_only = false;  // never changes the champion
  bool blameless = false;       // the model is not the cause: it is not withdrawn

  static constexpr auto fields() {
    return std::tuple{
        field("model", &RollbackModel::model, "The served model").not_empty(),
        field("reason", &RollbackModel::reason, "Kept in the journal").optional(),
        field("evidence", &RollbackModel::evidence, "What was measured").optional(),
        field("artifact", &RollbackModel::artifact, "Roll back only while this version serves")
            .digest()
            .optional(),
        field("candidate_only", &RollbackModel::candidate_only, "Never touches a champion")
            .optional(),
        field("blameless", &RollbackModel::blameless, "The version is not withdrawn").optional()};
  }
};

/// Also a command (commands.h).
struct ReleaseModel {
  static constexpr std::string_view kind = "release_model";
  static constexpr std::string_view record_doc =
      "A person lets a refused or withdrawn version be deployed again.";
  struct Answer {
    std::string namespace_{kDefaultNamespace};
    std::string model;
    std::string artifact;

    static constexpr auto fields() {
      return std::tuple{
          field("namespace", &Answer::namespace_, "The namespace of the model").optional(),
          field("model", &Answer::model, "The served model"),
          field("artifact", &Answer::artifact, "Digest of the version")};
    }
  };
  std::string model;
  std::string artifact;
  std::string reason;

  static constexpr auto fields() {
    return std::tuple{
        field("model", &ReleaseModel::model, "The served model").not_empty(),
        field("artifact", &ReleaseModel::artifact, "Digest of the version").digest(),
        field("reason", &ReleaseModel::reason, "Why it may be deployed again").not_empty()};
  }
};

struct UpdateDataset {
  static constexpr std::string_view kind = "update_dataset";
  static constexpr std::string_view record_doc = "A data set has new content.";
  std::string dataset;
  std::string artifact;
  std::int64_t rows = -1;

  static constexpr auto fields() {
    return std::tuple{field("dataset", &UpdateDataset::dataset, "The dataset's name").not_empty(),
                      field("artifact", &UpdateDataset::artifact, "Digest of its new content")
                          .digest()
                          .optional(),
                      field("rows", &UpdateDataset::rows, "Its rows; -1 if unknown").optional()};
  }
};

struct SetWatermark {
  static constexpr std::string_view kind = "set_watermark";
  static constexpr std::string_view record_doc =
      "How far a data set has been read or written, for the next run to go on from.";
  std::string dataset;
  Json value;

  static constexpr auto fields() {
    return std::tuple{
        field("dataset", &SetWatermark::dataset, "The dataset's name").not_empty().at_most(128),
        field("value", &SetWatermark::value, "A text or a number, kept as it is")
            .scalar()
            .at_most(4096)};
  }
};

struct RaiseAlert {
  static constexpr std::string_view kind = "raise_alert";
  static constexpr std::string_view record_doc = "A message to the people in charge.";
  std::string severity;
  std::string title;
  std::string text;
  std::string owner;

  static constexpr auto fields() {
    return std::tuple{field("severity", &RaiseAlert::severity, "info, warning or error"),
                      field("title", &RaiseAlert::title, "One line"),
                      field("text", &RaiseAlert::text, "The whole of it").optional(),
                      field("owner", &RaiseAlert::owner, "Who should act").optional()};
  }
};

/// Of a task alone, and at most one in an outcome: the planner gives the new run its id. A task
/// that is done gets the id as its output `run_id`. A deferral with `wait` ends when the run has
/// ended, and not by time; the next call finds how it ended in its checkpoint (ChildRunEnded).
struct StartRun {
  static constexpr std::string_view kind = "start_run";
  static constexpr std::string_view record_doc = "Starts a run of a DAG of the namespace.";
  std::string dag;
  Json params = Json::object();
  std::string logical_date = {};
  bool wait = false;
  std::optional<Uuid> run = {};

  static constexpr auto fields() {
    return std::tuple{
        field("dag", &StartRun::dag, "The DAG's id").not_empty(),
        field("params", &StartRun::params, "Values for the DAG's params").optional(),
        field("logical_date", &StartRun::logical_date,
              "The date it stands for; without an offset, in the DAG's time zone")
            .optional(),
        field("wait", &StartRun::wait, "The task waits for the end of the run").optional(),
        field("run", &StartRun::run, "Id of the new run").optional()};
  }
};

using Effect =
    std::variant<PublishArtifact, RegisterModel, RecordEvaluation, SetTraffic, PromoteModel,
                 RollbackModel, UpdateDataset, RaiseAlert, ReleaseModel, SetWatermark, StartRun>;
constexpr std::string_view title_of(std::type_identity<Effect>) { return "Effect"; }

/// `invalid_argument` for an effect that no store could apply: a malformed digest, a model
/// without a name, a weight beyond 100 %.
Status check_effect(const Effect& effect);

/// {"kind": "register_model", …fields}. `effect_from_json` checks the fields as well.
Json to_json(const Effect& effect);

}  // namespace millrace
