// Trigger rules: may a task start, now that this much of its upstream has ended? Pure, O(1).
#pragma once

#include "engine/core/dag.h"
#include "engine/core/run.h"

namespace millrace {

enum class Readiness { wait, run, skip, upstream_failed };

/// `all_done`: no upstream instance can still change. A cancelled upstream counts as failed.
Readiness judge(TriggerRule rule, const UpstreamCounts& upstream, bool all_done);

/// The rule of a task without `depends` that is no teardown: its own, or the one that its condition
/// asks for.
TriggerRule rule_of(const Dag::Task& task);

/// Is it certain that a task is in that state when it has ended, or that it is not?
std::optional<bool> value_of(const TaskProgress& task, DependsOn state);

/// May a task of the run start? With `depends`, as soon as that is certainly true. A teardown when
/// all upstream has ended and a setup succeeded.
Readiness readiness_of(const Run& run, int task);

}  // namespace millrace
