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
  };
  for (std::size_t i = 0; i < cases.size(); ++i) {
    SCOPED_TRACE("case " + std::to_string(i));
    const DeploymentChange change = deployment_after(cases[i].before, cases[i].effect, {});
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

}  // namespace
}  // namespace millrace
