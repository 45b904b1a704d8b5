// Views: what REST clients see, as plain structs, each with its Record. A row that is shown as it
// stands in the store has no struct of its own.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/api/schema.h"
#include "engine/core/dag.h"
#include "engine/op/catalog.h"
#include "engine/store/rows.h"

namespace millrace::api {

// --- DAGs and runs

const Record<RunRow>& run_record();
template <>
struct TypeOf<RunRow> : RecordType<RunRow, run_record> {};

struct RunPage {
  std::vector<RunRow> runs;
  std::optional<Uuid> next;  // `before` of the next page
};
const Record<RunPage>& run_page_record();
template <>
struct TypeOf<RunPage> : RecordType<RunPage, run_page_record> {};

struct DagView {
  DagRow row;
  DagSpec spec;
  std::optional<Time> next_run_at;
  std::vector<RunRow> recent_runs;  // newest first
};
const Record<DagView>& dag_record();
template <>
struct TypeOf<DagView> : RecordType<DagView, dag_record> {};

struct DagTaskView {
  TaskSpec spec;
  bool mapped = false;
};
const Record<DagTaskView>& dag_task_record();
template <>
struct TypeOf<DagTaskView> : RecordType<DagTaskView, dag_task_record> {};

struct EdgeView {
  std::string from, to;
};
const Record<EdgeView>& edge_record();
template <>
struct TypeOf<EdgeView> : RecordType<EdgeView, edge_record> {};

struct DagDetailView {
  DagView dag;
  std::vector<DagTaskView> tasks;
  std::vector<EdgeView> edges;
};
const Record<DagDetailView>& dag_detail_record();
template <>
struct TypeOf<DagDetailView> : RecordType<DagDetailView, dag_detail_record> {};

const Record<DagFileErrorRow>& dag_file_error_record();
template <>
struct TypeOf<DagFileErrorRow> : RecordType<DagFileErrorRow, dag_file_error_record> {};

struct TaskView {
  std::string task, op;
  int index = 0;
  int map_index = -1;
  std::vector<std::string> needs;
  TaskState state = TaskState::pending;
  int attempt = 0, failures = 0;
  std::optional<Time> started_at, ended_at, wake_at;
  std::string wake_event;
  Time since{};
  std::string error, reason;
  Json item, outputs, checkpoint;
};
const Record<TaskView>& task_record();
template <>
struct TypeOf<TaskView> : RecordType<TaskView, task_record> {};

struct AttemptView {
  int attempt = 0;
  std::int64_t epoch = 0;
  Time started_at{};
  std::optional<Time> ended_at;
  std::string outcome = "running";
  std::string error;
};
const Record<AttemptView>& attempt_record();
template <>
struct TypeOf<AttemptView> : RecordType<AttemptView, attempt_record> {};

const Record<ArtifactRow>& artifact_record();
template <>
struct TypeOf<ArtifactRow> : RecordType<ArtifactRow, artifact_record> {};

// --- models

const Record<ModelVersionRow>& model_version_record();
template <>
struct TypeOf<ModelVersionRow> : RecordType<ModelVersionRow, model_version_record> {};

const Record<EvaluationRow>& evaluation_record();
template <>
struct TypeOf<EvaluationRow> : RecordType<EvaluationRow, evaluation_record> {};

const Record<DeploymentRow>& deployment_record();
template <>
struct TypeOf<DeploymentRow> : RecordType<DeploymentRow, deployment_record> {};

const Record<DeploymentEventRow>& deployment_event_record();
template <>
struct TypeOf<DeploymentEventRow> : RecordType<DeploymentEventRow, deployment_event_record> {};

struct ServingView {
  std::string artifact, role;
  std::int64_t requests = 0, errors = 0, outcomes = 0;
  std::optional<double> error_rate, latency_ms_mean, latency_ms_p50, latency_ms_p95, latency_ms_p99;
  std::optional<double> business_mean;
  bool tripped = false;
};
/// Sums of the window's numbers; quantiles are the upper bound of the bucket that holds them.
ServingView serving_view(const ServingWindow& window);
const Record<ServingView>& serving_record();
template <>
struct TypeOf<ServingView> : RecordType<ServingView, serving_record> {};

struct ModelView {
  std::string model;
  int versions = 0;
  std::optional<ModelVersionRow> champion, candidate, last_good;
  double weight = 0;
  std::int64_t revision = 0;
  std::optional<Time> updated_at;
  std::optional<EvaluationRow> evaluation;  // the newest
};
const Record<ModelView>& model_record();
template <>
struct TypeOf<ModelView> : RecordType<ModelView, model_record> {};

const Record<AlertRow>& alert_record();
template <>
struct TypeOf<AlertRow> : RecordType<AlertRow, alert_record> {};

// --- answers to commands

struct TriggerView {
  Uuid run;
  bool created = true;
  bool handled = true;              // false: accepted, the engine has not answered yet
  std::optional<RunStatus> status;  // known if waited for
};
const Record<TriggerView>& trigger_record();
template <>
struct TypeOf<TriggerView> : RecordType<TriggerView, trigger_record> {};

struct CommandView {
  Uuid command;
  bool handled = true;
  Json result;
};
const Record<CommandView>& command_record();
template <>
struct TypeOf<CommandView> : RecordType<CommandView, command_record> {};

struct ReceivedEventView {
  std::string source, id;
  bool repeated = false, handled = true;
  std::vector<Uuid> runs;
  Json not_started = Json::array();  // [{dag, reason}]
};
const Record<ReceivedEventView>& received_event_record();
template <>
struct TypeOf<ReceivedEventView> : RecordType<ReceivedEventView, received_event_record> {};

// --- the rest

const Record<OperatorInfo>& operator_record();
template <>
struct TypeOf<OperatorInfo> : RecordType<OperatorInfo, operator_record> {};

struct HealthView {
  std::string status;
  std::string version;
  bool store = true, leader = true;
  std::int64_t journal_seq = 0;
};
const Record<HealthView>& health_record();
template <>
struct TypeOf<HealthView> : RecordType<HealthView, health_record> {};

}  // namespace millrace::api
