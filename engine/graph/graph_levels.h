// Which tasks of a DAG may run at the same time, and which chain of tasks takes longest. Pure.
#pragma once

#include <cstddef>
#include <vector>

#include "engine/base/time.h"
#include "engine/graph/task_graph.h"

namespace millrace {

/// Places of tasks by the length of their longest path from a task without `needs`; in a level, in
/// the order of the file. Tasks of a cycle are in no level.
std::vector<std::vector<std::size_t>> levels_of(const TaskGraph& graph);

struct LongestChain {
  std::vector<std::size_t> tasks;  // upstream before downstream
  Duration length{};               // the sum of their durations
};
/// REQUIRES: one duration for each task, none negative. Of two chains with the same length, the one
/// with more tasks; of two equal ones, the one whose tasks are first in the file.
LongestChain longest_chain(const TaskGraph& graph, const std::vector<Duration>& durations);

}  // namespace millrace
