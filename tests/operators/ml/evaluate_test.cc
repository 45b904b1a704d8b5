#include "operators/ml/evaluate.h"

#include "engine/base/file.h"
#include "engine/op/query.h"
#include "operators/ml/train.h"
#include "tests/operators/ml/sample_table.h"

namespace millrace::operators {
namespace {

class EvaluateTest : public ::testing::Test {
 protected:
  EvaluateTest() {
    ctx_.answers[std::string(query::deployment)] = [this](const Json&) -> Result<Json> {
      return Json::object(
          {{"champion", champion_.empty() ? Json() : Json::object({{"artifact", champion_}})}});
    };
  }
  std::string train(Json features) {
    const Json with = Json::object({{"model", "flights"},
                                    {"data", train_},
                                    {"label", "late"},
                                    {"features", std::move(features)},
                                    {"algorithm", "logistic"}});
    return expect_outcome<Done>(catalog_.run("train", with, ctx_)).outputs["model"].as_string();
  }
  Result<Outcome> evaluate(Json challengers, Json more = Json::object()) {
    Json with = Json::object({{"model", "flights"},
                              {"data", holdout_},
                              {"label", "late"},
                              {"timestamp", "at"},
                              {"challengers", std::move(challengers)},
                              {"max_latency_us", 0}});  // a busy machine is no matter of the test
    for (const auto& [key, value] : more.members()) with.set(key, value);
    return catalog_.run("evaluate", with, ctx_);
  }

  FakeContext ctx_;
  Catalog catalog_ = Catalog::of<Train, Evaluate>();
  std::string champion_;
  std::string train_ = sample_table(ctx_, 0, 3000), holdout_ = sample_table(ctx_, 3000, 6000);
};

TEST_F(EvaluateTest, PromotesTheBetterModelAndRecordsWhy) {
  champion_ = train(Json::array({"z"}));
  const std::string better = train(Json::array({"x", "z"}));
  const Done done = expect_outcome<Done>(evaluate(better));
  EXPECT_EQ(done.outputs["decision"], Json("promote")) << done.outputs.dump_pretty();
  EXPECT_EQ(done.outputs["challenger"], Json(better));
  EXPECT_EQ(done.outputs["champion"], Json(champion_));
  EXPECT_GT(done.outputs["auc_challenger"].as_double(), done.outputs["auc_champion"].as_double());
  EXPECT_LT(done.outputs["p_value"].as_double(), 0.05);
  const auto records = millrace::effects_of<RecordEvaluation>(done.effects);
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].decision, "promote");
  EXPECT_EQ(records[0].champion, champion_);
  EXPECT_EQ(records[0].report["rows"], Json(3000));
  const auto page = ctx_.artifacts().get(done.outputs["report"].as_view());
  ASSERT_TRUE(page.ok());
  const std::string text = read_file(page->path, 1 << 20).value_or("");
  EXPECT_TRUE(text.starts_with("# Evaluation of flights: promote\n")) << text;
}

TEST_F(EvaluateTest, RefusesAModelThatIsNoBetter) {
  champion_ = train(Json::array({"x", "z"}));
  const Done done = expect_outcome<Done>(evaluate(train(Json::array({"z"}))));
  EXPECT_EQ(done.outputs["decision"], Json("refuse"));
  EXPECT_GT(done.outputs["reasons"].size(), 0u);
  EXPECT_EQ(millrace::effects_of<RecordEvaluation>(done.effects).at(0).decision, "refuse");
}

TEST_F(EvaluateTest, PicksTheBestOfSeveral) {
  champion_ = train(Json::array({"z"}));
  const std::string x = train(Json::array({"x"})), both = train(Json::array({"x", "z"}));
  const Done done = expect_outcome<Done>(evaluate(Json::array({x, both})));
  EXPECT_EQ(done.outputs["challenger"], Json(both));
  EXPECT_EQ(millrace::effects_of<RecordEvaluation>(done.effects).at(0).report["challengers"].size(),
            2u);
}

TEST_F(EvaluateTest, WithoutAChampionAGoodModelIsPromoted) {
  const Done done = expect_outcome<Done>(evaluate(train(Json::array({"x", "z"}))));
  EXPECT_EQ(done.outputs["decision"], Json("promote"));
  EXPECT_EQ(done.outputs["champion"], Json(""));
  EXPECT_TRUE(done.outputs["auc_champion"].is_null());
}

TEST_F(EvaluateTest, WithoutAChampionAWeakModelIsRefused) {
  const Done done = expect_outcome<Done>(
      evaluate(train(Json::array({"z"})), Json::object({{"first_min_auc", 0.9}})));
  EXPECT_EQ(done.outputs["decision"], Json("refuse"));
}

TEST_F(EvaluateTest, LooksOnlyAtTheRowsInItsInterval) {
  // Row 3000 stands at two days and two hours; a day has 1440 rows.
  const Done done =
      expect_outcome<Done>(evaluate(train(Json::array({"x", "z"})),
                                    Json::object({{"from", "2001-01-04"}, {"to", "2001-01-05"}})));
  EXPECT_EQ(done.outputs["rows"], Json(1440));
}

TEST_F(EvaluateTest, SaysWhatItCannotRead) {
  EXPECT_EQ(evaluate(Json::array()).error().message, "parameter 'challengers' is empty");
  EXPECT_EQ(evaluate(std::string(64, '0')).error().code, ErrorCode::not_found);
  const auto no_model = ctx_.artifacts().put_text("{}");
  EXPECT_FALSE(evaluate(no_model->digest).ok());
}

}  // namespace
}  // namespace millrace::operators
