// How a run of a DAG would go: levels, the longest chain, and with durations of past runs also when
// each task would start at the earliest. Pure.
#pragma once

#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "engine/base/fields.h"
#include "engine/base/time.h"
#include "engine/graph/task_graph.h"

namespace millrace {

struct PlannedTask {
  std::string task, op;
  int level = 0;
  bool longest = false;
  std::optional<Duration> median, start, slack;

  static constexpr auto fields() {
    return std::tuple{
        field("task", &PlannedTask::task, "Its id"),
        field("operator", &PlannedTask::op, "What carries it out"),
        field("level", &PlannedTask::level,
              "Tasks of the longest path to it, with itself; tasks of a level can run at once"),
        field("longest", &PlannedTask::longest, "True: it is part of the longest chain"),
        field("median_us", &PlannedTask::median,
              "Median of its durations, in microseconds; null: there is none"),
        field("start_us", &PlannedTask::start,
              "When it starts at the earliest, in microseconds from the start of the run"),
        field("slack_us", &PlannedTask::slack,
              "How much later it may end without a later end of the run, in microseconds")};
  }
};

struct GraphPlan {
  std::string dag;
  int levels = 0, widest = 0;
  std::vector<PlannedTask> tasks;
  std::vector<std::string> longest_chain;
  std::optional<Duration> length;  // of the longest chain

  static constexpr auto fields() {
    return std::tuple{
        field("dag", &GraphPlan::dag, "The DAG"),
        field("levels", &GraphPlan::levels, "Number of levels"),
        field("widest", &GraphPlan::widest, "Most tasks of a level"),
        field("tasks", &GraphPlan::tasks, "By level, in a level in the order of the file"),
        field("longest_chain", &GraphPlan::longest_chain,
              "Tasks whose durations add up to the most; without durations, the most tasks"),
        field("length_us", &GraphPlan::length, "The sum, in microseconds")};
  }
};

/// `past`: durations of each task in past runs; of no run at all if it is empty. A task without one
/// counts as taking no time.
GraphPlan plan_graph(const TaskGraph& graph, const std::vector<std::vector<Duration>>& past = {});

}  // namespace millrace
