#include "operators/ml/evaluate.h"

#include <algorithm>
#include <map>

#include "engine/base/file.h"
#include "engine/op/query.h"
#include "operators/ml/train.h"
#include "tests/operators/ml/sample_table.h"
#include "tests/operators/read_artifact.h"

namespace millrace::operators {
namespace {

class EvaluateTest : public ::testing::Test {
 protected:
  EvaluateTest() {
    ctx_.answer<DeploymentQuery>([this](const DeploymentQuery& query) {
      DeploymentQuery::Answer now{.model = query.model};
      if (!champion_.empty()) now.champion = KnownVersion{.artifact = champion_};
      return now;
    });
    ctx_.answer<VersionQuery>([this](const VersionQuery& query) -> Result<KnownVersion> {
      const auto found = manifests_.find(query.artifact);
      if (found == manifests_.end()) return not_found("no such version");
      return KnownVersion{.artifact = query.artifact, .manifest = found->second};
    });
  }
  std::string train(Json features, Json more = Json::object()) {
    Json with = Json::object({{"model", "flights"},
                              {"data", train_},
                              {"label", "late"},
                              {"features", std::move(features)},
                              {"algorithm", "logistic"}});
    for (const auto& [key, value] : more.members()) with.set(key, value);
    const Done done = expect_outcome<Done>(catalog_.run("train", with, ctx_));
    // What the engine keeps of the effect.
    for (const auto& version : millrace::effects_of<RegisterModel>(done.effects))
      manifests_[version.artifact] = version.manifest;
    return done.outputs["model"].as_string();
  }
  /// The message of an evaluation that must fail.
  std::string refused(const std::string& data, Json more = Json::object()) {
    more.set("data", data);
    const auto outcome = evaluate(train(Json::array({"x", "z"})), more);
    if (outcome.ok()) return "it was judged: " + outcome_text(outcome);
    EXPECT_EQ(outcome.error().code, ErrorCode::data_invalid);
    return outcome.error().message;
  }
  std::string table(const std::string& select) {
    const auto stored = ctx_.store().get(train_);
    std::string sql = select;
    sql.replace(sql.find("$train"), 6, data::parquet_relation(stored->path));
    return put_table(ctx_, sql);
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
  std::map<std::string, std::string> manifests_;  // of artifacts
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

// train takes the first 2400 of 3000 rows: the share of 0.2 is held out.
TEST_F(EvaluateTest, RefusesTheTableThatTheModelLearntFrom) {
  const std::string message = refused(train_);
  EXPECT_NE(message.find("has learnt from 2400 of the 3000 rows of the holdout"), std::string::npos)
      << message;
}

TEST_F(EvaluateTest, RefusesOtherTablesWithTheSameRows) {
  // Columns in another order, of other types, with one more; rows in another order.
  const std::string reordered = table(
      "SELECT z, random() AS noise, late::INTEGER AS late, x::DECIMAL(9,4) AS x, id + 7 AS id, "
      "\"at\" "
      "FROM $train ORDER BY hash(id)");
  EXPECT_NE(refused(reordered).find("2400 of the 3000 rows"), std::string::npos)
      << refused(reordered);
  // A part of it, without the time.
  const std::string part = table("SELECT x, z, late FROM $train WHERE id % 3 = 0");
  EXPECT_NE(refused(part, Json::object({{"timestamp", ""}})).find("800 of the 1000 rows"),
            std::string::npos)
      << refused(part, Json::object({{"timestamp", ""}}));
  // One row is enough to tell.
  const std::string mixed =
      put_table(ctx_, "SELECT * FROM " + data::parquet_relation(ctx_.store().get(holdout_)->path) +
                          " UNION ALL SELECT * FROM " +
                          data::parquet_relation(ctx_.store().get(train_)->path) + " WHERE id = 5");
  EXPECT_NE(refused(mixed).find("1 of the 3001 rows"), std::string::npos) << refused(mixed);
}

TEST_F(EvaluateTest, TakesThePartOfTheTableThatTrainingHeldOut) {
  // A row a minute: row 2400 comes 40 hours after the first.
  const Json split = Json::object({{"timestamp", "at"}, {"holdout_from", "2001-01-02T16:00:00Z"}});
  const std::string model = train(Json::array({"x", "z"}), split);
  const Done done = expect_outcome<Done>(
      evaluate(model, Json::object({{"data", train_}, {"from", "2001-01-02T16:00:00Z"}})));
  EXPECT_EQ(done.outputs["rows"], Json(600));
  EXPECT_EQ(done.outputs["shared_rows"], Json(0));
  const auto early =
      evaluate(model, Json::object({{"data", train_}, {"from", "2001-01-02T15:59:00Z"}}));
  ASSERT_FALSE(early.ok());
  EXPECT_NE(early.error().message.find("1 of the 601 rows"), std::string::npos)
      << early.error().message;
}

TEST_F(EvaluateTest, RowsThatAreEqualByChanceAreNoLeak) {
  // Features of few values: most rows of any sample occur in any other.
  const auto coarse = [&](const std::string& digest) {
    return put_table(ctx_, "SELECT round(x, 1) AS x, round(z, 1) AS z, late FROM " +
                               data::parquet_relation(ctx_.store().get(digest)->path));
  };
  const std::string seen = coarse(train_), unseen = coarse(holdout_);
  const std::string model = train(Json::array({"x", "z"}), Json::object({{"data", seen}}));
  const Json no_time = Json::object({{"timestamp", ""}, {"data", unseen}});
  const Done done = expect_outcome<Done>(evaluate(model, no_time));
  EXPECT_GT(done.outputs["shared_rows"].as_int(), 2000);
  // The table itself is known by its digest.
  EXPECT_FALSE(evaluate(model, Json::object({{"timestamp", ""}, {"data", seen}})).ok());
}

TEST_F(EvaluateTest, AShareOfSeenRowsCanBeAllowed) {
  const std::string model = train(Json::array({"x", "z"}));
  EXPECT_FALSE(evaluate(model, Json::object({{"data", train_}, {"max_overlap", 0.79}})).ok());
  const Done done =
      expect_outcome<Done>(evaluate(model, Json::object({{"data", train_}, {"max_overlap", 0.8}})));
  EXPECT_EQ(done.outputs["shared_rows"], Json(2400));
  EXPECT_EQ(millrace::effects_of<RecordEvaluation>(done.effects)
                .at(0)
                .report["overlaps"]
                .at(0)["training_rows"],
            Json(2400));
}

TEST_F(EvaluateTest, AModelWithoutAManifestIsNotJudged) {
  const std::string model = train(Json::array({"x", "z"}));
  manifests_.clear();
  const auto outcome = evaluate(model);
  ASSERT_FALSE(outcome.ok());
  EXPECT_NE(outcome.error().message.find("it is unknown whether model"), std::string::npos)
      << outcome.error().message;
  expect_outcome<Done>(evaluate(model, Json::object({{"max_overlap", 1}})));
}

TEST_F(EvaluateTest, AChampionThatKnowsTheRowsIsOnlyWarnedOf) {
  champion_ = train(Json::array({"z"}), Json::object({{"data", holdout_}}));
  expect_outcome<Done>(evaluate(train(Json::array({"x", "z"}))));
  EXPECT_TRUE(std::ranges::any_of(ctx_.lines, [](const std::string& line) {
    return line.starts_with("warning: the champion has learnt from 2400 of the 3000 rows");
  }));
}

TEST_F(EvaluateTest, SaysWhatItCannotRead) {
  EXPECT_EQ(evaluate(Json::array()).error().message, "parameter 'challengers' is empty");
  EXPECT_EQ(evaluate(std::string(64, '0')).error().code, ErrorCode::not_found);
  const auto no_model = ctx_.artifacts().put_text("{}");
  EXPECT_FALSE(evaluate(no_model->digest).ok());
}

}  // namespace
}  // namespace millrace::operators
