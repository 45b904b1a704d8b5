#include "operators/ml/train.h"

#include <algorithm>

#include "engine/base/digest.h"
#include "engine/base/file.h"
#include "engine/ml/model.h"
#include "tests/operators/ml/sample_table.h"
#include "tests/operators/read_artifact.h"

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
  EXPECT_EQ(published[0].artifact_kind, "model");
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
          run(Json::object({{"features", Json()}, {"entity", Json::array({"id", "carrier"})}})))
          .outputs;
  EXPECT_EQ(out["features"], Json::array({"x", "z", "minutes"}));
}

// A double has 53 bits: the keys 12345678901234567890 and ...891 are one.
TEST_F(TrainTest, RefusesAnEntityThatRoundsAndOneThatIsNotThere) {
  const auto message = [&](const char* entity) {
    const auto outcome = run(Json::object({{"entity", Json::array({"id", entity})}}));
    return outcome ? "no error" : outcome.error().message;
  };
  EXPECT_EQ(
      message("minutes"),
      "entity: the key 'minutes' is of type DOUBLE, which rounds, so that two keys may become "
      "one; read it as an integer, a DECIMAL or text (`types` of ingest)");
  EXPECT_NE(message("carier").find("entity: the table has no column 'carier'; did you mean "
                                   "'carrier'?"),
            std::string::npos)
      << message("carier");
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
  EXPECT_EQ(message(Json::object({{"holdout_from", "2002-01-01"}})),
            "no row is held out: the table has 4000, none of them from 2002-01-01 on; give another "
            "holdout_from, or holdout_fraction");
  EXPECT_FALSE(run(Json::object({{"data", std::string(64, '0')}})).ok());
}

class TrainLeakTest : public TrainTest {
 protected:
  /// The sample with one more column.
  void add(const std::string& column) {
    const auto stored = ctx_.store().get(table_);
    table_ = put_table(
        ctx_, "SELECT *, " + column + " AS extra FROM " + data::parquet_relation(stored->path));
  }
  std::string message(Json more) {
    const auto outcome = run(std::move(more));
    return outcome ? "it ended well" : outcome.error().message;
  }
  bool logged(std::string_view text) {
    return std::ranges::any_of(
        ctx_.lines, [&](const std::string& line) { return line.find(text) != std::string::npos; });
  }
  const Json with_extra_ = Json::object({{"features", Json::array({"x", "extra"})}});
};

TEST_F(TrainLeakTest, RefusesTheLabelAmongTheFeatures) {
  EXPECT_EQ(message(Json::object({{"features", Json::array({"x", "late"})}})),
            "the label 'late' is among the features; a model that is given the answer has nothing "
            "to learn");
}

TEST_F(TrainLeakTest, RefusesACopyOfTheLabelAndAffineMaps) {
  for (const auto& [column, text] :
       {std::pair{"late", "is the label"}, std::pair{"late::INTEGER * 2 + 1", "is 2 * label + 1"},
        std::pair{"1 - late::INTEGER", "is -1 * label + 1"},
        std::pair{"CASE WHEN id % 3 = 0 THEN NULL ELSE late::FLOAT * 0.1 END", "is 0.1 * label"}}) {
    const std::string before = table_;
    add(column);
    const std::string refusal = message(with_extra_);
    EXPECT_NE(refusal.find("feature 'extra' " + std::string(text) + " in all "), std::string::npos)
        << column << ": " << refusal;
    table_ = before;
  }
  // Of a regression as well, and where the features are not named.
  add("minutes * 60 - 5");
  Json numbers =
      Json::object({{"algorithm", "linear"}, {"label", "minutes"}, {"features", Json()}});
  EXPECT_NE(message(numbers).find("feature 'extra' is 60 * label - 5"), std::string::npos)
      << message(numbers);
  numbers.set("allow_leakage", Json::array({"extra"}));
  const Done done = expect_outcome<Done>(run(numbers));
  EXPECT_EQ(done.outputs["warnings"].size(), 1u);
  EXPECT_TRUE(logged("warning: feature 'extra' is 60 * label - 5"));
}

TEST_F(TrainLeakTest, WarnsOfAFeatureThatSeparatesTheClasses) {
  add("CASE WHEN late THEN 16 + x ELSE x END");
  const Done done = expect_outcome<Done>(run(with_extra_));
  ASSERT_EQ(done.outputs["warnings"].size(), 1u);
  EXPECT_EQ(done.outputs["warnings"].at(0),
            Json("feature 'extra' separates the two classes without an error in all 3200 rows "
                 "that have a value; is it known before the label is?"));
  const auto manifest = Json::parse(text_of(done.outputs["manifest"]));
  EXPECT_EQ((*manifest)["warnings"], done.outputs["warnings"]);
}

TEST_F(TrainLeakTest, WarnsOfAFeatureThatIsMissingWithTheLabel) {
  add("CASE WHEN late THEN x END");
  const Done done = expect_outcome<Done>(run(with_extra_));
  ASSERT_EQ(done.outputs["warnings"].size(), 1u);
  EXPECT_NE(done.outputs["warnings"].at(0).as_view().find("missing exactly in the rows"),
            std::string_view::npos);
}

TEST_F(TrainLeakTest, HonestFeaturesRaiseNoWarning) {
  EXPECT_EQ(expect_outcome<Done>(run()).outputs["warnings"].size(), 0u);
}

TEST_F(TrainTest, RefusesOneClass) {
  const auto stored = ctx_.store().get(table_);
  const std::string rows = data::parquet_relation(stored->path);
  table_ = put_table(ctx_, "SELECT * FROM " + rows + " WHERE late");
  for (const char* algorithm : {"logistic", "xgboost"}) {
    const auto outcome = run(Json::object({{"algorithm", algorithm}}));
    ASSERT_FALSE(outcome.ok()) << algorithm;
    EXPECT_NE(outcome.error().message.find("has the label 1"), std::string::npos)
        << outcome.error().message;
  }
}

TEST_F(TrainTest, RefusesAHoldoutOfOneClass) {
  const auto stored = ctx_.store().get(table_);
  table_ = put_table(
      ctx_, "SELECT * FROM " + data::parquet_relation(stored->path) + " ORDER BY late, id");
  const auto outcome = run(Json::object({{"timestamp", ""}}));
  ASSERT_FALSE(outcome.ok());
  EXPECT_NE(outcome.error().message.find("800 rows held out has the label 1"), std::string::npos)
      << outcome.error().message;
  EXPECT_NE(outcome.error().message.find("is it sorted by the label?"), std::string::npos);
  expect_outcome<Done>(run(Json::object({{"timestamp", ""}, {"holdout_fraction", 0}})));
}

// Nothing is missing here: the leak check must not speak before the label is known to be sound.
TEST_F(TrainTest, ChecksTheLabelOfABinaryModelBeforeAnythingElse) {
  const std::string rows = data::parquet_relation(ctx_.store().get(table_)->path);
  for (const auto& [sql, values] :
       {std::pair{"CASE WHEN late THEN 2 ELSE 1 END", "is 2 in "},
        std::pair{"CASE WHEN late THEN 18.26 ELSE 0 END", "is 18.26 in "},
        std::pair{"id % 7 + 2", "is 2, 3, 4, … in "},
        std::pair{"CASE WHEN id % 3 = 0 THEN -1 ELSE id % 3 END", "is -1, 2 in "}}) {
    table_ = put_table(ctx_, "SELECT * REPLACE (" + std::string(sql) + " AS late) FROM " + rows);
    for (const char* algorithm : {"logistic", "xgboost"}) {
      const auto outcome = run(Json::object({{"algorithm", algorithm}}));
      ASSERT_FALSE(outcome.ok()) << sql;
      EXPECT_EQ(outcome.error().code, ErrorCode::data_invalid);
      const std::string& message = outcome.error().message;
      EXPECT_TRUE(message.starts_with("the label 'late' " + std::string(values))) << message;
      EXPECT_NE(message.find("0 or 1"), std::string::npos) << message;
    }
  }
  EXPECT_FALSE(std::ranges::any_of(ctx_.lines, [](const std::string& line) {
    return line.find("warning") != std::string::npos;
  }));
}

TEST_F(TrainTest, NamesTheColumnsThatAreLeftOut) {
  const Done done =
      expect_outcome<Done>(run(Json::object({{"features", Json()}, {"entity", "id"}})));
  EXPECT_EQ(done.outputs["left_out"].dump(), R"j(["carrier (VARCHAR)"])j");
  EXPECT_TRUE(std::ranges::any_of(ctx_.lines, [](const std::string& line) {
    return line == "not learnt from, as they hold no numbers: carrier (VARCHAR)";
  }));
  const auto manifest = Json::parse(text_of(done.outputs["manifest"]));
  EXPECT_EQ((*manifest)["left_out"], done.outputs["left_out"]);
}

}  // namespace
}  // namespace millrace::operators
