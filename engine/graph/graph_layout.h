// A layered drawing of a DAG, left to right. The layer of a task is its level. A few barycentre
// sweeps find the order within a layer (Sugiyama, Tagawa and Toda 1981). An edge over several
// layers has its own place in each layer that it passes, so that it runs between the tasks. The
// dashboard draws in the same way (web/src/parts/layout.ts). Pure.
#pragma once

#include <cstddef>
#include <vector>

#include "engine/graph/task_graph.h"

namespace millrace {

struct GraphPoint {
  double x = 0, y = 0;
};

struct NodeSize {
  double width = 0, height = 0;
};

struct GraphLayout {
  std::vector<GraphPoint> nodes;  // upper left corners, by task
  /// For each edge, in the order of the tasks and their needs: the right end of its first task, the
  /// two ends of each place that it passes, and the left end of its last task.
  std::vector<std::vector<GraphPoint>> routes;
  double width = 0, height = 0;
};

GraphLayout lay_out(const TaskGraph& graph, NodeSize node);

}  // namespace millrace
