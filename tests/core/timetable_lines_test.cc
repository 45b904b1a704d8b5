// Schedules of several lines, intervals and days off; coming fires. Expected instants are counted
// by hand; local times are those of GNU date with the system's time zone database.
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "engine/core/timetable.h"
#include "engine/core/timetable_coming.h"

namespace millrace {
namespace {

Time instant(std::string_view text) { return *parse_rfc3339(text); }

/// The firings in (after, until], separated by spaces.
std::string fires_of(const Timetable& table, std::string_view after, std::string_view until) {
  std::string out;
  for (auto next = table.next(instant(after)); next && *next <= instant(until);
       next = table.next(*next))
    out += (out.empty() ? "" : " ") + format_rfc3339(*next);
  return out;
}

TEST(Lines, AnIntervalFollowsElapsedTimeFromItsAnchor) {
  CronSpec spec{"", "America/Chicago"};
  spec.every = std::chrono::minutes{45};
  spec.anchor = instant("2024-03-10T07:10:00Z");
  const Timetable table = *Timetable::cron(spec);
  // The clock of Chicago jumps at 08:00 UTC, which is nothing to it.
  EXPECT_EQ(fires_of(table, "2024-03-10T07:10:00Z", "2024-03-10T09:30:00Z"),
            "2024-03-10T07:55:00Z 2024-03-10T08:40:00Z 2024-03-10T09:25:00Z");
  EXPECT_EQ(fires_of(table, "2024-03-10T05:00:00Z", "2024-03-10T07:10:00Z"),
            "2024-03-10T05:40:00Z 2024-03-10T06:25:00Z 2024-03-10T07:10:00Z");
  EXPECT_EQ(table.previous(instant("2024-03-10T07:10:00Z")), instant("2024-03-10T06:25:00Z"));
  EXPECT_EQ(table.previous(instant("2024-03-10T07:10:00.000001Z")),
            instant("2024-03-10T07:10:00Z"));
  spec.every = std::chrono::milliseconds{1500};
  EXPECT_EQ(Timetable::cron(spec).error().message,
            "every: '1s500ms' is not a number of whole seconds from 1s to 366d");
}

TEST(Lines, SeveralFireWhenOneOfThemDoes) {
  CronSpec spec;
  spec.also = {{"0 9 * * mon-fri", "Europe/Berlin"}, {"0 12 * * sat", "UTC"}, {"0 8 * * *", "UTC"}};
  const Timetable table = *Timetable::cron(spec);
  // 9:00 in Berlin is 08:00 UTC in winter: one firing, not two.
  EXPECT_EQ(fires_of(table, "2024-01-05T00:00:00Z", "2024-01-08T12:00:00Z"),
            "2024-01-05T08:00:00Z 2024-01-06T08:00:00Z 2024-01-06T12:00:00Z 2024-01-07T08:00:00Z "
            "2024-01-08T08:00:00Z");
  EXPECT_EQ(table.previous(instant("2024-01-07T08:00:00Z")), instant("2024-01-06T12:00:00Z"));
  EXPECT_EQ(schedule_text(spec), "0 9 * * mon-fri (Europe/Berlin); 0 12 * * sat; 0 8 * * *");
  spec.also.assign(33, spec.also[0]);
  EXPECT_FALSE(Timetable::cron(spec));
}

TEST(Lines, NothingFiresOnDaysOffOfTheZone) {
  CronSpec spec{"0 */8 * * *", "America/Chicago"};  // UTC-6 in winter
  spec.except = {*parse_day_range("2024-01-03"), *parse_day_range("2024-01-05..2024-01-06"),
                 *parse_day_range("2024-01-06..2024-01-07")};
  const Timetable table = *Timetable::cron(spec);
  EXPECT_EQ(fires_of(table, "2024-01-03T00:00:00Z", "2024-01-08T14:00:00Z"),
            "2024-01-04T06:00:00Z 2024-01-04T14:00:00Z 2024-01-04T22:00:00Z 2024-01-08T06:00:00Z "
            "2024-01-08T14:00:00Z");
  EXPECT_EQ(table.previous(instant("2024-01-08T06:00:00Z")), instant("2024-01-04T22:00:00Z"));
  EXPECT_EQ(table.previous(instant("2024-01-04T06:00:00Z")), instant("2024-01-02T22:00:00Z"));
  spec.except = {*parse_day_range("0001-01-01..9999-12-31")};
  EXPECT_EQ(Timetable::cron(spec)->previous(instant("2024-01-04")), std::nullopt);
  EXPECT_EQ(Timetable::cron(spec)->next(instant("2024-01-04")), std::nullopt);
}

TEST(Lines, DaysOffAreDatesAndRanges) {
  EXPECT_EQ(to_string(*parse_day_range("2026-12-25")), "2026-12-25");
  EXPECT_EQ(to_string(*parse_day_range("2026-12-24..2027-01-02")), "2026-12-24..2027-01-02");
  for (const char* wrong : {"2026-02-30", "tomorrow", "2026-12-24..", "2026-12-24T00:00", ""})
    EXPECT_EQ(parse_day_range(wrong).error().message,
              "'" + std::string(wrong) +
                  "' is not a date; write 2026-12-25, or 2026-12-24..2027-01-02 for a range");
  EXPECT_EQ(parse_day_range("2026-12-24..2026-12-23").error().message,
            "the range '2026-12-24..2026-12-23' ends before it begins");
}

/// "LOCAL CHANGE" of each coming fire.
std::string coming(CronSpec schedule, std::string_view now, std::size_t count) {
  DagSpec spec;
  spec.id = "x";
  spec.schedule = std::move(schedule);
  SchedulePosition position;
  position.registered_at = position.checked = instant(now);
  std::string out;
  for (const auto& fire : coming_fires(spec, position, instant(now), count).fires) {
    EXPECT_EQ(parse_rfc3339(fire.local).value_or(Time{}), fire.at) << fire.local;
    const auto change = names_of(fire.clock_change)[static_cast<std::size_t>(fire.clock_change)];
    out += (out.empty() ? "" : "; ") + fire.local + " " + std::string(change);
  }
  return out;
}

// Local times by GNU date: `TZ=America/Chicago date -d 2024-03-10T08:00Z +%FT%T%:z`.
TEST(Coming, FiresHaveTheirLocalTimeAndSayWhatAClockChangeDid) {
  EXPECT_EQ(coming({"30 2 * * *", "America/Chicago"}, "2024-03-09T12:00:00Z", 2),
            "2024-03-10T03:00:00-05:00 ahead; 2024-03-11T02:30:00-05:00 none");
  EXPECT_EQ(coming({"0 3 * * *", "America/Chicago"}, "2024-03-09T12:00:00Z", 1),
            "2024-03-10T03:00:00-05:00 none");
  EXPECT_EQ(coming({"0 * * * *", "America/Chicago"}, "2024-03-10T07:30:00Z", 1),
            "2024-03-10T03:00:00-05:00 none");
  EXPECT_EQ(
      coming({"30 1 * * *", "America/Chicago", DstPolicy::run_both}, "2024-11-02T12:00:00Z", 3),
      "2024-11-03T01:30:00-05:00 first; 2024-11-03T01:30:00-06:00 second; "
      "2024-11-04T01:30:00-06:00 none");
  EXPECT_EQ(coming({"45 1 * * *", "Australia/Lord_Howe"}, "2024-04-06T00:00:00Z", 2),
            "2024-04-07T01:45:00+11:00 first; 2024-04-08T01:45:00+10:30 none");
  EXPECT_EQ(coming({"15 5 * * *", "Asia/Kolkata"}, "2024-01-01T00:00:00Z", 1),
            "2024-01-02T05:15:00+05:30 none");
  EXPECT_EQ(coming({"0 0 30 2 *", "UTC"}, "2024-01-01T00:00:00Z", 3), "");
}

TEST(Coming, MissedDatesComeFirstAndTheListEndsWithTheSchedule) {
  DagSpec spec;
  spec.schedule = CronSpec{"0 0 * * *"};
  spec.start = instant("2024-01-01");
  spec.end = instant("2024-01-05");
  spec.catchup = true;
  SchedulePosition position;
  position.registered_at = instant("2024-01-01");
  position.last = instant("2024-01-01");
  position.taken = {instant("2024-01-04")};
  std::string found;
  for (const auto& fire : coming_fires(spec, position, instant("2024-01-03T12:00:00Z"), 10).fires)
    found += format_rfc3339(fire.at).substr(5, 5) + " ";
  EXPECT_EQ(found, "01-02 01-03 01-05 ");
  spec.schedule.reset();
  EXPECT_TRUE(coming_fires(spec, position, instant("2024-01-03"), 10).fires.empty());
}

}  // namespace
}  // namespace millrace
