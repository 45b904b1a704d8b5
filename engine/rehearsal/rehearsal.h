// Rehearsal: plays a DAG in virtual time on the real planner, without a database and without
// running an operator. Pure: the same arguments give the same trace.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/core/dag.h"
#include "engine/core/events/common.h"
#include "engine/core/task_state.h"
#include "engine/op/catalog.h"
#include "engine/rehearsal/trace.h"
#include "engine/spec/outcomes_file.h"

namespace millrace {

struct RehearsalOptions {
  /// The DAG is registered just before `from`. Dates from here to `to` fire, both included. A DAG
  /// without a schedule gets one run, for the logical date `from`.
  Time from{}, to{};
  std::uint64_t seed = 1;                       // of the jitter of retries
  Json params = Json::object();                 // in place of the defaults of the DAG's params
  Duration duration = std::chrono::seconds{1};  // of an attempt without an outcome
  int workers = 8;                              // attempts in processes at one time
  int max_events = 100'000;
  Duration max_span = std::chrono::days{3660};  // from `from` to `to`
  /// Runs that are open at `to` go on, at most this long.
  Duration max_overrun = std::chrono::days{366};
};

struct RehearsedRun {
  int number = 0;  // from 1, in the order in which the runs were created
  Time logical_date{}, created{};
  RunStatus status = RunStatus::running;  // open at the end: it waits for a person
  std::optional<Time> finished;
  std::map<std::string, std::vector<TaskState>> tasks;  // of each instance
};

struct Rehearsal {
  std::vector<TraceLine> trace;
  std::vector<RehearsedRun> runs;
  int skipped_dates = 0;  // dates without a run, because an earlier run was open

  const RehearsedRun* find(Time logical_date) const;
};

/// invalid_argument: a span that is too long, params that do not fit, or a scheduled DAG with a
/// param that has no value. resource_exhausted: more than `max_events`.
/// `catalog`: runs noop, wait and fail in virtual time.
Result<Rehearsal> rehearse(const std::shared_ptr<const Dag>& dag, const RehearsalOptions& options,
                           const GivenOutcomes& outcomes, const Catalog& catalog);

}  // namespace millrace
