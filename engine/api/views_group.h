// Views of many task instances at a glance: a run's tasks with the states of their instances, and
// the newest runs of a DAG next to each other.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "engine/base/record_json.h"
#include "engine/core/task_state.h"
#include "engine/store/rows.h"

namespace millrace::api {

/// The names that the numbers of states in these views index.
inline std::vector<std::string> state_names() {
  const auto names = names_of(TaskState{});
  return {names.begin(), names.end()};
}

struct TaskGroupView {
  static constexpr std::string_view record_name = "TaskGroup";
  static constexpr std::string_view record_doc = "A task of a run with all of its instances.";
  std::string task, op;
  int index = 0;
  std::vector<std::string> needs;
  bool mapped = false, expanded = false, continue_on_error = false, fail_run = false;
  std::vector<std::string> teardown_of;
  std::vector<int> states;
  int max_active = 0, attempts = 0;
  std::optional<Time> started_at, ended_at;

  static constexpr auto fields() {
    return std::tuple{
        field("task", &TaskGroupView::task, "The task's id"),
        field("index", &TaskGroupView::index, "Its place in the DAG, from 0"),
        field("operator", &TaskGroupView::op, "What carries it out"),
        field("needs", &TaskGroupView::needs, "Tasks upstream"),
        field("mapped", &TaskGroupView::mapped, "True: one instance for each item of its foreach"),
        field("max_active", &TaskGroupView::max_active,
              "If it is mapped: instances that may be under way at a time; 0: no limit"),
        field("expanded", &TaskGroupView::expanded,
              "True: it is mapped, and its instances are known"),
        field("continue_on_error", &TaskGroupView::continue_on_error,
              "True: its failure counts as a success, downstream and for the run"),
        field("teardown_of", &TaskGroupView::teardown_of,
              "The setups that it cleans up after; none: it is no teardown"),
        field("fail_run", &TaskGroupView::fail_run,
              "If it is a teardown: its failure fails the run"),
        field("states", &TaskGroupView::states,
              "The state of each instance by map index: its place in `states` of the answer"),
        field("attempts", &TaskGroupView::attempts,
              "The largest number of attempts of an instance"),
        field("started_at", &TaskGroupView::started_at, "Start of the first attempt of all"),
        field("ended_at", &TaskGroupView::ended_at, "When the last instance ended")};
  }
};

struct TaskGroupsView {
  static constexpr std::string_view record_name = "TaskGroups";
  static constexpr std::string_view record_doc =
      "The tasks of a run. A run with 1,000,000 instances fits in one answer.";
  std::int64_t seq = 0;
  std::vector<std::string> states = state_names();
  std::vector<TaskGroupView> groups;

  static constexpr auto fields() {
    return std::tuple{field("seq", &TaskGroupsView::seq,
                            "The journal's events up to this one are part of the answer"),
                      field("states", &TaskGroupsView::states, "The names of the states"),
                      field("groups", &TaskGroupsView::groups, "The tasks, upstream first")};
  }
};

struct GridRunView {
  static constexpr std::string_view record_name = "GridRun";
  static constexpr std::string_view record_doc = "A run as one column of a grid.";
  RunRow run;
  std::vector<int> cells, retried;

  static constexpr auto fields() {
    return std::tuple{
        field("run", &GridRunView::run, "The run"),
        field("cells", &GridRunView::cells,
              "For each of the grid's tasks the place of its state in `states`; of a mapped task "
              "the state that needs attention most; -1: the run has no such task"),
        field("retried", &GridRunView::retried,
              "Places of the tasks with an instance that needed more than one attempt")};
  }
};

struct DagGridView {
  static constexpr std::string_view record_name = "DagGrid";
  static constexpr std::string_view record_doc = "The newest runs of a DAG, task by task.";
  std::vector<std::string> states = state_names();
  std::vector<std::string> tasks;
  std::vector<GridRunView> runs;
  std::optional<Uuid> next;

  static constexpr auto fields() {
    return std::tuple{
        field("states", &DagGridView::states, "The names of the states"),
        field(
            "tasks", &DagGridView::tasks,
            "The tasks of the current version, upstream first, then those of older versions only"),
        field("runs", &DagGridView::runs, "Newest first"),
        field("next", &DagGridView::next,
              "Pass as ?before= for older runs; null if there are none")};
  }
};

}  // namespace millrace::api
