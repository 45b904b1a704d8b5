// Backfills: runs of a DAG for many logical dates, as one object. The commands, and the plan: which
// dates get a run. Pure. The engine and the dry run of the API make the plan with the same facts.
#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "engine/base/json.h"
#include "engine/base/record_json.h"
#include "engine/base/result.h"
#include "engine/base/time.h"
#include "engine/core/dag.h"
#include "engine/core/events/backfill_events.h"

namespace millrace {

inline constexpr std::size_t kMostBackfillDates = 10'000;

struct CreateBackfill {
  static constexpr std::string_view kind = "create_backfill";
  struct Answer {
    Uuid backfill;
    int dates = 0, skipped = 0;

    static constexpr auto fields() {
      return std::tuple{field("backfill", &Answer::backfill, "The backfill"),
                        field("dates", &Answer::dates, "Dates that get a run"),
                        field("skipped", &Answer::skipped, "Dates of the request that get no run")};
    }
  };
  std::string dag;
  std::string from = {}, to = {};
  std::vector<std::string> dates = {};
  BackfillOrder order = BackfillOrder::oldest_first;
  int max_active_runs = 4;
  Reprocess reprocess = Reprocess::missing;
  Json params = Json::object();

  static constexpr auto fields() {
    return std::tuple{
        field("dag", &CreateBackfill::dag, "The DAG's id").not_empty(),
        field("from", &CreateBackfill::from,
              "First logical date; without an offset, in the DAG's time zone")
            .at_most(64)
            .optional(),
        field("to", &CreateBackfill::to, "Last logical date; a date alone includes the whole day")
            .at_most(64)
            .optional(),
        field("dates", &CreateBackfill::dates, "Logical dates, in place of from and to")
            .at_most(64)
            .optional(),
        field("order", &CreateBackfill::order, "Which dates come first").optional(),
        field("max_active_runs", &CreateBackfill::max_active_runs,
              "Maximum number of open runs of this backfill")
            .range(1, 1000)
            .optional(),
        field("reprocess", &CreateBackfill::reprocess, "Which dates get a run").optional(),
        field("params", &CreateBackfill::params, "Values for the DAG's params").optional()};
  }
};

/// Names the backfill that a command changed.
struct BackfillAnswer {
  Uuid backfill;

  static constexpr auto fields() {
    return std::tuple{field("backfill", &BackfillAnswer::backfill, "The backfill")};
  }
};

struct PauseBackfill {
  static constexpr std::string_view kind = "pause_backfill";
  using Answer = BackfillAnswer;
  Uuid backfill;
  bool paused = true;

  static constexpr auto fields() {
    return std::tuple{field("backfill", &PauseBackfill::backfill, "The backfill"),
                      field("paused", &PauseBackfill::paused, "False: resume").optional()};
  }
};

/// Its open runs are cancelled, and no more are created.
struct CancelBackfill {
  static constexpr std::string_view kind = "cancel_backfill";
  using Answer = BackfillAnswer;
  Uuid backfill;

  static constexpr auto fields() {
    return std::tuple{field("backfill", &CancelBackfill::backfill, "The backfill")};
  }
};

/// What is known of one logical date of a DAG.
struct DateFact {
  static constexpr std::string_view record_name = "DateFact";
  Time date{};
  std::optional<Uuid> run;  // the newest run of the date, of any type
  RunStatus status = RunStatus::running;
  std::optional<Uuid> backfill;  // an open one, which has still to create its run of the date

  static constexpr auto fields() {
    return std::tuple{
        field("date", &DateFact::date, "The logical date"),
        field("run", &DateFact::run, "Its newest run; null: none"),
        field("status", &DateFact::status, "The status of the run"),
        field("backfill", &DateFact::backfill,
              "An open backfill that has still to create its run of the date; null: none")};
  }
};
using DateFacts = std::map<Time, DateFact>;

enum class DateAction { run, skip };
constexpr std::array<std::string_view, 2> names_of(DateAction) { return {"run", "skip"}; }
constexpr std::string_view title_of(DateAction) { return "DateAction"; }

struct PlannedDate {
  static constexpr std::string_view record_name = "PlannedDate";
  static constexpr std::string_view record_doc = "What a backfill does with a logical date.";
  Time logical_date{};
  DateAction action = DateAction::run;
  std::string reason;

  static constexpr auto fields() {
    return std::tuple{field("logical_date", &PlannedDate::logical_date, "The date"),
                      field("action", &PlannedDate::action, "run or skip"),
                      field("reason", &PlannedDate::reason, "Why")};
  }
};

/// The logical dates of the request, oldest first, each once. `invalid_argument` for a date that
/// does not exist, is not of the schedule or is still to come, for no date at all, for more than
/// kMostBackfillDates, and for params that do not fit.
Result<std::vector<Time>> backfill_dates(const Dag& dag, const CreateBackfill& request, Time now);

/// What is done with each of the dates, in the order of their runs.
std::vector<PlannedDate> plan_backfill(const std::vector<Time>& dates,
                                       const CreateBackfill& request, const DateFacts& facts);
/// Dates of a plan that get a run.
std::vector<Time> dates_to_run(const std::vector<PlannedDate>& plan);
/// `invalid_argument` unless a date gets a run.
Status check_not_empty(const std::vector<PlannedDate>& plan);

}  // namespace millrace
