// Views of backfills: what REST clients see, as records.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <tuple>
#include <vector>

#include "engine/base/record_json.h"
#include "engine/core/backfill.h"
#include "engine/store/backfill_rows.h"

namespace millrace::api {

struct BackfillPage {
  static constexpr std::string_view record_name = "BackfillPage";
  static constexpr std::string_view record_doc = "A page of backfills, newest first.";
  std::vector<BackfillRow> backfills;
  std::optional<Uuid> next;  // `before` of the next page

  static constexpr auto fields() {
    return std::tuple{
        field("backfills", &BackfillPage::backfills, "The backfills"),
        field("next", &BackfillPage::next, "Pass as ?before= for the next page; null on the last")};
  }
};

struct BackfillDetailView {
  static constexpr std::string_view record_name = "BackfillDetail";
  static constexpr std::string_view record_doc = "A backfill with a page of its dates.";
  BackfillRow backfill;
  std::vector<BackfillDateRow> dates;
  std::optional<int> next;

  static constexpr auto fields() {
    return std::tuple{
        field("backfill", &BackfillDetailView::backfill, "The backfill, with counts of its dates"),
        field("dates", &BackfillDetailView::dates, "Its dates, in the order of their runs"),
        field("next", &BackfillDetailView::next,
              "Pass as ?from= for the next dates; null after the last")};
  }
};

struct BackfillPlanView {
  static constexpr std::string_view record_name = "BackfillResult";
  static constexpr std::string_view record_doc = "A backfill that was created, or its plan.";
  std::optional<Uuid> backfill;
  bool created = true;
  bool handled = true;
  std::optional<int> dates, skipped;
  std::optional<std::vector<PlannedDate>> plan;

  static constexpr auto fields() {
    return std::tuple{
        field("backfill", &BackfillPlanView::backfill, "The backfill; null for a dry run"),
        field("created", &BackfillPlanView::created,
              "False: a dry run, or an earlier request with this Idempotency-Key made it"),
        field("handled", &BackfillPlanView::handled,
              "False: accepted and durable, the engine has not answered yet"),
        field("dates", &BackfillPlanView::dates,
              "Dates that get a run; null if the engine has not answered"),
        field("skipped", &BackfillPlanView::skipped,
              "Dates of the request that get no run; null if the engine has not answered"),
        field("plan", &BackfillPlanView::plan,
              "What is done with each date, in the order of the runs; null unless it is a dry "
              "run")};
  }
};

}  // namespace millrace::api
