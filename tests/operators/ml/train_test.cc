#include "operators/ml/train.h"

#include "engine/base/digest.h"
#include "engine/base/file.h"
#include "engine/ml/model.h"
#include "tests/operators/ml/sample_table.h"

namespace millrace::operators {
namespace {

class TrainTest : public ::testing::Test {
 protected:
  Result<Outcome> run(Json more = Json::object()) {
    Json with = Json::object({{"model", "flights"},
                              {"data", table_},
                              {"label", "late"},
                              {"timestamp", "at"},
                              {"features", Json::array({"x", "z"})},
                              {"algorithm", "logistic"}});
    for (const auto& [key, value] : more.members()) with.set(key, value);
    return catalog_.run("train", with, ctx_);
  }
  std::string text_of(const Json& digest) {
    const auto stored = ctx_.artifacts().get(digest.as_view());
    return stored ? read_file(stored->path, 10 << 20).value_or("") : "";
  }

  FakeContext ctx_;
  Catalog catalog_ = Catalog::of<Train>();
  std::string table_ = sample_table(ctx_, 0, 4000);
};

TEST_F(TrainTest, LearnsRegistersAndTells) {
  const Done done = expect_outcome<Done>(run());
  const Json& out = done.outputs;
  EXPECT_EQ(out["rows"]["train"], Json(3200));
  EXPECT_EQ(out["rows"]["holdout"], Json(800));
  EXPECT_EQ(out["features"], Json::array({"x", "z"}));
  // The rows' own chance bounds the AUC; guessing has 0.5.
  EXPECT_GT(out["metrics"]["auc"].as_double(), 0.70);
  EXPECT_LT(out["metrics"]["auc"].as_double(), 0.85);
  EXPECT_GT(out["metrics"]["train"]["auc"].as_double(), 0.70);
  const auto registered = millrace::effects_of<RegisterModel>(done.effects);
  ASSERT_EQ(registered.size(), 1u);
  EXPECT_EQ(registered[0].model, "flights");
  EXPECT_EQ(registered[0].artifact, out["model"].as_string());
  EXPECT_EQ(registered[0].manifest, out["manifest"].as_string());
  const auto published = millrace::effects_of<PublishArtifact>(done.effects);
  ASSERT_EQ(published.size(), 2u);
  EXPECT_EQ(published[0].kind, "model");
  EXPECT_EQ(published[0].inputs, std::vector<std::string>{table_});
  const auto model = ml::Model::parse(text_of(out["model"]));
  ASSERT_TRUE(model.ok());
  EXPECT_GT(*model->predict_row(std::vector<double>{1, 1}), 0.8);
  EXPECT_LT(*model->predict_row(std::vector<double>{0, 0}), 0.3);
}

TEST_F(TrainTest, TheSameManifestGivesTheSameModel) {
  for (const char* algorithm : {"logistic", "xgboost"}) {
    const Json more =
        Json::object({{"algorithm", algorithm},
                      {"seed", 7},
                      {"params", std::string_view(algorithm) == "xgboost"
                                     ? Json::object({{"rounds", 20}, {"subsample", 0.5}})
                                     : Json::object()}});
    const Json first = expect_outcome<Done>(run(more)).outputs;
    const Json second = expect_outcome<Done>(run(more)).outputs;
    EXPECT_EQ(first["manifest"], second["manifest"]) << algorithm;
    EXPECT_EQ(first["model"], second["model"]) << algorithm;
    Json other = more;
    other.set("seed", 8);
    EXPECT_NE(expect_outcome<Done>(run(other)).outputs["manifest"], first["manifest"]);
  }
}

TEST_F(TrainTest, TheManifestHoldsWhatTheTrainingRestsOn) {
  const auto manifest = Json::parse(text_of(expect_outcome<Done>(run()).outputs["manifest"]));
  ASSERT_TRUE(manifest.ok());
  EXPECT_EQ((*manifest)["data"], Json(table_));
  EXPECT_EQ((*manifest)["split"]["train"]["first"], Json("2001-01-01T00:00:00Z"));
  // A row a minute: row 3199 comes 53 hours and 19 minutes after the first.
  EXPECT_EQ((*manifest)["split"]["train"]["last"], Json("2001-01-03T05:19:00Z"));
  EXPECT_EQ((*manifest)["split"]["holdout"]["first"], Json("2001-01-03T05:20:00Z"));
  EXPECT_EQ((*manifest)["label"], Json("late"));
  EXPECT_TRUE(is_sha256_hex((*manifest)["model"].as_view()));
}

TEST_F(TrainTest, SplitsAtAGivenTime) {
  const Json out = expect_outcome<Done>(run(Json::object({{"holdout_from", "2001-01-02"},
                                                          {"holdout_to", "2001-01-02T12:00:00Z"}})))
                       .outputs;
  EXPECT_EQ(out["rows"]["train"], Json(1440));
  EXPECT_EQ(out["rows"]["holdout"], Json(720));
}

TEST_F(TrainTest, WithoutFeaturesTakesEveryNumericColumnWithoutAnotherRole) {
  const Json out =
      expect_outcome<Done>(
          run(Json::object({{"features", Json()}, {"entity", Json::array({"id", "minutes"})}})))
          .outputs;
  EXPECT_EQ(out["features"], Json::array({"x", "z"}));
}

TEST_F(TrainTest, LearnsNumbersToo) {
  const Json out =
      expect_outcome<Done>(run(Json::object({{"algorithm", "linear"}, {"label", "minutes"}})))
          .outputs;
  EXPECT_GT(out["metrics"]["r2"].as_double(), 0.95);
}

TEST_F(TrainTest, NamesWhatIsWrong) {
  const auto message = [&](Json more) {
    const auto outcome = run(std::move(more));
    return outcome ? std::string("it ended well") : outcome.error().message;
  };
  EXPECT_EQ(message(Json::object({{"label", "latte"}})),
            "the table has no column 'latte' (label); did you mean 'late'?");
  EXPECT_EQ(message(Json::object({{"features", Json::array({"x", "carrier"})}})),
            "feature 'carrier' is text; make a number of it in features.build, or leave it out");
  EXPECT_EQ(message(Json::object({{"params", Json::object({{"l3", 1}})}})),
            "the algorithm has no parameter 'l3'; did you mean 'l2'?");
  EXPECT_EQ(message(Json::object({{"timestamp", ""}, {"holdout_from", "2001-01-02"}})),
            "'holdout_from' and 'holdout_to' need the parameter 'timestamp'");
  EXPECT_EQ(message(Json::object({{"holdout_from", "2000-01-01"}})),
            "no row is left to learn from: the table has 4000, the holdout takes 4000");
  EXPECT_FALSE(run(Json::object({{"data", std::string(64, '0')}})).ok());
}

}  // namespace
}  // namespace millrace::operators
