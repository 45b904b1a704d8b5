// Events about backfills. That a run belongs to one is in its RunCreated.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "engine/base/id.h"
#include "engine/base/json.h"
#include "engine/base/time.h"
#include "engine/core/events/common.h"
#include "engine/core/names.h"

namespace millrace {

enum class BackfillOrder { oldest_first, newest_first };
constexpr std::array<std::string_view, 2> names_of(BackfillOrder) {
  return {"oldest_first", "newest_first"};
}
constexpr std::string_view title_of(BackfillOrder) { return "BackfillOrder"; }

/// Which dates a backfill runs. A date that has an open run when the backfill is created gets
/// none.
enum class Reprocess {
  missing,  // dates without a run
  failed,   // also dates whose newest run failed or was cancelled
  all,
};
constexpr std::array<std::string_view, 3> names_of(Reprocess) {
  return {"missing", "failed", "all"};
}
constexpr std::string_view title_of(Reprocess) { return "Reprocess"; }

enum class BackfillState {
  running,
  paused,      // starts nothing; its open runs go on
  cancelling,  // starts nothing more; its open runs are being cancelled
  completed,   // each date has a run that has ended, however it ended
  cancelled,
};
constexpr std::array<std::string_view, 5> names_of(BackfillState) {
  return {"running", "paused", "cancelling", "completed", "cancelled"};
}
constexpr std::string_view title_of(BackfillState) { return "BackfillState"; }
constexpr bool has_ended(BackfillState state) {
  return state == BackfillState::completed || state == BackfillState::cancelled;
}

struct BackfillCreated {
  static constexpr std::string_view kind = "backfill_created";
  static constexpr std::string_view record_doc = "A backfill began: a run for each of its dates.";
  Uuid backfill;
  DagKey dag;
  BackfillOrder order = BackfillOrder::oldest_first;
  int max_active_runs = 1;
  Reprocess reprocess = Reprocess::missing;
  Json params = Json::object();
  std::vector<Time> dates;  // in the order in which their runs are created
  int skipped = 0;
  Origin origin;

  static constexpr auto fields() {
    return std::tuple{
        field("backfill", &BackfillCreated::backfill, "The backfill"),
        field("", &BackfillCreated::dag, "The DAG"),
        field("order", &BackfillCreated::order, "Which dates come first"),
        field("max_active_runs", &BackfillCreated::max_active_runs,
              "No run is created while this many runs of the backfill are open"),
        field("reprocess", &BackfillCreated::reprocess, "Which dates get a run"),
        field("params", &BackfillCreated::params, "Values for the DAG's params, as given")
            .optional(),
        field("dates", &BackfillCreated::dates, "The logical dates, in the order of their runs"),
        field("skipped", &BackfillCreated::skipped, "Dates of the request that get no run")
            .optional(),
        field("origin", &BackfillCreated::origin, "Who asked, and why").optional()};
  }
};

struct BackfillPaused {
  static constexpr std::string_view kind = "backfill_paused";
  static constexpr std::string_view record_doc =
      "A backfill was paused or resumed; by the engine: the params do not fit the DAG any more.";
  Uuid backfill;
  bool paused = true;
  Origin origin;

  static constexpr auto fields() {
    return std::tuple{field("backfill", &BackfillPaused::backfill, "The backfill"),
                      field("paused", &BackfillPaused::paused, "False: it was resumed"),
                      field("origin", &BackfillPaused::origin, "Who asked, and why").optional()};
  }
};

struct BackfillCancelRequested {
  static constexpr std::string_view kind = "backfill_cancel_requested";
  static constexpr std::string_view record_doc =
      "A backfill starts no more runs, and its open runs are cancelled.";
  Uuid backfill;
  Origin origin;

  static constexpr auto fields() {
    return std::tuple{
        field("backfill", &BackfillCancelRequested::backfill, "The backfill"),
        field("origin", &BackfillCancelRequested::origin, "Who asked, and why").optional()};
  }
};

struct BackfillEnded {
  static constexpr std::string_view kind = "backfill_ended";
  static constexpr std::string_view record_doc = "The last run of a backfill has ended.";
  Uuid backfill;
  BackfillState state = BackfillState::completed;

  static constexpr auto fields() {
    return std::tuple{field("backfill", &BackfillEnded::backfill, "The backfill"),
                      field("state", &BackfillEnded::state, "completed or cancelled")};
  }
};

}  // namespace millrace
