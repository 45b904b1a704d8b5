// Each policy at each clock change of each zone of the system's time zone database, from 1970 to
// 2037. Expected instants come from localtime_r of the C library, which reads the database by
// itself.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "engine/core/timetable.h"
#include "tests/core/zone_changes.h"

namespace millrace {
namespace {

std::vector<std::time_t> fires_of(const Timetable& table, std::time_t change) {
  const auto instant = [](std::time_t at) {
    return std::chrono::time_point_cast<Duration>(
        std::chrono::sys_seconds{std::chrono::seconds{at}});
  };
  std::vector<std::time_t> out;
  const Time end = instant(change + 2 * kDay);
  for (auto next = table.next(instant(change - 2 * kDay)); next && *next <= end;
       next = table.next(*next))
    out.push_back(std::chrono::floor<std::chrono::seconds>(*next).time_since_epoch().count());
  return out;
}

TEST(Zones, EachPolicyIsExactAtEachClockChange) {
  const auto zones = all_zones();
  ASSERT_GT(zones.size(), 300u) << "no time zone database";
  int skipped = 0, repeated = 0;
  for (const auto& zone : zones) {
    const LibraryClock clock(zone);
    for (const std::time_t change : clock.changes()) {
      // In the middle of the times that do not exist, or exist twice.
      const std::time_t wall = change + (clock.offset(change - 1) + clock.offset(change)) / 2;
      const auto shown = instants_of(clock, change, wall);
      (shown.empty() ? skipped : repeated) += 1;
      for (const auto policy : {DstPolicy::skip, DstPolicy::run_once, DstPolicy::run_both}) {
        const auto table = Timetable::cron({line_of(wall), zone, policy});
        ASSERT_TRUE(table.ok()) << zone << ": " << table.error().message;
        ASSERT_EQ(fires_of(*table, change), expected_fires(policy, shown, change))
            << zone << ", change at " << change << ", line " << line_of(wall) << ", policy "
            << static_cast<int>(policy);
      }
    }
  }
  EXPECT_GT(skipped, 5000);
  EXPECT_GT(repeated, 5000);
}

}  // namespace
}  // namespace millrace
