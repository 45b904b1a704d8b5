// `depends` as the oracle reads it: with its own reader, and by trying every way in which the tasks
// that have not ended may still end.
#pragma once

#include "engine/core/run.h"

namespace millrace::oracle {

/// The expression has this value, however the open tasks end. REQUIRES: it names few tasks.
bool depends_is_certain(const Run& run, const TaskSpec& spec, bool value);

/// A task that it names has failed, was cancelled or could not start.
bool depends_met_a_failure(const Run& run, const TaskSpec& spec);

}  // namespace millrace::oracle
