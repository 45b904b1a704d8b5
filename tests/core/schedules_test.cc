// Which DAG fires next. Dates are those of cron's manual, crontab(5): "30 4 1,15 * 5" fires "at
// 4:30 am on the 1st and 15th of each month, plus every Friday", "0 22 * * 1-5" "at 10 pm on
// weekdays", "5 4 * * sun" "at 5 after 4 every Sunday". 1 February 2001 was a Thursday.
#include "engine/core/planner/schedules.h"

#include <gtest/gtest.h>

#include "engine/core/timetable.h"

namespace millrace {
namespace {

Time instant(std::string_view text) { return *parse_rfc3339(text); }

struct Cron {
  const char* dag;
  const char* expression;
};
constexpr Cron kCrons[] = {
    {"payday", "30 4 1,15 * 5"}, {"evening", "0 22 * * 1-5"}, {"sunday", "5 4 * * sun"}};

struct Firing {
  const char* dag;
  const char* at;
};
/// In the order of time, from the midnight before.
constexpr Firing kExpected[] = {
    {"payday", "2001-02-01T04:30:00Z"},  {"evening", "2001-02-01T22:00:00Z"},
    {"payday", "2001-02-02T04:30:00Z"},  {"evening", "2001-02-02T22:00:00Z"},
    {"sunday", "2001-02-04T04:05:00Z"},  {"evening", "2001-02-05T22:00:00Z"},
    {"evening", "2001-02-06T22:00:00Z"}, {"evening", "2001-02-07T22:00:00Z"},
    {"evening", "2001-02-08T22:00:00Z"}, {"payday", "2001-02-09T04:30:00Z"},
};

TEST(Firings, ComeInTheOrderOfTheirDates) {
  Schedules schedules;
  std::map<std::string, Timetable> timetables;
  for (const auto& [dag, expression] : kCrons) {
    timetables.emplace(dag, *Timetable::cron({expression, "UTC", DstPolicy::run_once}));
    schedules.plan(dag, timetables.at(dag).next(instant("2001-01-31T23:59:59Z")));
  }
  for (const auto& [dag, date] : kExpected) {
    ASSERT_EQ(schedules.next(), instant(date)) << dag;
    EXPECT_EQ(schedules.due(instant(date) - Duration{1}), std::nullopt);
    ASSERT_EQ(schedules.due(instant(date)), dag) << date;
    schedules.plan(dag, timetables.at(dag).next(instant(date)));
  }
}

TEST(Firings, APlanReplacesTheOneBefore) {
  Schedules schedules;
  schedules.plan("a", instant("2001-02-01T01:00:00Z"));
  schedules.plan("a", instant("2001-02-01T03:00:00Z"));
  schedules.plan("b", instant("2001-02-01T02:00:00Z"));
  EXPECT_EQ(schedules.due(instant("2001-02-01T09:00:00Z")), "b");
  schedules.plan("b", std::nullopt);
  EXPECT_EQ(schedules.due(instant("2001-02-01T09:00:00Z")), "a");
  schedules.plan("a", std::nullopt);
  EXPECT_EQ(schedules.next(), std::nullopt);
}

TEST(Firings, NoneComeAfterTheClockWasSetUntilTheDatesAreKnown) {
  Schedules schedules;
  schedules.plan("a", instant("2001-02-01T01:00:00Z"));
  schedules.clock_was_set();
  EXPECT_FALSE(schedules.knows_dates());
  schedules.plan("a", instant("2001-02-01T01:00:00Z"));
  EXPECT_EQ(schedules.due(instant("2001-02-01T09:00:00Z")), std::nullopt);
  schedules.take_dates();
  schedules.plan("a", instant("2001-02-01T01:00:00Z"));
  EXPECT_EQ(schedules.due(instant("2001-02-01T09:00:00Z")), "a");
}

}  // namespace
}  // namespace millrace
