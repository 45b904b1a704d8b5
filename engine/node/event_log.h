// Which events are worth a line in the engine's log: those that stop work without anybody asking.
#pragma once

#include <vector>

#include "engine/core/event.h"

namespace millrace {

/// Retired DAGs, stored DAGs that cannot be compiled, and files whose DAG another file declares
/// too.
void log_events(const std::vector<Event>& events);

}  // namespace millrace
