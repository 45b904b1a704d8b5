// Bodies of requests, as records. An endpoint declares `body_fields<Body>()` and reads the body
// that was found valid by `call.body<Body>()`.
#pragma once

#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "engine/base/record_json.h"
#include "engine/core/backfill.h"

namespace millrace::api {

constexpr auto kReasonDoc = "Why; kept in the journal";
constexpr std::size_t kMaxReasonBytes = 2000;

struct PatchDagBody {
  bool paused = false;
  std::string reason;

  static constexpr auto fields() {
    return std::tuple{
        field("paused", &PatchDagBody::paused, "True: pause"),
        field("reason", &PatchDagBody::reason, kReasonDoc).at_most(kMaxReasonBytes).optional()};
  }
};

struct ReasonBody {
  std::string reason;

  static constexpr auto fields() {
    return std::tuple{
        field("reason", &ReasonBody::reason, kReasonDoc).at_most(kMaxReasonBytes).optional()};
  }
};

struct LintBody {
  std::string text;
  std::string file = "dag.yaml";

  static constexpr auto fields() {
    return std::tuple{field("text", &LintBody::text, "The file's text"),
                      field("file", &LintBody::file, "What the diagnostics call it").optional()};
  }
};

struct TriggerRunBody {
  Json params;
  std::optional<std::string> logical_date;  // as it was written: the offset may be missing
  std::string reason;

  static constexpr auto fields() {
    return std::tuple{
        field("params", &TriggerRunBody::params, "Values for the DAG's params").object().optional(),
        field("logical_date", &TriggerRunBody::logical_date,
              "The date the run stands for; without an offset, in the DAG's time zone")
            .date_time()
            .optional(),
        field("reason", &TriggerRunBody::reason, kReasonDoc).at_most(kMaxReasonBytes).optional()};
  }
};

struct CreateBackfillBody {
  std::string from, to;
  std::vector<std::string> dates;
  BackfillOrder order = BackfillOrder::oldest_first;
  int max_active_runs = 4;
  Reprocess reprocess = Reprocess::missing;
  Json params;
  bool dry_run = false;
  std::string reason;

  static constexpr auto fields() {
    using Body = CreateBackfillBody;
    return std::tuple{
        field("from", &Body::from,
              "First logical date, inclusive; without an offset, in the DAG's time zone")
            .at_most(64)
            .optional(),
        field("to", &Body::to, "Last logical date, inclusive; a date alone includes the whole day")
            .at_most(64)
            .optional(),
        field("dates", &Body::dates,
              "Logical dates, in place of from and to; a date alone means the dates of that day")
            .at_most(64)
            .optional(),
        field("order", &Body::order, "oldest_first (default) or newest_first").optional(),
        field("max_active_runs", &Body::max_active_runs,
              "No run is created while this many runs of the backfill are open; default 4")
            .range(1, 1000)
            .optional(),
        field("reprocess", &Body::reprocess,
              "missing (default): dates without a run; failed: also those whose newest run failed "
              "or was cancelled; all")
            .optional(),
        field("params", &Body::params, "Values for the DAG's params").object().optional(),
        field("dry_run", &Body::dry_run, "True: only answer what would be done").optional(),
        field("reason", &Body::reason, kReasonDoc).at_most(kMaxReasonBytes).optional()};
  }
};

struct CancelRunBody {
  bool force = false;
  std::string reason;

  static constexpr auto fields() {
    return std::tuple{
        field("force", &CancelRunBody::force, "End programs at once, without their kill_grace")
            .optional(),
        field("reason", &CancelRunBody::reason, kReasonDoc).at_most(kMaxReasonBytes).optional()};
  }
};

struct CancelTaskBody {
  std::optional<int> map_index;
  bool force = false;
  std::string reason;

  static constexpr auto fields() {
    return std::tuple{
        field("map_index", &CancelTaskBody::map_index,
              "Which instance of a mapped task; none: all of them")
            .range(0, 1'000'000)
            .optional(),
        field("force", &CancelTaskBody::force, "End programs at once, without their kill_grace")
            .optional(),
        field("reason", &CancelTaskBody::reason, kReasonDoc).at_most(kMaxReasonBytes).optional()};
  }
};

struct ResumeTaskBody {
  std::optional<int> map_index;
  Json params;
  std::string reason;

  static constexpr auto fields() {
    return std::tuple{
        field("map_index", &ResumeTaskBody::map_index,
              "Which instance of a mapped task; none: all that are held")
            .range(0, 1'000'000)
            .optional(),
        field("params", &ResumeTaskBody::params,
              "Other values of the run's params, for this task from now on")
            .object()
            .optional(),
        field("reason", &ResumeTaskBody::reason, kReasonDoc).at_most(kMaxReasonBytes).optional()};
  }
};

struct FailHeldTaskBody {
  std::optional<int> map_index;
  std::string reason;

  static constexpr auto fields() {
    return std::tuple{
        field("map_index", &FailHeldTaskBody::map_index,
              "Which instance of a mapped task; none: all that are held")
            .range(0, 1'000'000)
            .optional(),
        field("reason", &FailHeldTaskBody::reason, kReasonDoc).at_most(kMaxReasonBytes).optional()};
  }
};

struct RetryRunBody {
  std::vector<std::string> tasks;  // none: those that did not succeed
  std::string reason;

  static constexpr auto fields() {
    return std::tuple{
        field("tasks", &RetryRunBody::tasks, "Task ids").at_most(128).optional(),
        field("reason", &RetryRunBody::reason, kReasonDoc).at_most(kMaxReasonBytes).optional()};
  }
};

struct RollbackModelBody {
  std::string reason;
  std::string artifact;

  static constexpr auto fields() {
    return std::tuple{
        field("reason", &RollbackModelBody::reason, kReasonDoc).at_most(kMaxReasonBytes).optional(),
        field("artifact", &RollbackModelBody::artifact, "Digest of the version")
            .at_most(64)
            .optional()};
  }
};

struct ReleaseModelBody {
  std::string artifact;
  std::string reason;

  static constexpr auto fields() {
    return std::tuple{
        field("artifact", &ReleaseModelBody::artifact, "Digest of the version").at_most(64),
        field("reason", &ReleaseModelBody::reason, "Why, for the journal").at_most(1000)};
  }
};

}  // namespace millrace::api
