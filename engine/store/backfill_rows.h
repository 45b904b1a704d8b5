// Rows about backfills.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

#include "engine/base/id.h"
#include "engine/base/json.h"
#include "engine/base/time.h"
#include "engine/core/events/backfill_events.h"
#include "engine/core/events/common.h"
#include "engine/core/names.h"

namespace millrace {

struct BackfillRow {
  static constexpr std::string_view record_name = "Backfill";
  static constexpr std::string_view record_doc = "Runs of a DAG for many logical dates.";
  Uuid backfill;
  std::string dag;
  std::string namespace_{kDefaultNamespace};
  DagKey key() const { return {namespace_, dag}; }
  BackfillState state = BackfillState::running;
  BackfillOrder order = BackfillOrder::oldest_first;
  int max_active_runs = 1;
  Reprocess reprocess = Reprocess::missing;
  Json params = Json::object();
  Time first_date{}, last_date{};
  std::int64_t dates = 0, skipped = 0;
  std::int64_t waiting = 0, running = 0, success = 0, failed = 0, cancelled = 0;
  std::string actor;
  std::string on_behalf_of;
  std::string reason;
  std::string pause_reason;
  Time created_at{};
  std::optional<Time> ended_at;

  static constexpr auto fields() {
    return std::tuple{
        field("backfill", &BackfillRow::backfill, "Its id; ids sort by creation time"),
        field("dag", &BackfillRow::dag, "The DAG's id"),
        field("namespace", &BackfillRow::namespace_, "The namespace of the DAG"),
        field("state", &BackfillRow::state,
              "running, paused (its open runs go on), cancelling, completed (each date has a run "
              "that has ended, however it ended) or cancelled"),
        field("order", &BackfillRow::order, "Which dates come first"),
        field("max_active_runs", &BackfillRow::max_active_runs,
              "No run is created while this many of its runs are open"),
        field("reprocess", &BackfillRow::reprocess,
              "Which dates it runs: missing (those without a run), failed (also those whose newest "
              "run failed or was cancelled) or all"),
        field("params", &BackfillRow::params, "Values for the DAG's params, as given"),
        field("first_date", &BackfillRow::first_date, "The earliest of its dates"),
        field("last_date", &BackfillRow::last_date, "The latest of its dates"),
        field("dates", &BackfillRow::dates, "How many dates it runs"),
        field("skipped", &BackfillRow::skipped, "Dates of the request that get no run"),
        field("waiting", &BackfillRow::waiting, "Dates without a run so far"),
        field("running", &BackfillRow::running, "Dates whose run is open"),
        field("success", &BackfillRow::success, "Dates whose run succeeded"),
        field("failed", &BackfillRow::failed, "Dates whose run failed"),
        field(
            "cancelled", &BackfillRow::cancelled,
            "Dates whose run was cancelled, or which got none because the backfill was cancelled"),
        field("actor", &BackfillRow::actor, "Who asked for it"),
        field("on_behalf_of", &BackfillRow::on_behalf_of,
              "For whom, as the client says; nothing checks it"),
        field("reason", &BackfillRow::reason, "Why, as they said"),
        field("pause_reason", &BackfillRow::pause_reason,
              "Why it is paused; \"\": no reason was given, or it is not paused"),
        field("created_at", &BackfillRow::created_at, "When it was created"),
        field("ended_at", &BackfillRow::ended_at,
              "When its last run ended; null while it is open")};
  }
};

enum class DateState { waiting, running, success, failed, cancelled };
constexpr std::array<std::string_view, 5> names_of(DateState) {
  return {"waiting", "running", "success", "failed", "cancelled"};
}
constexpr std::string_view title_of(DateState) { return "DateState"; }
constexpr DateState date_state_of(RunStatus status) {
  switch (status) {
    case RunStatus::success:
      return DateState::success;
    case RunStatus::failed:
      return DateState::failed;
    case RunStatus::cancelled:
      return DateState::cancelled;
    case RunStatus::queued:
    case RunStatus::running:
      break;
  }
  return DateState::running;
}

struct BackfillDateRow {
  static constexpr std::string_view record_name = "BackfillDate";
  static constexpr std::string_view record_doc = "A logical date of a backfill.";
  int position = 0;
  Time logical_date{};
  DateState state = DateState::waiting;
  std::optional<Uuid> run;

  static constexpr auto fields() {
    return std::tuple{
        field("position", &BackfillDateRow::position, "Its place in the order of the runs, from 0"),
        field("logical_date", &BackfillDateRow::logical_date, "The date"),
        field("state", &BackfillDateRow::state,
              "waiting: its run is not created yet; otherwise how its run stands"),
        field("run", &BackfillDateRow::run, "Its run; null: none was created")};
  }
};

}  // namespace millrace
