// Each policy at each clock change of each zone of the system's time zone database, from 1970 to
// 2037. Expected instants come from localtime_r of the C library, which reads the database by
// itself.
#include <gtest/gtest.h>
#include <time.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "engine/base/digest.h"
#include "engine/base/file.h"
#include "engine/core/timetable.h"

namespace millrace {
namespace {

namespace fs = std::filesystem;

constexpr std::time_t kDay = 86400, kBegin = 0, kEnd = 2145916800;  // 2038-01-01T00:00:00Z

/// The wall clock of one zone, as the C library has it. One at a time.
class WallClock {
 public:
  explicit WallClock(const std::string& zone) {
    setenv("TZ", (":" + zone).c_str(), 1);
    tzset();
  }
  ~WallClock() {
    unsetenv("TZ");
    tzset();
  }
  WallClock(const WallClock&) = delete;
  WallClock& operator=(const WallClock&) = delete;

  long offset(std::time_t at) const { return local(at).tm_gmtoff; }
  std::tm local(std::time_t at) const {
    std::tm out{};
    localtime_r(&at, &out);
    return out;
  }
  /// The first instants with another offset than the second before.
  std::vector<std::time_t> changes() const {
    std::vector<std::time_t> out;
    constexpr std::time_t kStep = 3 * kDay;
    for (std::time_t at = kBegin; at + kStep < kEnd; at += kStep) {
      if (offset(at) == offset(at + kStep)) continue;
      std::time_t before = at, after = at + kStep;
      while (after - before > 1) {
        const std::time_t middle = before + (after - before) / 2;
        (offset(middle) == offset(at) ? before : after) = middle;
      }
      out.push_back(after);
    }
    return out;
  }
};

/// The zones of the database, without second names of the same rules.
std::vector<std::string> all_zones() {
  const fs::path root = "/usr/share/zoneinfo";
  std::map<std::string, std::string> by_content;
  for (auto at = fs::recursive_directory_iterator(root); at != fs::recursive_directory_iterator();
       ++at) {
    const std::string name = at->path().lexically_relative(root).string();
    if (name == "posix" || name == "right") at.disable_recursion_pending();
    if (!at->is_regular_file() || name == "posixrules" || name == "localtime") continue;
    const auto content = read_file(at->path(), 1 << 20);
    if (content && content->starts_with("TZif")) by_content.emplace(sha256_hex(*content), name);
  }
  std::vector<std::string> names;
  for (auto& [content, name] : by_content) names.push_back(std::move(name));
  std::ranges::sort(names);
  return names;
}

/// The instants within two days of `change` at which the wall clock shows `wall` (seconds since
/// 1970 as if it were UTC).
std::vector<std::time_t> instants_of(const WallClock& clock, std::time_t change, std::time_t wall) {
  std::set<long> offsets;
  for (std::time_t at = change - 2 * kDay; at <= change + 2 * kDay; at += 900)
    offsets.insert(clock.offset(at));
  std::set<std::time_t> found;
  for (const long offset : offsets)
    if (clock.offset(wall - offset) == offset) found.insert(wall - offset);
  return {found.begin(), found.end()};
}

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

/// "S M H DAY MONTH *" of a wall time.
std::string line_of(std::time_t wall) {
  std::tm t{};
  gmtime_r(&wall, &t);
  std::string line;
  for (const int field : {t.tm_sec, t.tm_min, t.tm_hour, t.tm_mday, t.tm_mon + 1})
    line += std::to_string(field) + " ";
  return line + "*";
}

std::vector<std::time_t> expected_of(DstPolicy policy, std::vector<std::time_t> shown,
                                     std::time_t change) {
  if (shown.empty())
    return policy == DstPolicy::skip ? std::vector<std::time_t>{} : std::vector{change};
  if (policy != DstPolicy::run_both) shown.resize(1);
  return shown;
}

TEST(Zones, EachPolicyIsExactAtEachClockChange) {
  const auto zones = all_zones();
  ASSERT_GT(zones.size(), 300u) << "no time zone database";
  int skipped = 0, repeated = 0;
  for (const auto& zone : zones) {
    const WallClock clock(zone);
    for (const std::time_t change : clock.changes()) {
      // In the middle of the times that do not exist, or exist twice.
      const std::time_t wall = change + (clock.offset(change - 1) + clock.offset(change)) / 2;
      const auto shown = instants_of(clock, change, wall);
      (shown.empty() ? skipped : repeated) += 1;
      for (const auto policy : {DstPolicy::skip, DstPolicy::run_once, DstPolicy::run_both}) {
        const auto table = Timetable::cron({line_of(wall), zone, policy});
        ASSERT_TRUE(table.ok()) << zone << ": " << table.error().message;
        ASSERT_EQ(fires_of(*table, change), expected_of(policy, shown, change))
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
