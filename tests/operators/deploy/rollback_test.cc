#include "operators/deploy/rollback.h"

#include "engine/op/query.h"
#include "tests/operators/fake_context.h"

namespace millrace::operators {
namespace {

const std::string kServing(64, 'a'), kInCanary(64, 'b'), kLastGood(64, 'c');

class RollbackTest : public ::testing::Test {
 protected:
  Result<Outcome> run(std::string champion, std::string candidate, std::string last_good,
                      std::string only = "") {
    ctx_.answer<DeploymentQuery>([=](const DeploymentQuery& query) {
      DeploymentQuery::Answer now{.model = query.model};
      if (!champion.empty()) now.champion = KnownVersion{.artifact = champion};
      if (!candidate.empty()) now.candidate = KnownVersion{.artifact = candidate};
      if (!last_good.empty()) now.last_good = KnownVersion{.artifact = last_good};
      return now;
    });
    return Catalog::of<DeployRollback>().run(
        "deploy.rollback", Json::object({{"model", "flights"}, {"artifact", only}}), ctx_);
  }
  FakeContext ctx_;
};

TEST_F(RollbackTest, EndsACanaryThatIsUnderWay) {
  const Done done = expect_outcome<Done>(run(kServing, kInCanary, kLastGood));
  EXPECT_EQ(done.outputs["from"], Json(kInCanary));
  EXPECT_EQ(done.outputs["to"], Json(kServing));
  EXPECT_EQ(millrace::effects_of<RollbackModel>(done.effects).size(), 1u);
}

TEST_F(RollbackTest, OtherwiseGoesBackToTheLastKnownGood) {
  const Done done = expect_outcome<Done>(run(kServing, "", kLastGood));
  EXPECT_EQ(done.outputs["from"], Json(kServing));
  EXPECT_EQ(done.outputs["to"], Json(kLastGood));
}

TEST_F(RollbackTest, WithNothingToGoBackToIsAnError) {
  EXPECT_EQ(run(kServing, "", "").error().code, ErrorCode::not_found);
  EXPECT_EQ(run("", "", "").error().code, ErrorCode::not_found);
}

TEST_F(RollbackTest, OfAModelThatIsGoneAlreadyChangesNothing) {
  const Done done = expect_outcome<Done>(run(kServing, "", kLastGood, kInCanary));
  EXPECT_TRUE(done.effects.empty());
  EXPECT_EQ(done.outputs["rolled_back"], Json(false));
  EXPECT_EQ(expect_outcome<Done>(run(kServing, "", kLastGood, kServing)).effects.size(), 1u);
}

}  // namespace
}  // namespace millrace::operators
