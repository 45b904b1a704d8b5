// Effect: a change to shared state that an operator asks for. The engine commits it in the
// transaction that records the task's completion, so that a retry can neither lose nor double it.
//
// A model version is named by (model, artifact): the digest of the serialised model. Its number is
// given on commit, once for each (run, task, map index).
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "engine/base/json.h"
#include "engine/base/result.h"

namespace millrace {

/// The artifact becomes visible. Bulk data stands in the artifact store under its digest already.
struct PublishArtifact {
  std::string digest;  // SHA-256 of the content
  std::string kind;    // "table", "model", "report", "file"
  std::string name;    // for people, unique in the task, e.g. "train"
  std::int64_t bytes = 0;
  std::int64_t rows = -1;           // -1: not a table
  Json schema;                      // of a table: [{name, type, nulls, min, max, …}]
  std::vector<std::string> inputs;  // digests that it was made from: lineage
};

struct RegisterModel {
  std::string model;
  std::string artifact;
  std::string algorithm;
  Json metrics = Json::object();
  Json params = Json::object();
  std::string manifest;  // digest of the artifact that makes the training repeatable
};

/// The verdict of champion against challenger, with everything it rests on.
struct RecordEvaluation {
  std::string model;
  std::string champion;          // artifact; "" when there is none yet
  std::string challenger;        // artifact
  std::string decision;          // "promote" or "refuse"
  Json report = Json::object();  // metrics, intervals, p-values, gates, reasons
};

/// Sends `weight` percent of the model's traffic to `candidate`.
struct SetTraffic {
  std::string model;
  std::string candidate;  // artifact
  double weight = 0;      // 0 … 100
  std::string reason;
};

/// `artifact` becomes champion and takes all traffic; the champion so far becomes last known good.
struct PromoteModel {
  std::string model;
  std::string artifact;
  std::string reason;
};

/// With a canary under way: its traffic goes back to the champion. Else: back to the last known
/// good. What was taken back is remembered as withdrawn.
struct RollbackModel {
  std::string model;
  std::string reason;
  Json evidence = Json::object();
  /// Changes something only while this one is the candidate, or the champion without a canary. A
  /// champion that followed no other is then taken out of service. "": whatever has the traffic.
  std::string artifact = {};
  bool candidate_only = false;  // never touches a champion
  bool blameless = false;       // ended for another reason than the model: not withdrawn
};

/// A person lets a refused or withdrawn version be deployed again.
struct ReleaseModel {
  std::string model;
  std::string artifact;
  std::string reason;
};

struct UpdateDataset {
  std::string dataset;
  std::string artifact;
  std::int64_t rows = -1;
};

struct RaiseAlert {
  std::string severity;  // "info", "warning", "error"
  std::string title;
  std::string text;
  std::string owner;
};

using Effect = std::variant<PublishArtifact, RegisterModel, RecordEvaluation, SetTraffic,
                            PromoteModel, RollbackModel, UpdateDataset, RaiseAlert, ReleaseModel>;

/// `invalid_argument` for an effect that no store could apply: a digest that is none, a model
/// without a name, a weight beyond 100 %.
Status check_effect(const Effect& effect);

/// {"kind": "register_model", …fields}. Reading checks.
Json to_json(const Effect& effect);
Result<Effect> effect_from_json(const Json& json);

}  // namespace millrace
