#include "engine/store/deployment.h"

#include <gtest/gtest.h>

namespace millrace {
namespace {

constexpr const char* kA = "a";
constexpr const char* kB = "b";

DeploymentRow serving(std::string champion, std::string candidate, double weight,
                      std::string last_good) {
  DeploymentRow row;
  row.model = "flights";
  row.champion = std::move(champion);
  row.candidate = std::move(candidate);
  row.weight = weight;
  row.last_good = std::move(last_good);
  row.revision = 7;
  return row;
}

RollbackModel of(std::string artifact, bool candidate_only = false) {
  RollbackModel back{"flights", "r", {}};
  back.artifact = std::move(artifact);
  back.candidate_only = candidate_only;
  return back;
}

struct Case {
  DeploymentRow before;
  Effect effect;
  DeploymentRow after;
  std::string artifact, reason;
};

TEST(Deployment, FollowsEachChange) {
  const std::string m = "flights";
  const std::vector<Case> cases = {
      {serving("", "", 0, ""), SetTraffic{m, kA, 10, "r"}, serving("", kA, 10, ""), kA, "r"},
      {serving(kA, "", 0, ""), SetTraffic{m, kB, 10, "r"}, serving(kA, kB, 10, ""), kB, "r"},
      {serving(kA, kB, 10, ""), SetTraffic{m, kB, 50, "r"}, serving(kA, kB, 50, ""), kB, "r"},
      {serving(kA, "", 0, "c"), SetTraffic{m, kA, 50, "r"}, serving(kA, "", 0, "c"), kA,
       "the candidate is the champion already (r)"},
      {serving("", "", 0, ""), PromoteModel{m, kA, "r"}, serving(kA, "", 0, ""), kA, "r"},
      {serving(kA, kB, 50, "c"), PromoteModel{m, kB, "r"}, serving(kB, "", 0, kA), kB, "r"},
      {serving(kA, kB, 50, "c"), PromoteModel{m, kA, "r"}, serving(kA, "", 0, "c"), kA, "r"},
      {serving(kA, kB, 50, "c"), RollbackModel{m, "r", {}}, serving(kA, "", 0, "c"), kB, "r"},
      {serving("", kB, 50, ""), RollbackModel{m, "r", {}}, serving("", "", 0, ""), kB, "r"},
      {serving(kA, "", 0, "c"), RollbackModel{m, "r", {}}, serving("c", "", 0, ""), kA, "r"},
      {serving(kA, "", 0, ""), RollbackModel{m, "r", {}}, serving(kA, "", 0, ""), "",
       "nothing to roll back to (r)"},
      {serving("", "", 0, ""), RollbackModel{m, "", {}}, serving("", "", 0, ""), "",
       "nothing to roll back to"},
      // By name: only while that one has the traffic.
      {serving(kA, kB, 50, "c"), of(kB), serving(kA, "", 0, "c"), kB, "r"},
      {serving(kA, kB, 50, "c"), of("c"), serving(kA, kB, 50, "c"), "",
       "another version is under canary; roll that back first (r)"},
      {serving(kB, "", 0, kA), of(kB, true), serving(kB, "", 0, kA), "",
       "the artifact is no longer the candidate (r)"},
      {serving(kB, "", 0, kA), of(kB), serving(kA, "", 0, ""), kB, "r"},
      {serving(kB, "", 0, kA), of("c"), serving(kB, "", 0, kA), "",
       "the artifact does not serve (r)"},
      {serving(kA, "", 0, ""), of(kA), serving("", "", 0, ""), kA, "r"},
      {serving(kA, "", 0, "c"), ReleaseModel{m, kB, "r"}, serving(kA, "", 0, "c"), kB, "r"},
  };
  for (std::size_t i = 0; i < cases.size(); ++i) {
    SCOPED_TRACE("case " + std::to_string(i));
    const DeploymentChange change = deployment_after(cases[i].before, cases[i].effect, {}, 0);
    EXPECT_EQ(cases[i].after.champion, change.after.champion);
    EXPECT_EQ(cases[i].after.candidate, change.after.candidate);
    EXPECT_EQ(cases[i].after.weight, change.after.weight);
    EXPECT_EQ(cases[i].after.last_good, change.after.last_good);
    EXPECT_EQ(8, change.after.revision);
    EXPECT_EQ(8, change.record.revision);
    EXPECT_EQ(cases[i].artifact, change.record.artifact);
    EXPECT_EQ(cases[i].reason, change.record.reason);
  }
}

// "history maps deployments to the version that was deployed at the time": an identical retrain
// registers the same artifact under a new number while the old one serves.
TEST(Deployment, KeepsTheNumberUnderWhichAVersionWasDeployed) {
  DeploymentRow row = serving("", "", 0, "");
  const auto step = [&](const Effect& effect, int newest) {
    const DeploymentChange change = deployment_after(row, effect, {}, newest);
    row = change.after;
    return change.record.version;
  };
  EXPECT_EQ(3, step(PromoteModel{"flights", kA, ""}, 3));
  EXPECT_EQ(4, step(SetTraffic{"flights", kB, 5, ""}, 4));
  EXPECT_EQ(4, step(SetTraffic{"flights", kB, 25, ""}, 5)) << "5 is B trained once more";
  EXPECT_EQ(4, row.candidate_version);
  EXPECT_EQ(4, step(PromoteModel{"flights", kB, ""}, 5));
  EXPECT_EQ(4, row.champion_version);
  EXPECT_EQ(3, row.last_good_version);
  EXPECT_EQ(4, step(RollbackModel{"flights", "", {}}, 0));
  EXPECT_EQ(3, row.champion_version);
  EXPECT_EQ(0, row.last_good_version);
}

TEST(Deployment, RemembersWhatWasTakenBackForItsFaults) {
  const DeploymentRow canary = serving(kA, kB, 5, "");
  EXPECT_TRUE(deployment_after(canary, of(kB), {}, 0).withdrawn);
  RollbackModel ended = of(kB, true);
  ended.blameless = true;
  EXPECT_FALSE(deployment_after(canary, ended, {}, 0).withdrawn);
  EXPECT_FALSE(deployment_after(canary, of(kA), {}, 0).withdrawn) << "it changed nothing";
}

TEST(Deployment, TheOwnerOfACanaryIsTheTaskThatBeganIt) {
  EffectSource source;
  source.run = Uuid{1, 2};
  source.task = "canary";
  DeploymentRow row =
      deployment_after(serving(kA, "", 0, ""), SetTraffic{"flights", kB, 5, ""}, source, 0).after;
  EXPECT_EQ((CanaryOwner{Uuid{1, 2}, "canary", -1}), row.owner);
  row = deployment_after(row, of(kB), {}, 0).after;
  EXPECT_EQ(CanaryOwner{}, row.owner);
}

}  // namespace
}  // namespace millrace
