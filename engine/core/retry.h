// Whether and when a failed attempt is tried again. Pure.
#pragma once

#include <optional>

#include "engine/base/clock.h"
#include "engine/base/error.h"
#include "engine/core/dag.h"

namespace millrace {

/// What applies to `task` after an attempt ended with `error`: the keys of the first rule that fits
/// it, and of the task. nullopt: no retry, because a rule or the error itself says so, or because
/// the attempt was cancelled or fenced.
std::optional<RetryPolicy> retries_after(const Dag::Task& task, const Error& error);

/// The delay before the retry that follows failure number `failures` (from 1). Growth is capped
/// before it can overflow; `chance` in [0, 1) spreads it by ± jitter.
Duration retry_delay(const RetryPolicy& policy, int failures, double chance);

}  // namespace millrace
