// Each family of faults once, on the real program. The long hunt: ./run chaos --minutes 20
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/chaos/battle.h"
#include "tests/chaos/faults.h"

namespace millrace::chaos {
namespace {

TEST(Chaos, EveryFaultOnceLeavesTheOracleContent) {
  BattleOptions options;
  options.folder = std::filesystem::path(MILLRACE_BINARY_DIR) / "chaos_test";
  options.each_once = true;
  const BattleReport report = fight(options);
  for (const auto& complaint : report.complaints) ADD_FAILURE() << complaint;
  EXPECT_FALSE(report.judgement.violation) << report.judgement.violation->text();
  // A minute's stop is for the long hunt.
  const auto often =
      std::ranges::count_if(all_faults(), [](const Fault& fault) { return fault.weight != kRare; });
  EXPECT_EQ(report.faults.size(), static_cast<std::size_t>(often));
  EXPECT_GT(report.fault_count(), 15);
  EXPECT_GT(report.runs_accepted, 20);
  EXPECT_GE(report.judgement.tally.runs, report.runs_accepted);
  if (!HasFailure()) std::filesystem::remove_all(options.folder);
}

}  // namespace
}  // namespace millrace::chaos
