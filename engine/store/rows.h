// Rows: what stands in the projections and registries, as plain data. Column meanings are the same
// in MemStore and PostgreSQL; every row belongs to a namespace through its DAG or model.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/core/event.h"
#include "engine/core/model_state.h"
#include "engine/core/task_state.h"

namespace millrace {

struct DagRow {
  std::string dag;
  std::string namespace_ = "default";
  std::string version;  // current
  Json spec;            // Dag::to_json of the current version
  std::string source;
  std::string base_dir;
  bool paused = false;
  Time registered_at{};  // first version
  Time updated_at{};
  std::optional<Time> last_logical_date;  // of its scheduled runs
  std::string retired;                    // why nothing starts it; "": it is in force
  std::string out_of_order;               // why it cannot be compiled; "": it can
  // Where its schedule goes on: see ScheduleMoved.
  std::optional<Time> schedule_from, schedule_all_until;
};

/// Diagnostics of a DAG file that could not be loaded; the last good version stays in force.
struct DagFileErrorRow {
  std::string source;
  Json diagnostics;
  Time at{};
};

struct RunRow {
  Uuid run;
  std::string dag;
  std::string namespace_ = "default";
  std::string version;
  RunType type = RunType::manual;
  RunStatus status = RunStatus::running;
  std::optional<Time> logical_date, interval_start, interval_end;
  Json params = Json::object();
  Json trigger;
  std::string trace_id;
  std::string actor;
  std::string reason;
  Time created_at{};
  std::optional<Time> finished_at;
};

/// A task instance that has ended. Open ones are known from the journal alone: a row is written
/// once, at the end, so that history grows by inserts and leaves nothing dead behind.
struct TaskRow {
  Uuid run;
  std::string task;
  int map_index = -1;
  TaskState state = TaskState::success;
  int attempt = 0;
  std::optional<Time> started_at;
  Time ended_at{};
  std::string error;  // of a failure, or the reason of a skip
};

struct ArtifactRow {
  std::string digest, kind, name;
  std::int64_t bytes = 0, rows = -1;
  Json schema;
  std::vector<std::string> inputs;
  Uuid run;
  std::string task;
  int map_index = -1;
  Time created_at{};
};

struct ModelVersionRow {
  std::string model;
  int version = 0;  // from 1, without gaps
  std::string artifact, algorithm, manifest;
  Json metrics, params;
  Uuid run;
  std::string task;
  int map_index = -1;
  Time created_at{};
  std::string not_shipped = {};  // why it must not be deployed; "": it may
};

/// Artifacts that traffic may go to, and what keeps one from it.
struct DeployableRow {
  std::string model, artifact;
  bool registered = false;       // a version of the model
  std::string not_shipped = {};  // why it must not be deployed; "": it may
};

/// What serves a model now.
struct DeploymentRow {
  std::string model;
  std::string namespace_ = "default";
  std::string champion;       // artifact; "" before the first promotion
  std::string candidate;      // artifact of the canary; "" when none is under way
  double weight = 0;          // percent of traffic that the candidate gets
  std::string last_good;      // the champion before this one; ""
  std::int64_t revision = 0;  // grows with each change
  Time updated_at{};
  // Numbers of the versions that were deployed; 0: not known.
  int champion_version = 0, candidate_version = 0, last_good_version = 0;
  CanaryOwner owner;  // of the canary
};

struct DeploymentEventRow {
  std::string model;
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
  Time at{};
};

struct EvaluationRow {
  std::string model, champion, challenger, decision;
  Json report;
  Uuid run;
  std::string task;
  int map_index = -1;
  Time at{};
};

struct DatasetRow {
  std::string dataset, artifact;
  std::int64_t rows = -1;
  Uuid run;
  Time updated_at{};
};

struct AlertRow {
  std::int64_t seq = 0;  // of the event that raised it
  std::string severity, title, text, owner;
  Uuid run;
  std::string task;
  Time at{};
};

/// A command from outside the planner (engine/core/commands.h; make_command in store/command.h).
/// Exactly one CommandHandled answers it.
struct Command {
  Uuid id;
  std::string kind;
  Json body = Json::object();
  std::string idempotency_key;  // "" or unique in its namespace, as long as history goes back
  std::string namespace_ = "default";
  Origin origin;
  Time created_at{};
};
struct CommandResult {
  Uuid command;
  bool ok = true;
  Json result;
  Time at{};
};

/// One attempt's output, in pieces. `offset` counts bytes from the attempt's start, so that a
/// repeated write is no double.
struct LogChunk {
  Uuid run;
  std::string task;
  int map_index = -1;
  int attempt = 0;
  std::int64_t offset = 0;
  std::string text;
  Time at{};
};

/// What the model server measured of one version in one window of time.
struct ServingWindow {
  std::string model, artifact;
  std::string role;  // "champion", "baseline" or "candidate"
  Time start{};
  std::int64_t requests = 0, errors = 0;
  std::vector<std::int64_t>
      latency_buckets;  // counts; bounds: kLatencyBoundsUs, last bucket is +infinity; may be empty
  double latency_sum_us = 0;
  std::int64_t outcomes = 0;
  double business_sum = 0, business_sum_squares = 0;
  bool tripped = false;       // the circuit breaker opened in this window
  std::int64_t revision = 0;  // of the deployment that was served; 0: not known
};

/// One answered request.
struct Prediction {
  std::string id;  // of the request
  std::string model, artifact, entity;
  Json features, output;
  std::int64_t latency_us = 0;
  std::string trace_id;
  Time at{};
};
/// Sent whole; `id` makes a repetition harmless.
struct PredictionBatch {
  Uuid id;
  std::vector<Prediction> predictions;
  std::vector<ServingWindow> windows;
};

}  // namespace millrace
