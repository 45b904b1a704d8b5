// When a failed attempt is tried again. Pure.
#pragma once

#include "engine/base/clock.h"
#include "engine/core/dag.h"

namespace millrace {

/// The delay before the retry that follows failure number `failures` (from 1). Growth is capped
/// before it can overflow; `chance` in [0, 1) spreads it by ± jitter.
Duration retry_delay(const RetryPolicy& policy, int failures, double chance);

}  // namespace millrace
