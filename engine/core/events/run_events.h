// Events about runs.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "engine/base/id.h"
#include "engine/base/json.h"
#include "engine/base/time.h"
#include "engine/core/events/common.h"
#include "engine/core/names.h"

namespace millrace {

struct RunCreated {
  static constexpr std::string_view kind = "run_created";
  static constexpr std::string_view record_doc = "A run began.";
  DagKey dag;
  std::string version;
  RunType type = RunType::manual;
  std::optional<Time> logical_date;
  std::optional<Time> interval_start;  // both or none
  std::optional<Time> interval_end;
  Json params = Json::object();
  Json trigger;
  std::string trace_id;
  Origin origin;
  std::optional<Uuid> backfill = {};

  static constexpr auto fields() {
    return std::tuple{
        field("", &RunCreated::dag, "The DAG"),
        field("version", &RunCreated::version, "Digest of the DAG version").not_empty(),
        field("type", &RunCreated::type, "What started it"),
        field("logical_date", &RunCreated::logical_date, "The date it stands for").optional(),
        field("interval_start", &RunCreated::interval_start, "Start of its data, inclusive")
            .optional(),
        field("interval_end", &RunCreated::interval_end, "End of its data, exclusive").optional(),
        field("params", &RunCreated::params, "Defaults filled in").optional(),
        field("trigger", &RunCreated::trigger, "The event, dataset or task that started it")
            .optional(),
        field("trace_id", &RunCreated::trace_id, "W3C trace id").optional(),
        field("origin", &RunCreated::origin, "Who asked, and why").optional(),
        field("backfill", &RunCreated::backfill, "The backfill to which it belongs").optional()};
  }
};

struct RunCancelRequested {
  static constexpr std::string_view kind = "run_cancel_requested";
  static constexpr std::string_view record_doc = "A run is to end early.";
  Origin origin;
  bool force = false;  // also tasks that ask about the end

  static constexpr auto fields() {
    return std::tuple{
        field("origin", &RunCancelRequested::origin, "Who asked, and why").optional(),
        field("force", &RunCancelRequested::force, "Everything ends at once").optional()};
  }
};

struct TasksCleared {
  static constexpr std::string_view kind = "tasks_cleared";
  static constexpr std::string_view record_doc =
      "The instances start again as pending, and the run is open again.";
  std::vector<TaskRef> tasks;
  Origin origin;

  static constexpr auto fields() {
    return std::tuple{field("tasks", &TasksCleared::tasks, "Which instances"),
                      field("origin", &TasksCleared::origin, "Who asked, and why").optional()};
  }
};

struct RunFinished {
  static constexpr std::string_view kind = "run_finished";
  static constexpr std::string_view record_doc = "All tasks of a run have ended.";
  RunStatus status = RunStatus::success;
  Json outputs = {};
  std::string error = {};

  static constexpr auto fields() {
    return std::tuple{
        field("status", &RunFinished::status, "How it ended"),
        field("outputs", &RunFinished::outputs, "Values of the outputs of its DAG").optional(),
        field("error", &RunFinished::error, "Why it failed although its tasks did not").optional()};
  }
};

}  // namespace millrace
