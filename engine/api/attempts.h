// Attempts of a task instance, folded from its run's events.
#pragma once

#include <span>
#include <vector>

#include "engine/api/views_run.h"
#include "engine/core/event.h"

namespace millrace::api {

/// Oldest first. `events`: of one run, in order.
std::vector<AttemptView> attempts_of(std::span<const Event> events, TaskRef ref);

}  // namespace millrace::api
