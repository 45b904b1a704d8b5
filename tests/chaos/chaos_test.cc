// Each family of faults once, on the real program. The long hunt: ./run chaos --minutes 20
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <string>

#include "tests/chaos/attacks.h"
#include "tests/chaos/battle.h"
#include "tests/chaos/faults.h"

namespace millrace::chaos {
namespace {

/// Where PostgreSQL's user can enter, also if the clone is in the home folder of root.
std::filesystem::path folder_of(const std::string& name) {
  return std::filesystem::temp_directory_path() /
         ("millrace-chaos-test-" + std::to_string(getpid())) / name;
}

/// The folder, and the one around it once it is empty.
void remove_run(const std::filesystem::path& folder) {
  std::filesystem::remove_all(folder);
  std::error_code not_empty;
  std::filesystem::remove(folder.parent_path(), not_empty);
}

TEST(Chaos, EveryFaultOnceLeavesTheOracleContent) {
  BattleOptions options;
  options.folder = folder_of("battle");
  options.each_once = true;
  const BattleReport report = fight(options);
  for (const auto& complaint : report.complaints) ADD_FAILURE() << complaint;
  EXPECT_FALSE(report.judgement.violation) << report.judgement.violation->text();
  // A minute's stop is for the long hunt.
  const auto often =
      std::ranges::count_if(all_faults(), [](const Fault& fault) { return fault.weight != kRare; });
  EXPECT_EQ(report.faults.size(), static_cast<std::size_t>(often));
  EXPECT_GT(report.fault_count(), 15);
  EXPECT_EQ(report.faults.at("network: the answer to a commit is lost"), 1);
  EXPECT_GT(report.runs_accepted, 20);
  EXPECT_GE(report.judgement.tally.runs, report.runs_accepted);
  if (!HasFailure()) remove_run(options.folder);
}

/// A few of each attack; the many: ./run chaos --power-cuts 100 --bit-flips 200 --set-clocks 50
/// --failovers 200
class Attack : public ::testing::Test {
 protected:
  AttackOptions options(const std::string& name, int times) {
    folder_ = folder_of(name);
    return {folder_, times, 9};
  }
  void expect_kept(const AttackReport& report, int times) {
    EXPECT_EQ(report.made, times);
    for (const auto& complaint : report.complaints) ADD_FAILURE() << complaint;
    if (!HasFailure()) remove_run(folder_);
  }
  std::filesystem::path folder_;
};

TEST_F(Attack, APowerCutLosesNothingThatWasPromised) {
  const AttackReport report = cut_power(options("power", 2));
  expect_kept(report, 2);
  EXPECT_GT(report.counts.at("acknowledged triggers"), 0);
  EXPECT_GT(report.counts.at("predictions"), 0);
}

TEST_F(Attack, AFlippedBitIsNamedAsDamage) { expect_kept(flip_bits(options("bits", 8)), 8); }

TEST_F(Attack, SetClocksDropDecideAndRepeatNothing) {
  expect_kept(set_clocks(options("clocks", 1), 1), 1);
}

TEST_F(Attack, SetClocksDeposeNoneOfTwoEngines) {
  expect_kept(set_clocks(options("clocks2", 1), 2), 1);
}

TEST_F(Attack, FailOversNeitherDropNorRepeatADateOfASchedule) {
  const AttackReport report = fail_over(options("fail-overs", 8));
  expect_kept(report, 8);
  EXPECT_GE(report.counts.at("terms"), 8);
  EXPECT_EQ(report.counts.at("answers to a commit lost"), 1);
  EXPECT_GT(report.counts.at("dates: due"), 100);
}

}  // namespace
}  // namespace millrace::chaos
