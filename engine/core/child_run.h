// Runs that are started by tasks of other runs, and who started them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <tuple>

#include "engine/base/fields.h"
#include "engine/base/id.h"
#include "engine/base/json.h"
#include "engine/core/events/common.h"

namespace millrace {

/// How long a chain of runs may be of which each was started by the one before it.
inline constexpr int kMaxRunDepth = 16;

/// The task that started a run: the trigger of a run of type `child`.
struct ParentTask {
  static constexpr std::string_view record_name = "ParentTask";
  static constexpr std::string_view record_doc = "The task that started a run.";
  Uuid run;
  std::string dag;
  std::string task;
  int map_index = -1;
  int depth = 1;

  static constexpr auto fields() {
    return std::tuple{
        field("run", &ParentTask::run, "The run that it belongs to"),
        field("dag", &ParentTask::dag, "The DAG of that run"),
        field("task", &ParentTask::task, "Its id in the DAG"),
        field("map_index", &ParentTask::map_index, "Its item; -1: it is not mapped"),
        field("depth", &ParentTask::depth,
              "Place in the chain of runs that start one another; 1: a person, a schedule or an "
              "event started the first")};
  }
};

/// nullopt: no task started the run.
std::optional<ParentTask> parent_of(RunType type, const Json& trigger);

}  // namespace millrace
