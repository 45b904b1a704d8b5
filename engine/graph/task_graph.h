// TaskGraph: the tasks of a DAG with what a drawing shows of them. Pure.
#pragma once

#include <string>
#include <tuple>
#include <vector>

#include "engine/base/fields.h"
#include "engine/base/json.h"
#include "engine/base/result.h"
#include "engine/core/dag.h"

namespace millrace {

/// The members are those of a task in the API (GET /api/v1/dags/{dag}).
struct GraphTask {
  std::string id, op;
  std::vector<std::string> needs;
  bool mapped = false;
  std::string condition;     // "": none
  std::string trigger_rule;  // "" or "all_success": the usual one
  std::string repeat_until;  // "": it runs once
  int repeat_max = 0;

  static constexpr auto fields() {
    return std::tuple{
        field("task", &GraphTask::id, "Its id"),
        field("operator", &GraphTask::op, "What carries it out").optional(),
        field("needs", &GraphTask::needs, "Tasks upstream").optional(),
        field("mapped", &GraphTask::mapped, "True: one instance for each item of its foreach")
            .optional(),
        field("condition", &GraphTask::condition, "Its `if`; \"\" without one").optional(),
        field("trigger_rule", &GraphTask::trigger_rule,
              "When it may start, by the ends of its upstream")
            .optional(),
        field("repeat_until", &GraphTask::repeat_until,
              "The condition that ends its iterations; \"\": it runs once")
            .optional(),
        field("repeat_max", &GraphTask::repeat_max, "Its most iterations").optional()};
  }
  /// It may be skipped or run after a failure: it has a condition or an unusual trigger rule.
  bool branches() const;
  /// "foreach", "if: …", "one_failed", "repeat until …", each at most 40 characters long.
  std::vector<std::string> marks() const;
};

/// REQUIRES: acyclic, and `needs` name tasks of it.
struct TaskGraph {
  std::string dag;  // its key
  std::vector<GraphTask> tasks;

  /// The place of each task in `needs` of another, by task.
  std::vector<std::vector<std::size_t>> upstream() const;
};

TaskGraph task_graph_of(const Dag& dag);
/// Of the answer of GET /api/v1/dags/{dag}. `invalid_argument` if it has no acyclic graph.
Result<TaskGraph> read_task_graph(const Json& detail);

}  // namespace millrace
