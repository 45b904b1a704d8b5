// How many retries a failure allows, read from a task by the oracle itself.
#pragma once

#include "engine/base/error.h"
#include "engine/core/dag.h"

namespace millrace::oracle {

/// -1: none, however many are left.
int retries_allowed(const TaskSpec& task, const Error& error);

}  // namespace millrace::oracle
