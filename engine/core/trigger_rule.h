// Trigger rules: may a task start, now that this much of its upstream has ended? Pure, O(1).
#pragma once

#include "engine/core/dag.h"
#include "engine/core/run.h"

namespace millrace {

enum class Readiness { wait, run, skip, upstream_failed };

/// `all_done`: no upstream instance can still change. A cancelled upstream counts as failed.
Readiness judge(TriggerRule rule, const UpstreamCounts& upstream, bool all_done);

/// The rule of a task that is no teardown: its own, or the one that its condition asks for.
TriggerRule rule_of(const Dag::Task& task);

/// May a task of the run start? A teardown when all upstream has ended and a setup succeeded.
Readiness readiness_of(const Run& run, int task);

}  // namespace millrace
