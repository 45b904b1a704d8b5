// Rows about DAGs, runs, tasks and artifacts.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "engine/base/id.h"
#include "engine/base/json.h"
#include "engine/base/time.h"
#include "engine/core/child_run.h"
#include "engine/core/events/common.h"
#include "engine/core/names.h"
#include "engine/core/task_state.h"

namespace millrace {

/// Seconds, where both are known.
inline std::optional<double> seconds_between(std::optional<Time> start, std::optional<Time> end) {
  if (!start || !end) return std::nullopt;
  return std::chrono::duration<double>(*end - *start).count();
}

struct DagRow {
  static constexpr std::string_view record_name = "StoredDag";
  std::string dag;
  std::string namespace_{kDefaultNamespace};
  DagKey key() const { return {namespace_, dag}; }
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

  static constexpr auto fields() {
    return std::tuple{
        field("dag", &DagRow::dag, "Its id"),
        field("namespace", &DagRow::namespace_, "The team it belongs to"),
        field("version", &DagRow::version, "Digest of its canonical form"),
        field("spec", &DagRow::spec, "Its canonical form"),
        field("source", &DagRow::source, "The file it was read from"),
        field("base_dir", &DagRow::base_dir, "What paths in it are relative to"),
        field("paused", &DagRow::paused, "True: nothing starts it by itself"),
        field("registered_at", &DagRow::registered_at, "First seen"),
        field("updated_at", &DagRow::updated_at, "This version took effect"),
        field("last_logical_date", &DagRow::last_logical_date,
              "Logical date of its last scheduled run"),
        field("retired", &DagRow::retired, "Why nothing starts it; \"\": it is in force"),
        field("out_of_order", &DagRow::out_of_order, "Why it cannot be compiled; \"\": it can"),
        field("schedule_from", &DagRow::schedule_from, "Where its schedule goes on"),
        field("schedule_all_until", &DagRow::schedule_all_until,
              "Up to here the schedule makes up for each missed date")};
  }
};

/// Diagnostics of a DAG file that could not be loaded; the last good version stays in force.
struct DagFileErrorRow {
  static constexpr std::string_view record_name = "StoredDagFileError";
  std::string source;
  Json diagnostics;
  Time at{};

  static constexpr auto fields() {
    return std::tuple{field("source", &DagFileErrorRow::source, "The file"),
                      field("diagnostics", &DagFileErrorRow::diagnostics,
                            "What is wrong, each with its place in the file"),
                      field("at", &DagFileErrorRow::at, "When it was found")};
  }
};

struct RunRow {
  static constexpr std::string_view record_name = "Run";
  static constexpr std::string_view record_doc = "One execution of a DAG version.";
  Uuid run;
  std::string dag;
  std::string namespace_{kDefaultNamespace};
  DagKey key() const { return {namespace_, dag}; }
  std::string version;
  RunType type = RunType::manual;
  RunStatus status = RunStatus::running;
  std::optional<Time> logical_date, interval_start, interval_end;
  Json params = Json::object();
  Json trigger;
  std::string trace_id;
  std::string actor;
  std::string on_behalf_of = {};
  std::string reason;
  Time created_at{};
  std::optional<Time> started_at;
  std::optional<Time> finished_at;
  Json outputs = {};
  std::string error = {};
  std::optional<Uuid> backfill = {};

  static constexpr auto fields() {
    return std::tuple{
        field("run", &RunRow::run, "Its id; ids sort by creation time"),
        field("dag", &RunRow::dag, "The DAG's id"),
        field("namespace", &RunRow::namespace_, "The namespace of the DAG"),
        field("version", &RunRow::version, "Digest of the DAG version it executes"),
        field("type", &RunRow::type, "What started it"),
        field("status", &RunRow::status,
              "queued while it waits for max_active_runs; then running until all its tasks have "
              "ended"),
        field("logical_date", &RunRow::logical_date,
              "The date it stands for; null for a manual run without one"),
        field("interval_start", &RunRow::interval_start, "Start of its data interval, inclusive"),
        field("interval_end", &RunRow::interval_end, "End of its data interval, exclusive"),
        field("params", &RunRow::params, "Its params, defaults filled in"),
        field("trigger", &RunRow::trigger, "The event, dataset or task that started it, or null"),
        field(
            "parent", [](const RunRow& r) { return parent_of(r.type, r.trigger); },
            "The task that started it, of a run of type child; null otherwise"),
        field("trace_id", &RunRow::trace_id, "W3C trace id that its tasks and logs carry"),
        field("actor", &RunRow::actor,
              "Who asked for it: a part of the engine, or `local` until access control is on"),
        field("on_behalf_of", &RunRow::on_behalf_of,
              "For whom, as the client says; nothing checks it"),
        field("reason", &RunRow::reason, "Why, as they said"),
        field("created_at", &RunRow::created_at,
              "When it was created: a run that has to wait is queued from then on"),
        field("started_at", &RunRow::started_at,
              "When its first task could start; null while it is queued"),
        field("finished_at", &RunRow::finished_at, "When its last task ended; null while it runs"),
        field("outputs", &RunRow::outputs,
              "Values of its DAG's outputs, if it succeeded; null: the DAG has none"),
        field("error", &RunRow::error, "Why it failed although its tasks did not; \"\" otherwise"),
        field("backfill", &RunRow::backfill, "The backfill to which it belongs; null: none"),
        field(
            "duration_s",
            [](const RunRow& r) { return seconds_between(r.started_at, r.finished_at); },
            "Seconds from started_at to finished_at; null while it is open")};
  }
};

/// A task instance that has ended. Open ones are known from the journal alone: a row is written
/// once, at the end, so that history grows by inserts and leaves nothing dead behind.
struct TaskRow {
  static constexpr std::string_view record_name = "EndedTask";
  Uuid run;
  std::string task;
  int map_index = -1;
  TaskState state = TaskState::success;
  int attempt = 0;
  std::optional<Time> started_at;
  Time ended_at{};
  std::string error;  // of a failure, or the reason of a skip

  static constexpr auto fields() {
    return std::tuple{
        field("run", &TaskRow::run, "The run it belongs to"),
        field("task", &TaskRow::task, "Its id in the DAG"),
        field("map_index", &TaskRow::map_index, "-1 if the task is not mapped"),
        field("state", &TaskRow::state, "How it ended"),
        field("attempt", &TaskRow::attempt, "Number of its last attempt; 0: none began"),
        field("started_at", &TaskRow::started_at, "When its last attempt began; null: none did"),
        field("ended_at", &TaskRow::ended_at, "When it ended"),
        field("error", &TaskRow::error, "Of a failure, or the reason of a skip")};
  }
};

/// The ended instances of one task of a run that are in one state.
struct TaskCountRow {
  static constexpr std::string_view record_name = "TaskCount";
  Uuid run;
  std::string task;
  TaskState state = TaskState::success;
  std::int64_t instances = 0;
  int most_attempts = 0;  // of one of them

  static constexpr auto fields() {
    return std::tuple{field("run", &TaskCountRow::run, "The run"),
                      field("task", &TaskCountRow::task, "The task's id in the DAG"),
                      field("state", &TaskCountRow::state, "How these instances ended"),
                      field("instances", &TaskCountRow::instances, "How many there are"),
                      field("most_attempts", &TaskCountRow::most_attempts,
                            "The largest number of attempts of one of them")};
  }
};

struct ArtifactRow {
  static constexpr std::string_view record_name = "Artifact";
  static constexpr std::string_view record_doc = "Data that a task left, named by its content.";
  std::string digest, kind, name;
  std::int64_t bytes = 0, rows = -1;
  Json schema;
  std::vector<std::string> inputs;
  Uuid run;
  std::string task;
  int map_index = -1;
  Time created_at{};

  static constexpr auto fields() {
    return std::tuple{field("digest", &ArtifactRow::digest, "SHA-256 of the content"),
                      field("kind", &ArtifactRow::kind, "table, model, report or file"),
                      field("name", &ArtifactRow::name, "For people"),
                      field("bytes", &ArtifactRow::bytes, "Size"),
                      field("rows", &ArtifactRow::rows, "Rows of a table; -1 otherwise"),
                      field("schema", &ArtifactRow::schema, "Columns of a table"),
                      field("inputs", &ArtifactRow::inputs, "Digests it was made from"),
                      field("run", &ArtifactRow::run, "The run that made it"),
                      field("task", &ArtifactRow::task, "The task that made it"),
                      field("map_index", &ArtifactRow::map_index, "And its map index"),
                      field("created_at", &ArtifactRow::created_at, "When it became visible")};
  }
};

}  // namespace millrace
