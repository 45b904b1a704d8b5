#include "engine/node/node_options.h"

#include <algorithm>
#include <thread>

namespace millrace {

int worker_count(const NodeOptions& options) {
  if (options.workers > 0) return options.workers;
  return std::max(4, 2 * static_cast<int>(std::thread::hardware_concurrency()));
}

}  // namespace millrace
