// Expected instants are those of GNU date with the system's time zone database (`TZ=America/Chicago
// date -d …`) and the published changes: Chicago 2024-03-10 and 2024-11-03 at 2:00, London
// 2024-03-31 and 2024-10-27 at 1:00 UTC, Lord Howe 2024-04-07 and 2024-10-06 at 2:00, half an hour.
#include "engine/core/timetable.h"

#include <date/tz.h>
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <vector>

#include "engine/base/clock.h"

namespace millrace {
namespace {

Timetable timetable(const std::string& expression, const std::string& zone = "UTC",
                    DstPolicy dst = DstPolicy::run_once) {
  auto made = Timetable::cron({expression, zone, dst});
  EXPECT_TRUE(made) << made.error().message;
  return *std::move(made);
}

Time at(std::string_view text) { return *parse_rfc3339(text); }

/// The firings in (after, until], separated by spaces.
std::string firings(const Timetable& table, std::string_view after, std::string_view until) {
  std::string out;
  for (auto next = table.next(at(after)); next && *next <= at(until); next = table.next(*next))
    out += (out.empty() ? "" : " ") + format_rfc3339(*next);
  return out;
}

struct Firing {
  std::string expression;
  std::string after;
  std::string expected;  // the next firing, "" for none
};

TEST(Cron, FindsTheNextFiring) {
  const std::vector<Firing> cases = {
      {"* * * * *", "2024-01-01T00:00:00Z", "2024-01-01T00:01:00Z"},
      {"* * * * *", "2024-01-01T00:00:59.999Z", "2024-01-01T00:01:00Z"},
      {"*/15 * * * *", "2024-01-01T00:46:00Z", "2024-01-01T01:00:00Z"},
      {"5/20 * * * *", "2024-01-01T00:05:00Z", "2024-01-01T00:25:00Z"},
      {"10-20/5 3 * * *", "2024-01-01T03:20:00Z", "2024-01-02T03:10:00Z"},
      {"0 0,12 1 */2 *", "2024-01-01T12:00:00Z", "2024-03-01T00:00:00Z"},
      {"30 8 * * mon-fri", "2024-01-05T08:30:00Z", "2024-01-08T08:30:00Z"},
      {"0 0 * * 7", "2024-01-01T00:00:00Z", "2024-01-07T00:00:00Z"},
      {"0 0 * * fri-sun", "2024-01-06T00:00:00Z", "2024-01-07T00:00:00Z"},
      {"0 0 * JAN,jul Tue", "2024-01-30T00:00:00Z", "2024-07-02T00:00:00Z"},
      {"0 0 29 2 *", "2024-02-29T00:00:00Z", "2028-02-29T00:00:00Z"},
      {"0 0 29 2 *", "2096-02-29T00:00:00Z", "2104-02-29T00:00:00Z"},
      {"0 0 31 * *", "2024-01-31T00:00:00Z", "2024-03-31T00:00:00Z"},
      {"0 0 L * *", "2024-01-31T00:00:00Z", "2024-02-29T00:00:00Z"},
      {"0 0 15,L * *", "2023-02-15T00:00:00Z", "2023-02-28T00:00:00Z"},
      {"0 0 30 2 *", "2024-01-01T00:00:00Z", ""},
      // Quartz' CronExpression: L-3 is the third day before the last, LW the last Monday to Friday,
      // 15W the one nearest to the 15th; it does not leave the month.
      {"0 0 L-3 * *", "2024-02-01T00:00:00Z", "2024-02-26T00:00:00Z"},
      {"0 0 l-30 * *", "2024-01-02T00:00:00Z", "2024-03-01T00:00:00Z"},
      {"0 0 LW * *", "2024-03-01T00:00:00Z", "2024-03-29T00:00:00Z"},
      {"0 0 lw * *", "2024-06-01T00:00:00Z", "2024-06-28T00:00:00Z"},
      {"0 0 15W * *", "2024-06-01T00:00:00Z", "2024-06-14T00:00:00Z"},
      {"0 0 15w * *", "2024-09-01T00:00:00Z", "2024-09-16T00:00:00Z"},
      {"0 0 1W * *", "2024-05-31T00:00:00Z", "2024-06-03T00:00:00Z"},
      {"0 0 31W * *", "2024-03-01T00:00:00Z", "2024-03-29T00:00:00Z"},
      {"0 0 31W * *", "2024-03-30T00:00:00Z", "2024-05-31T00:00:00Z"},
      {"0 0 30W 6 *", "2024-01-01T00:00:00Z", "2024-06-28T00:00:00Z"},
      {"0 0 * * fri#2", "2024-01-01T00:00:00Z", "2024-01-12T00:00:00Z"},
      {"0 0 * * 7#1", "2024-01-01T00:00:00Z", "2024-01-07T00:00:00Z"},
      {"0 0 * 2 mon#5", "2024-03-01T00:00:00Z", "2044-02-29T00:00:00Z"},
      {"0 0 * * friL", "2024-01-01T00:00:00Z", "2024-01-26T00:00:00Z"},
      {"0 0 * * 0L,mon", "2024-01-23T00:00:00Z", "2024-01-28T00:00:00Z"},
      {"0 0 * * fri-mon", "2024-01-05T00:00:00Z", "2024-01-06T00:00:00Z"},
      {"0 0 * * fri-mon", "2024-01-08T00:00:00Z", "2024-01-12T00:00:00Z"},
      {"0 22-4 * * *", "2024-01-01T04:00:00Z", "2024-01-01T22:00:00Z"},
      {"0 22-4/2 * * *", "2024-01-01T22:00:00Z", "2024-01-02T00:00:00Z"},
      {"50-10/10 * * * *", "2024-01-01T00:10:00Z", "2024-01-01T00:50:00Z"},
      {"0 0 30-2 * *", "2024-01-02T00:00:00Z", "2024-01-30T00:00:00Z"},
      {"0 0 1 nov-feb *", "2024-02-01T00:00:00Z", "2024-11-01T00:00:00Z"},
      {"0 0 ? * mon", "2024-01-01T00:00:00Z", "2024-01-08T00:00:00Z"},
      {"0 0 13 * ?", "2024-01-01T00:00:00Z", "2024-01-13T00:00:00Z"},
      {"*/20 * * * * *", "2024-01-01T00:00:40Z", "2024-01-01T00:01:00Z"},
      {"15 30 8 * * mon-fri", "2024-01-05T08:30:15Z", "2024-01-08T08:30:15Z"},
      {"59 59 23 31 12 ?", "2024-12-31T23:59:59Z", "2025-12-31T23:59:59Z"},
      {"59 23 31 12 *", "2024-12-31T23:59:00Z", "2025-12-31T23:59:00Z"},
      {"  0\t3 1 * *  ", "2024-01-01T03:00:00Z", "2024-02-01T03:00:00Z"},
      {"@hourly", "2024-01-01T00:00:00Z", "2024-01-01T01:00:00Z"},
      {"@daily", "2024-01-01T00:00:00Z", "2024-01-02T00:00:00Z"},
      {"@weekly", "2024-01-01T00:00:00Z", "2024-01-07T00:00:00Z"},
      {"@monthly", "2024-01-01T00:00:00Z", "2024-02-01T00:00:00Z"},
      {"@Yearly", "2024-01-01T00:00:00Z", "2025-01-01T00:00:00Z"},
  };
  for (const auto& [expression, after, expected] : cases) {
    const auto next = timetable(expression).next(at(after));
    EXPECT_EQ(next ? format_rfc3339(*next) : "", expected) << expression << " after " << after;
  }
}

TEST(Cron, FindsThePreviousFiring) {
  const std::vector<Firing> cases = {
      {"* * * * *", "2024-01-01T00:00:00Z", "2023-12-31T23:59:00Z"},
      {"* * * * *", "2024-01-01T00:00:00.000001Z", "2024-01-01T00:00:00Z"},
      {"0 3 1 * *", "2001-03-01T03:00:00Z", "2001-02-01T03:00:00Z"},
      {"0 0 29 2 *", "2028-02-29T00:00:00Z", "2024-02-29T00:00:00Z"},
      {"50 */6 * * *", "2024-01-01T06:00:00Z", "2024-01-01T00:50:00Z"},
      {"0 0 L * *", "2024-03-01T00:00:00Z", "2024-02-29T00:00:00Z"},
      {"0 0 30 2 *", "2024-01-01T00:00:00Z", ""},
      {"*/20 * * * * *", "2024-01-01T00:00:00Z", "2023-12-31T23:59:40Z"},
      {"10,50 0 3 * * *", "2024-01-01T03:00:50Z", "2024-01-01T03:00:10Z"},
      {"0 0 15W * *", "2024-06-20T00:00:00Z", "2024-06-14T00:00:00Z"},
      {"0 0 * 2 mon#5", "2044-02-29T00:00:00Z", "2016-02-29T00:00:00Z"},
  };
  for (const auto& [expression, before, expected] : cases) {
    const auto previous = timetable(expression).previous(at(before));
    EXPECT_EQ(previous ? format_rfc3339(*previous) : "", expected)
        << expression << " before " << before;
  }
}

// Vixie's cron: two restricted day fields are alternatives; one that begins with a star only
// narrows.
TEST(Cron, DaysOfMonthAndWeekCombineAsInVixieCron) {
  EXPECT_EQ(firings(timetable("0 0 13 * fri"), "2024-09-10", "2024-09-20"),
            "2024-09-13T00:00:00Z 2024-09-20T00:00:00Z");
  EXPECT_EQ(firings(timetable("0 0 13 * fri"), "2024-10-10", "2024-10-14"),
            "2024-10-11T00:00:00Z 2024-10-13T00:00:00Z");
  EXPECT_EQ(firings(timetable("0 0 */2 * mon"), "2024-09-01", "2024-09-30"),
            "2024-09-09T00:00:00Z 2024-09-23T00:00:00Z");
}

TEST(Cron, ErrorsNameTheFieldTheValueAndItsRange) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"61 * * * *", "cron: minute '61' is not in 0-59"},
      {"* 24 * * *", "cron: hour '24' is not in 0-23"},
      {"* * 0 * *", "cron: day of month '0' is not in 1-31"},
      {"* * * 13 *", "cron: month '13' is not in 1-12 or jan-dec"},
      {"* * * fbe *", "cron: month 'fbe' is not in 1-12 or jan-dec; did you mean 'feb'?"},
      {"* * * * 8", "cron: day of week '8' is not in 0-7 or sun-sat"},
      {"* * * L *", "cron: month 'L' is not in 1-12 or jan-dec"},
      {"* * * ? *", "cron: month '?' is only for the two day fields; write '*'"},
      {"* * 3L * *",
       "cron: day of month '3L' is not a day; days before the last one are L-1 to L-30"},
      {"* * L-31 * *",
       "cron: day of month 'L-31' counts days before the last one; they are not in 0-30"},
      {"* * 1-5W * *",
       "cron: day of month '1-5W' needs one day in 1-31 before the 'W', such as 15W, or LW"},
      {"* * * * L", "cron: day of week 'L' needs a day before the 'L', such as friL"},
      {"* * * * fir#2", "cron: day of week 'fir' is not in 0-7 or sun-sat; did you mean 'fri'?"},
      {"* * * * fri#6",
       "cron: day of week 'fri#6' has an occurrence in the month that is not in 1-5"},
      {"60 * * * * *", "cron: second '60' is not in 0-59"},
      {"*/0 * * * *", "cron: minute '*/0' has a step that is not in 1-59"},
      {"1//2 * * * *", "cron: minute '1//2' has more than one '/'"},
      {"1-2-3 * * * *", "cron: minute '1-2-3' has more than one '-'"},
      {"1,,2 * * * *", "cron: minute '1,,2' has an empty item"},
      {"-5 * * * *", "cron: minute '' is not in 0-59"},
      {"0 3 * *",
       "cron: '0 3 * *' has 4 fields; there are five: minute hour day-of-month month day-of-week, "
       "or six: the second comes first"},
      {"@dayly",
       "cron: there is no '@dayly'; there are @hourly @daily @weekly @monthly @yearly; did you "
       "mean '@daily'?"},
  };
  for (const auto& [expression, message] : cases) {
    const auto made = Timetable::cron({expression, "UTC", DstPolicy::run_once});
    ASSERT_FALSE(made) << expression;
    EXPECT_EQ(made.error().message, message);
  }
  const auto zone = Timetable::cron({"@daily", "America/Chigaco", DstPolicy::run_once});
  ASSERT_FALSE(zone);
  EXPECT_EQ(zone.error().message,
            "there is no time zone 'America/Chigaco'; write an IANA name such as America/Chicago; "
            "did you mean 'America/Chicago'?");
  EXPECT_FALSE(Timetable::cron({"@daily", "../../etc/passwd", DstPolicy::run_once}));
  EXPECT_FALSE(Timetable::cron({std::string(100'000, '*'), "UTC", DstPolicy::run_once}));
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, separator);) parts.push_back(part);
  return parts;
}

// The fires are those of croner and cron-parser: tests/cases/cron/generate.mjs.
TEST(Cron, AgreesWithCronerAndCronParser) {
  std::ifstream table(std::string(MILLRACE_SOURCE_DIR) + "/tests/cases/cron/fires.tsv");
  int lines = 0;
  for (std::string line; std::getline(table, line);) {
    if (line.starts_with('#')) continue;
    const auto cells = split(line, '\t');
    ASSERT_EQ(cells.size(), 6U) << line;
    const Timetable schedule = timetable(cells[0], cells[1]);
    const auto gaps = split(cells[5], ' ');
    ASSERT_EQ(gaps.size(), 20U) << line;
    Time expected = at(gaps[0]), after = at(cells[2]);
    for (std::size_t i = 0; i < gaps.size(); ++i) {
      if (i > 0) expected += std::chrono::seconds{std::stol(gaps[i])};
      const auto next = schedule.next(after);
      ASSERT_TRUE(next) << cells[0];
      ASSERT_EQ(format_rfc3339(*next), format_rfc3339(expected))
          << "'" << cells[0] << "' in " << cells[1] << ", fire " << i << " after " << cells[2];
      after = *next;
    }
    ++lines;
  }
  EXPECT_EQ(lines, 500);
}

struct DstCase {
  std::string name;
  std::string expression;
  std::string zone;
  std::string after, until;
  std::string skip, run_once, run_both;
};

TEST(Dst, EachPolicyDoesWhatItSays) {
  const std::vector<DstCase> cases = {
      {"Chicago leaves out 2:00-3:00 on 2024-03-10", "30 2 * * *", "America/Chicago",
       "2024-03-09T12:00:00Z", "2024-03-11T12:00:00Z", "2024-03-11T07:30:00Z",
       "2024-03-10T08:00:00Z 2024-03-11T07:30:00Z", "2024-03-10T08:00:00Z 2024-03-11T07:30:00Z"},
      {"Chicago repeats 1:00-2:00 on 2024-11-03", "30 1 * * *", "America/Chicago",
       "2024-11-02T12:00:00Z", "2024-11-04T12:00:00Z", "2024-11-03T06:30:00Z 2024-11-04T07:30:00Z",
       "2024-11-03T06:30:00Z 2024-11-04T07:30:00Z",
       "2024-11-03T06:30:00Z 2024-11-03T07:30:00Z 2024-11-04T07:30:00Z"},
      {"A time beside the gap is untouched", "0 3 * * *", "America/Chicago", "2024-03-09T12:00:00Z",
       "2024-03-11T12:00:00Z", "2024-03-10T08:00:00Z 2024-03-11T08:00:00Z",
       "2024-03-10T08:00:00Z 2024-03-11T08:00:00Z", "2024-03-10T08:00:00Z 2024-03-11T08:00:00Z"},
      {"Many times in one gap are one firing", "*/20 2 * * *", "America/Chicago",
       "2024-03-10T00:00:00Z", "2024-03-10T12:00:00Z", "", "2024-03-10T08:00:00Z",
       "2024-03-10T08:00:00Z"},
      {"Every half hour over the gap", "*/30 * * * *", "America/Chicago", "2024-03-10T07:00:00Z",
       "2024-03-10T09:00:00Z",
       "2024-03-10T07:30:00Z 2024-03-10T08:00:00Z 2024-03-10T08:30:00Z 2024-03-10T09:00:00Z",
       "2024-03-10T07:30:00Z 2024-03-10T08:00:00Z 2024-03-10T08:30:00Z 2024-03-10T09:00:00Z",
       "2024-03-10T07:30:00Z 2024-03-10T08:00:00Z 2024-03-10T08:30:00Z 2024-03-10T09:00:00Z"},
      {"Hourly over the repeated hour", "0 * * * *", "America/Chicago", "2024-11-03T05:00:00Z",
       "2024-11-03T08:00:00Z", "2024-11-03T06:00:00Z 2024-11-03T07:00:00Z 2024-11-03T08:00:00Z",
       "2024-11-03T06:00:00Z 2024-11-03T07:00:00Z 2024-11-03T08:00:00Z",
       "2024-11-03T06:00:00Z 2024-11-03T07:00:00Z 2024-11-03T08:00:00Z"},
      {"London leaves out 1:00-2:00 on 2024-03-31", "15 1 * * *", "Europe/London",
       "2024-03-30T12:00:00Z", "2024-04-01T12:00:00Z", "2024-04-01T00:15:00Z",
       "2024-03-31T01:00:00Z 2024-04-01T00:15:00Z", "2024-03-31T01:00:00Z 2024-04-01T00:15:00Z"},
      {"London repeats 1:00-2:00 on 2024-10-27", "15 1 * * *", "Europe/London",
       "2024-10-26T12:00:00Z", "2024-10-28T12:00:00Z", "2024-10-27T00:15:00Z 2024-10-28T01:15:00Z",
       "2024-10-27T00:15:00Z 2024-10-28T01:15:00Z",
       "2024-10-27T00:15:00Z 2024-10-27T01:15:00Z 2024-10-28T01:15:00Z"},
      {"Lord Howe leaves out 2:00-2:30 on 2024-10-06", "15 2 * * *", "Australia/Lord_Howe",
       "2024-10-05T12:00:00Z", "2024-10-06T23:00:00Z", "2024-10-06T15:15:00Z",
       "2024-10-05T15:30:00Z 2024-10-06T15:15:00Z", "2024-10-05T15:30:00Z 2024-10-06T15:15:00Z"},
      {"Lord Howe repeats 1:30-2:00 on 2024-04-07", "45 1 * * *", "Australia/Lord_Howe",
       "2024-04-06T12:00:00Z", "2024-04-07T23:00:00Z", "2024-04-06T14:45:00Z 2024-04-07T15:15:00Z",
       "2024-04-06T14:45:00Z 2024-04-07T15:15:00Z",
       "2024-04-06T14:45:00Z 2024-04-06T15:15:00Z 2024-04-07T15:15:00Z"},
      {"Samoa had no 2011-12-30", "0 12 30 12 *", "Pacific/Apia", "2011-12-28T00:00:00Z",
       "2012-01-02T00:00:00Z", "", "2011-12-30T10:00:00Z", "2011-12-30T10:00:00Z"},
  };
  for (const auto& c : cases) {
    const auto with = [&](DstPolicy policy) {
      return firings(timetable(c.expression, c.zone, policy), c.after, c.until);
    };
    EXPECT_EQ(with(DstPolicy::skip), c.skip) << c.name << ", skip";
    EXPECT_EQ(with(DstPolicy::run_once), c.run_once) << c.name << ", run_once";
    EXPECT_EQ(with(DstPolicy::run_both), c.run_both) << c.name << ", run_both";
  }
}

// cron(8): "Only jobs that run at a particular time (not specified as @hourly, nor with '*' in the
// hour … specifier) are affected" by a change of the clock.
TEST(Dst, AWildcardHourFollowsElapsedTime) {
  EXPECT_EQ(firings(timetable("*/15 * * * *", "Europe/Berlin"), "2025-10-26T00:30:00Z",
                    "2025-10-26T02:00:00Z"),
            "2025-10-26T00:45:00Z 2025-10-26T01:00:00Z 2025-10-26T01:15:00Z 2025-10-26T01:30:00Z "
            "2025-10-26T01:45:00Z 2025-10-26T02:00:00Z");
  EXPECT_EQ(firings(timetable("0 * * * *", "America/New_York"), "2025-11-02T04:30:00Z",
                    "2025-11-02T07:00:00Z"),
            "2025-11-02T05:00:00Z 2025-11-02T06:00:00Z 2025-11-02T07:00:00Z");
  EXPECT_EQ(firings(timetable("30 * * * *", "Europe/Berlin"), "2025-03-30T00:00:00Z",
                    "2025-03-30T02:00:00Z"),
            "2025-03-30T00:30:00Z 2025-03-30T01:30:00Z");
}

/// Minutes since midnight on the wall clock of `zone`, of each minute in [from, until), by libdate.
std::vector<int> wall_minutes(const std::string& zone, Time from, Time until) {
  const auto* place = date::locate_zone(zone);
  std::vector<int> out;
  for (Time t = from; t < until; t += std::chrono::minutes{1}) {
    const auto since = std::chrono::floor<std::chrono::seconds>(t.time_since_epoch());
    const auto local = since + place->get_info(date::sys_seconds{since}).offset;
    out.push_back(static_cast<int>((local % std::chrono::hours{24}) / std::chrono::minutes{1}));
  }
  return out;
}

// The definition of the above: each minute whose wall clock matches fires, and no other.
TEST(Dst, AWildcardHourFiresAtEachMinuteWhoseWallClockMatches) {
  struct Line {
    std::string expression;
    std::function<bool(int hour, int minute)> matches;
  };
  const std::vector<Line> lines = {
      {"*/15 * * * *", [](int, int m) { return m % 15 == 0; }},
      {"30 * * * *", [](int, int m) { return m == 30; }},
      {"@hourly", [](int, int m) { return m == 0; }},
      {"0 */2 * * *", [](int h, int m) { return h % 2 == 0 && m == 0; }},
      {"45 1-23/2 * * *", [](int h, int m) { return h % 2 == 1 && m == 45; }},
      {"10 0-23 * * *", [](int, int m) { return m == 10; }},
      {"5 0,*/3 * * *", [](int h, int m) { return h % 3 == 0 && m == 5; }},
  };
  const std::vector<std::pair<Time, Time>> changes = {{at("2025-03-05"), at("2025-04-09")},
                                                      {at("2025-09-24"), at("2025-11-05")}};
  for (const std::string zone : {"Europe/Berlin", "America/New_York", "Australia/Lord_Howe"})
    for (const auto& [from, until] : changes) {
      const std::vector<int> wall = wall_minutes(zone, from, until);
      for (const auto& line : lines)
        for (const auto policy : {DstPolicy::skip, DstPolicy::run_once}) {
          const Timetable table = timetable(line.expression, zone, policy);
          std::optional<Time> next = table.next(from - Duration{1});
          Time t = from;
          for (const int minute : wall) {
            const bool fires = line.matches(minute / 60, minute % 60);
            ASSERT_EQ(fires, next == t)
                << line.expression << " in " << zone << " at " << format_rfc3339(t);
            if (fires) next = table.next(t);
            t += std::chrono::minutes{1};
          }
        }
    }
}

TEST(Dst, LocalTimeStaysTheSameOverTheYear) {
  EXPECT_EQ(firings(timetable("0 3 1 * *", "America/Chicago"), "2001-02-15", "2001-05-15"),
            "2001-03-01T09:00:00Z 2001-04-01T08:00:00Z 2001-05-01T08:00:00Z");
}

/// Walks two years forth and back, from starts that a seed picks.
void check_consistency(const Timetable& table, Time start, std::uint64_t seed) {
  const Time end = start + std::chrono::days{731};
  Rng rng(seed);
  std::optional<Time> last;
  for (Time t = start; t < end;) {
    const auto next = table.next(t);
    ASSERT_TRUE(next);
    ASSERT_GT(*next, t);
    const auto back = table.previous(*next + Duration{1});
    ASSERT_TRUE(back);
    ASSERT_EQ(format_rfc3339(*back), format_rfc3339(*next)) << "a firing is its own predecessor";
    if (last) {
      ASSERT_EQ(table.previous(*next), last) << format_rfc3339(*next);
    }
    // No firing hides between: from a random instant before `next` the answer is the same.
    const auto gap = static_cast<std::uint64_t>((*next - t).count());
    const Time between = t + Duration{static_cast<std::int64_t>(rng.below(gap))};
    ASSERT_EQ(table.next(between), next) << "from " << format_rfc3339(between);
    last = next;
    t = *next;
  }
}

TEST(Property, NextIsStrictlyIncreasingAndPreviousItsInverse) {
  const std::vector<std::string> zones = {
      "UTC",          "America/Chicago",     "Europe/London",
      "Asia/Kolkata", "Australia/Lord_Howe", "Africa/Casablanca",
      "Asia/Tehran",  "America/St_Johns",    "Pacific/Chatham"};
  const std::vector<std::string> expressions = {"30 1,2 * * *", "*/45 */3 * * *",
                                                "0 0 L * *",    "15 2 * * sun",
                                                "0 3 1 * *",    "30 15 2 ? * sat-mon"};
  std::uint64_t seed = 1;
  for (const auto& zone : zones)
    for (const auto& expression : expressions)
      for (const auto policy : {DstPolicy::skip, DstPolicy::run_once, DstPolicy::run_both}) {
        SCOPED_TRACE(zone + " '" + expression + "' seed " + std::to_string(seed));
        check_consistency(timetable(expression, zone, policy), at("2023-01-01"), seed++);
        if (testing::Test::HasFatalFailure()) return;
      }
}

/// The slow, obvious definition for a zone without changes: try each minute.
TEST(Property, AgreesWithTryingEachMinute) {
  const std::vector<std::string> expressions = {
      "*/7 3-5,22 */3 * *", "0 */5 10-20 feb-mar mon", "59 23 L * *",           "13 13 13 * 5",
      "0 0 LW * fri#2",     "5 5 10W,L-3 * sunL",      "30 22-4 28-3 * sat-mon"};
  for (const auto& expression : expressions) {
    const Timetable table = timetable(expression);
    std::optional<Time> next = table.next(at("2024-01-31"));
    for (Time t = at("2024-01-31T00:01:00Z"); t < at("2024-04-15"); t += std::chrono::minutes{1}) {
      const bool fires = table.next(t - std::chrono::minutes{1}) == t;
      ASSERT_EQ(fires, next == t) << expression << " at " << format_rfc3339(t);
      if (fires) next = table.next(t);
    }
  }
}

// Wall clocks by GNU date: `TZ=America/New_York date -d '2026-03-01 00:00' -u` is 05:00 UTC.
TEST(WallTime, ATextWithoutOffsetIsMeantInTheZone) {
  const auto in = [](std::string_view text, const std::string& zone) {
    const auto time = parse_wall_time(text, zone);
    return time ? format_rfc3339(*time) : time.error().message;
  };
  EXPECT_EQ(in("2026-03-01", "America/New_York"), "2026-03-01T05:00:00Z");
  EXPECT_EQ(in("2026-03-09", "America/New_York"), "2026-03-09T04:00:00Z");
  EXPECT_EQ(in("2026-03-01T03:30", "Europe/Berlin"), "2026-03-01T02:30:00Z");
  EXPECT_EQ(in("2026-03-01 03:30:00.250", "Asia/Kolkata"), "2026-02-28T22:00:00.250Z");
  EXPECT_EQ(in("2026-03-01T03:30:00Z", "Europe/Berlin"), "2026-03-01T03:30:00Z");
  EXPECT_EQ(in("2026-03-01T03:30:00+05:00", "Europe/Berlin"), "2026-02-28T22:30:00Z");
  EXPECT_EQ(in("2026-03-01", "UTC"), "2026-03-01T00:00:00Z");
  // 2:30 does not exist on 2025-03-30 and comes twice on 2025-10-26.
  EXPECT_EQ(in("2025-03-30T02:30", "Europe/Berlin"), "2025-03-30T01:00:00Z");
  EXPECT_EQ(in("2025-10-26T02:30", "Europe/Berlin"), "2025-10-26T00:30:00Z");
  // Beirut's midnight of 2022-03-27 does not exist: the day begins at 1:00, which is 22:00 UTC.
  EXPECT_EQ(in("2022-03-27", "Asia/Beirut"), "2022-03-26T22:00:00Z");
  EXPECT_FALSE(parse_wall_time("2026-03-01", "US/Nowhere"));
  EXPECT_FALSE(parse_wall_time("2026-02-30", "UTC"));
}

TEST(WallTime, ADateAsAnEndIncludesItsDay) {
  const auto end = [](std::string_view text, const std::string& zone) {
    return format_rfc3339(*parse_wall_end(text, zone));
  };
  EXPECT_EQ(end("2026-03-03", "America/New_York"), "2026-03-04T04:59:59.999999Z");
  EXPECT_EQ(end("2026-03-03", "UTC"), "2026-03-03T23:59:59.999999Z");
  EXPECT_EQ(end("2026-03-03T00:00", "UTC"), "2026-03-03T00:00:00Z");
  EXPECT_EQ(end("2025-10-26", "Europe/Berlin"), "2025-10-26T22:59:59.999999Z") << "25 hours long";
}

}  // namespace
}  // namespace millrace
