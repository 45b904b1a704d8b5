// Clock changes in a rehearsal: each policy fires exactly when the C library says that it should.
#include <gtest/gtest.h>

#include "engine/rehearsal/rehearsal.h"
#include "operators/catalog.h"
#include "tests/core/zone_changes.h"

namespace millrace {
namespace {

Time instant(std::time_t at) {
  return std::chrono::time_point_cast<Duration>(std::chrono::sys_seconds{std::chrono::seconds{at}});
}

std::shared_ptr<const Dag> dag_at(const std::string& line, const std::string& zone,
                                  DstPolicy policy) {
  DagSpec spec;
  spec.id = "x";
  spec.schedule = CronSpec{line, zone, policy};
  spec.tasks.resize(1);
  spec.tasks[0].id = "only";
  spec.tasks[0].op = "noop";
  return std::make_shared<const Dag>(*Dag::make(std::move(spec)));
}

std::vector<std::time_t> dates_of(const Dag& dag, std::time_t change) {
  RehearsalOptions options;
  options.from = instant(change - 2 * kDay);
  options.to = instant(change + 2 * kDay);
  const auto played =
      rehearse(std::make_shared<const Dag>(*Dag::make(dag.spec())), options, {}, builtin_catalog());
  std::vector<std::time_t> out;
  if (!played) return {-1};
  for (const auto& run : played->runs) {
    if (run.created != run.logical_date || run.status != RunStatus::success) return {-2};
    out.push_back(
        std::chrono::floor<std::chrono::seconds>(run.logical_date).time_since_epoch().count());
  }
  return out;
}

// Every 40th change of all zones.
TEST(RehearsalZones, EachPolicyIsExactAtClockChanges) {
  int changes = 0, sampled = 0, skipped = 0;
  for (const auto& zone : all_zones()) {
    const LibraryClock clock(zone);
    for (const std::time_t change : clock.changes()) {
      if (changes++ % 40 != 0) continue;
      ++sampled;
      const std::time_t wall = change + (clock.offset(change - 1) + clock.offset(change)) / 2;
      const auto shown = instants_of(clock, change, wall);
      skipped += shown.empty();
      for (const auto policy : {DstPolicy::skip, DstPolicy::run_once, DstPolicy::run_both})
        ASSERT_EQ(dates_of(*dag_at(line_of(wall), zone, policy), change),
                  expected_fires(policy, shown, change))
            << zone << ", change at " << change << ", policy " << static_cast<int>(policy);
    }
  }
  EXPECT_GE(sampled, 200);
  EXPECT_GT(skipped, 50);
}

}  // namespace
}  // namespace millrace
