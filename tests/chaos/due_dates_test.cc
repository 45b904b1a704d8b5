// The check of the fail-over test, with histories that it must refuse.
#include "tests/chaos/due_dates.h"

#include <gtest/gtest.h>

namespace millrace::chaos {
namespace {

using std::chrono::seconds;

constexpr Time kFirst{seconds{1'800'000'000}};

std::vector<DatedRun> runs_at(std::initializer_list<std::pair<int, int>> second_and_epoch) {
  std::vector<DatedRun> runs;
  for (const auto& [second, epoch] : second_and_epoch)
    runs.push_back({kFirst + seconds{second}, epoch});
  return runs;
}

TEST(DueDates, EachDateOnceHasNoComplaint) {
  const auto found =
      compare_dates("d", runs_at({{0, 1}, {1, 1}, {2, 2}}), {kFirst, kFirst + seconds{2}});
  EXPECT_EQ(found.due, 3);
  EXPECT_TRUE(found.complaints.empty());
}

TEST(DueDates, FindsADateWithoutARun) {
  const auto found = compare_dates("d", runs_at({{0, 1}, {2, 2}}), {kFirst, kFirst + seconds{2}});
  EXPECT_EQ(found.missing, 1);
  ASSERT_EQ(found.complaints.size(), 1U);
  EXPECT_EQ(found.complaints[0], "d, 2027-01-15T08:00:01Z: no run");
}

TEST(DueDates, FindsADateWithTwoRuns) {
  const auto found =
      compare_dates("d", runs_at({{0, 1}, {1, 1}, {1, 2}}), {kFirst, kFirst + seconds{1}});
  EXPECT_EQ(found.doubled, 1);
  ASSERT_EQ(found.complaints.size(), 1U);
  EXPECT_EQ(found.complaints[0], "d, 2027-01-15T08:00:01Z: 2 runs");
}

TEST(DueDates, FindsARunWhoseDateIsNotOfTheSchedule) {
  const auto found = compare_dates("d", runs_at({{0, 1}, {1, 1}, {3, 1}}),
                                   {kFirst, kFirst + seconds{3}, seconds{3}});
  ASSERT_EQ(found.complaints.size(), 1U);
  EXPECT_EQ(found.complaints[0],
            "d, 2027-01-15T08:00:01Z: a run, but the schedule has no such date");
}

TEST(DueDates, WithoutCatchupOnlyAChangeOfLeaderExcusesAGap) {
  const Grid grid{kFirst, kFirst + seconds{4}, seconds{1}, true};
  const auto change = compare_dates("d", runs_at({{0, 1}, {1, 1}, {3, 2}, {4, 2}}), grid);
  EXPECT_EQ(change.skipped, 1);
  EXPECT_EQ(change.missing, 0);
  const auto same = compare_dates("d", runs_at({{0, 1}, {1, 1}, {3, 1}, {4, 2}}), grid);
  EXPECT_EQ(same.missing, 1);
}

}  // namespace
}  // namespace millrace::chaos
