// What gets no traffic. Right value: the candidate exists, is a registered version of that model of
// kind "model", loads, and has the same signature and objective.
#include "tests/operators/deploy/canary_fixture.h"

namespace millrace::operators {
namespace {

class CandidateTest : public CanaryTest {};

TEST_F(CandidateTest, RefusesWhatIsNoRegisteredVersion) {
  registered_ = "";
  EXPECT_NE(refusal().find("is no registered version of model 'flights'"), std::string::npos);
  champion_ = "";
  EXPECT_NE(refusal().find("is no registered version"), std::string::npos)
      << "the first model must be one, too";
}

TEST_F(CandidateTest, RefusesAnArtifactThatIsNoModel) {
  artifact_kind_ = "table";
  EXPECT_NE(refusal().find("of kind 'table'"), std::string::npos) << refusal();
}

TEST_F(CandidateTest, RefusesAModelThatDoesNotLoad) {
  with_.set("candidate", registered_ = put("sixty-four zeros"));
  EXPECT_NE(refusal(), "accepted");
  with_.set("candidate", registered_ = std::string(64, '0'));
  EXPECT_NE(refusal(), "accepted");
}

TEST_F(CandidateTest, RefusesAModelThatWasRefusedOrRolledBack) {
  not_shipped_ = "was rolled back: p = 1e-191";
  EXPECT_NE(refusal().find("was rolled back: p = 1e-191"), std::string::npos) << refusal();
  EXPECT_NE(refusal().find("millrace release flights"), std::string::npos) << refusal();
}

TEST_F(CandidateTest, RefusesAnotherObjective) {
  with_.set("candidate", registered_ = put(model_text({"hour", "distance"}, 0, false)));
  EXPECT_EQ(refusal(),
            "the candidate's objective is regression, the champion's binary; set "
            "allow_signature_change: true where clients can cope");
  with_.set("allow_signature_change", true);
  EXPECT_EQ(millrace::effects_of<SetTraffic>(step<Defer>().effects).size(), 1u);
}

TEST_F(CandidateTest, RefusesOtherFeatures) {
  with_.set("candidate", registered_ = put(model_text({"hour", "weather"}, 0)));
  EXPECT_EQ(refusal(),
            "the candidate has other features than the champion: it wants 'weather', which the "
            "champion does not; it does not know 'distance'; set allow_signature_change: true "
            "where clients can cope");
  with_.set("allow_signature_change", true);
  EXPECT_EQ(millrace::effects_of<SetTraffic>(step<Defer>().effects).size(), 1u);
}

TEST_F(CandidateTest, ABrokenChampionIsReplacedOnlyOnRequest) {
  champion_ = put("broken");
  EXPECT_NE(refusal().find("the champion cannot be loaded"), std::string::npos) << refusal();
  with_.set("allow_signature_change", true);
  EXPECT_EQ(millrace::effects_of<SetTraffic>(step<Defer>().effects).size(), 1u);
}

}  // namespace
}  // namespace millrace::operators
