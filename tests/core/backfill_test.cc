// Which dates a backfill runs. Dates were counted on a calendar of February 2026; in Berlin, noon
// is 11:00 UTC in winter.
#include "engine/core/backfill.h"

#include <gtest/gtest.h>

namespace millrace {
namespace {

Time at(std::string_view text) { return *parse_rfc3339(text); }

Dag daily(const std::string& cron = "0 12 * * *", const std::string& zone = "Europe/Berlin") {
  DagSpec spec;
  spec.id = "daily";
  if (!cron.empty()) spec.schedule = CronSpec{cron, zone};
  spec.params = {{"year", Json::object({{"type", "integer"}, {"default", 2026}})}};
  spec.tasks.resize(1);
  spec.tasks[0].id = "only";
  spec.tasks[0].op = "fake";
  return *Dag::make(std::move(spec));
}

const Time kNow = at("2026-02-20T18:00:00Z");

std::string refusal(const CreateBackfill& request, const Dag& dag = daily()) {
  const auto dates = backfill_dates(dag, request, kNow);
  return dates ? "" : dates.error().message;
}

CreateBackfill range(std::string from, std::string to) {
  return {.dag = "daily", .from = std::move(from), .to = std::move(to)};
}
CreateBackfill named(std::vector<std::string> dates) {
  return {.dag = "daily", .dates = std::move(dates)};
}

TEST(BackfillDates, ARangeHasTheFiringsOfTheScheduleFromItsFirstToItsLastDay) {
  const auto dates = backfill_dates(daily(), range("2026-02-01", "2026-02-03"), kNow);
  ASSERT_TRUE(dates.ok()) << dates.error().message;
  EXPECT_EQ((std::vector{at("2026-02-01T11:00:00Z"), at("2026-02-02T11:00:00Z"),
                         at("2026-02-03T11:00:00Z")}),
            *dates);
}

TEST(BackfillDates, AnInstantThatIsGivenIsIncluded) {
  const auto dates =
      backfill_dates(daily(), range("2026-02-01T12:00:00", "2026-02-02T11:00:00Z"), kNow);
  ASSERT_TRUE(dates.ok()) << dates.error().message;
  EXPECT_EQ(2u, dates->size());
}

TEST(BackfillDates, ADayMeansItsFiringsAndEachDateComesOnce) {
  const auto dates =
      backfill_dates(daily(), named({"2026-02-05", "2026-02-03", "2026-02-05T12:00:00"}), kNow);
  ASSERT_TRUE(dates.ok()) << dates.error().message;
  EXPECT_EQ((std::vector{at("2026-02-03T11:00:00Z"), at("2026-02-05T11:00:00Z")}), *dates);
}

TEST(BackfillDates, WithoutAScheduleEachInstantIsADate) {
  const Dag dag = daily("");
  const auto dates = backfill_dates(dag, named({"2026-02-05T03:04:05Z"}), kNow);
  ASSERT_TRUE(dates.ok()) << dates.error().message;
  EXPECT_EQ((std::vector{at("2026-02-05T03:04:05Z")}), *dates);
  EXPECT_EQ("DAG 'daily' has no schedule, so a range has no dates; name them with dates",
            refusal(range("2026-02-01", "2026-02-03"), dag));
}

TEST(BackfillDates, RefusesWhatHasNoDates) {
  EXPECT_EQ("a backfill needs dates, or from and to", refusal({.dag = "daily"}));
  EXPECT_EQ("a range needs from and to; to is missing", refusal(range("2026-02-01", "")));
  EXPECT_EQ("to 2026-02-01 is before from 2026-02-03", refusal(range("2026-02-03", "2026-02-01")));
  EXPECT_EQ(
      "the schedule '0 12 * * *' has no date from 2026-02-01T13:00:00 to 2026-02-01T14:00:00; its "
      "next date is 2026-02-02T11:00:00Z",
      refusal(range("2026-02-01T13:00:00", "2026-02-01T14:00:00")));
  CreateBackfill both = range("2026-02-01", "2026-02-03");
  both.dates = {"2026-02-05"};
  EXPECT_EQ("a backfill has either dates, or from and to; both are given", refusal(both));
}

TEST(BackfillDates, RefusesADateThatIsNotOfTheSchedule) {
  EXPECT_EQ(
      "2026-02-05T13:00:00 is no date of the schedule '0 12 * * *'; the next one is "
      "2026-02-06T11:00:00Z",
      refusal(named({"2026-02-05T13:00:00"})));
  EXPECT_EQ(
      "2026-02-07 is a day without a date of the schedule '0 12 * * mon'; the next one is "
      "2026-02-09T11:00:00Z",
      refusal(named({"2026-02-07"}), daily("0 12 * * mon")));
}

TEST(BackfillDates, RefusesADateThatIsStillToCome) {
  EXPECT_EQ(
      "the date 2026-02-22T11:00:00Z is still to come; the last date so far is "
      "2026-02-20T11:00:00Z",
      refusal(range("2026-02-01", "2026-02-22")));
}

TEST(BackfillDates, RefusesParamsThatDoNotFit) {
  CreateBackfill request = range("2026-02-01", "2026-02-03");
  request.params = Json::object({{"year", "soon"}});
  EXPECT_EQ("param 'year' is \"soon\"; expected a value of type integer", refusal(request));
}

// 6 days, 22 hours and 40 minutes have 10,000 minutes.
TEST(BackfillDates, TakesTenThousandDatesAndNoMore) {
  const Dag minutely = daily("* * * * *", "UTC");
  const auto dates =
      backfill_dates(minutely, range("2026-02-01T00:00:00Z", "2026-02-07T22:39:00Z"), kNow);
  ASSERT_TRUE(dates.ok()) << dates.error().message;
  EXPECT_EQ(10'000u, dates->size());
  EXPECT_EQ("a backfill has at most 10000 dates; split the request",
            refusal(range("2026-02-01T00:00:00Z", "2026-02-07T22:40:00Z"), minutely));
}

class BackfillPlan : public ::testing::Test {
 protected:
  /// "run no run" for the first date, and so on.
  std::vector<std::string> plan(Reprocess reprocess) {
    CreateBackfill request{.dag = "daily"};
    request.reprocess = reprocess;
    request.order = order;
    std::vector<std::string> out;
    for (const auto& date : plan_backfill(dates, request, facts))
      out.push_back(std::string(name_of(date.action)) + " " + date.reason);
    return out;
  }
  void fact(std::size_t date, RunStatus status) {
    facts[dates[date]] = {dates[date], Uuid{0, date}, status, {}};
  }

  const std::vector<Time> dates{Time{Duration{1}}, Time{Duration{2}}, Time{Duration{3}},
                                Time{Duration{4}}};
  DateFacts facts;
  BackfillOrder order = BackfillOrder::oldest_first;
  const std::string run = "run 00000000-0000-0000-0000-00000000000";
};

TEST_F(BackfillPlan, MissingRunsTheDatesWithoutARun) {
  fact(1, RunStatus::success);
  fact(2, RunStatus::failed);
  EXPECT_EQ((std::vector<std::string>{"run no run", "skip " + run + "1 ended: success",
                                      "skip " + run + "2 ended: failed", "run no run"}),
            plan(Reprocess::missing));
}

TEST_F(BackfillPlan, FailedAlsoRunsThoseThatFailedOrWereCancelled) {
  fact(1, RunStatus::success);
  fact(2, RunStatus::failed);
  fact(3, RunStatus::cancelled);
  EXPECT_EQ((std::vector<std::string>{"run no run", "skip " + run + "1 ended: success",
                                      "run " + run + "2 ended: failed",
                                      "run " + run + "3 ended: cancelled"}),
            plan(Reprocess::failed));
}

TEST_F(BackfillPlan, NoPolicyRunsADateWithAnOpenRunOrOneThatAnotherBackfillWillRun) {
  fact(0, RunStatus::success);
  fact(1, RunStatus::running);
  fact(2, RunStatus::queued);
  facts[dates[3]] = {dates[3], {}, RunStatus::running, Uuid{0, 9}};
  EXPECT_EQ(
      (std::vector<std::string>{"run " + run + "0 ended: success", "skip " + run + "1 is open",
                                "skip " + run + "2 is open",
                                "skip waits in backfill 00000000-0000-0000-0000-000000000009"}),
      plan(Reprocess::all));
}

TEST_F(BackfillPlan, TheNewestDateComesFirstOnRequest) {
  order = BackfillOrder::newest_first;
  fact(0, RunStatus::success);
  EXPECT_EQ((std::vector<std::string>{"run no run", "run no run", "run no run",
                                      "skip " + run + "0 ended: success"}),
            plan(Reprocess::missing));
}

TEST_F(BackfillPlan, APlanThatRunsNothingIsRefusedWithTheReasonOfItsFirstDate) {
  for (std::size_t i = 0; i < dates.size(); ++i) fact(i, RunStatus::success);
  const auto checked = check_not_empty(plan_backfill(dates, {.dag = "daily"}, facts));
  ASSERT_FALSE(checked.ok());
  EXPECT_EQ("no date needs a run: 1970-01-01T00:00:00.000001Z: " + run +
                "0 ended: success, and 3 more dates are skipped; reprocess says which dates run",
            checked.error().message);
}

}  // namespace
}  // namespace millrace
