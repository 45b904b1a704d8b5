#include "operators/ml/model_import.h"

#include "engine/base/file.h"
#include "engine/ml/model.h"
#include "operators/ml/train.h"
#include "tests/operators/ml/sample_table.h"
#include "tests/operators/read_artifact.h"

namespace millrace::operators {
namespace {

using namespace std::string_literals;

class ModelImportTest : public ::testing::Test {
 protected:
  Result<Outcome> import(const std::string& digest, Json more = Json::object()) {
    Json with = Json::object({{"model", "flights"}, {"file", digest}});
    for (const auto& [key, value] : more.members()) with.set(key, value);
    return catalog_.run("model.import", with, ctx_);
  }
  std::string put(std::string_view text) { return ctx_.artifacts().put_text(text)->digest; }
  std::string refusal(std::string_view text, Json more = Json::object()) {
    const auto outcome = import(put(text), std::move(more));
    return outcome ? "accepted" : outcome.error().message;
  }
  /// margin = -2 + 3x + 2z, standardised as save_model() of the Python helper file writes it.
  static Json logistic() {
    return Json::object({{"format", "millrace.model"},
                         {"format_version", 1},
                         {"algorithm", "logistic"},
                         {"objective", "binary"},
                         {"features", Json::array({"x", "z"})},
                         {"parameters", Json::object()},
                         {"linear", Json::object({{"intercept", 0.5},
                                                  {"coefficients", Json::array({0.75, 1.0})},
                                                  {"means", Json::array({0.5, 0.5})},
                                                  {"scales", Json::array({0.25, 0.5})}})}});
  }
  /// Rows with `p`, the probability by DuckDB's arithmetic.
  std::string table_with_predictions(const std::string& p = "1 / (1 + exp(2 - 3 * x - 2 * z))") {
    data::SessionOptions options;
    options.folders = {ctx_.work_dir()};
    auto session = data::Session::open(std::move(options));
    const auto file = ctx_.work_dir() / "scored.parquet";
    EXPECT_TRUE(session
                    ->write_parquet("SELECT *, " + p +
                                        " AS p FROM (SELECT i / 10.0 AS x, (i % 7) / 7.0 AS z, "
                                        "i % 2 AS late FROM range(50) t(i))",
                                    file)
                    .ok());
    return ctx_.artifacts().put_file(file)->digest;
  }
  /// The plain file of XGBoost that a training of ours holds.
  Json plain_xgboost() {
    const Json with = Json::object({{"model", "flights"},
                                    {"data", table_},
                                    {"label", "late"},
                                    {"features", Json::array({"x", "z"})},
                                    {"params", Json::object({{"rounds", 5}})}});
    const Done done = expect_outcome<Done>(catalog_.run("train", with, ctx_));
    const auto stored = ctx_.artifacts().get(done.outputs["model"].as_view());
    return (*Json::parse(*read_file(stored->path, 10 << 20)))["xgboost"];
  }

  FakeContext ctx_;
  Catalog catalog_ = Catalog::of<Train, ModelImport>();
  std::string table_ = sample_table(ctx_, 0, 500);
};

TEST_F(ModelImportTest, RegistersALogisticModelThatPredictsWhatItsToolDoes) {
  const std::string digest = put(logistic().dump());
  const Done done = expect_outcome<Done>(
      import(digest, Json::object({{"data", table_with_predictions()},
                                   {"prediction", "p"},
                                   {"label", "late"},
                                   {"metrics", Json::object({{"auc_cv", 0.8}})},
                                   {"tool", "scikit-learn 1.2.1"}})));
  EXPECT_EQ(done.outputs["algorithm"], Json("logistic"));
  EXPECT_EQ(done.outputs["rows"], Json(50));
  EXPECT_LT(done.outputs["max_difference"].as_double(), 1e-12);
  EXPECT_TRUE(done.outputs["metrics"]["auc"].is_number());
  EXPECT_EQ(done.outputs["metrics"]["reported"]["auc_cv"], Json(0.8));
  const auto registered = millrace::effects_of<RegisterModel>(done.effects);
  ASSERT_EQ(registered.size(), 1u);
  EXPECT_EQ(registered[0].artifact, done.outputs["model"].as_string());
  const auto published = millrace::effects_of<PublishArtifact>(done.effects);
  ASSERT_EQ(published.size(), 2u);
  EXPECT_EQ(published[0].inputs.front(), digest);
}

TEST_F(ModelImportTest, RefusesAModelThatPredictsOtherwise) {
  const std::string digest = put(logistic().dump());
  const std::string table = table_with_predictions(
      "CASE WHEN x = 0.3 THEN 0.5 ELSE 1 / (1 + exp(2 - 3 * x - 2 * z)) END");
  const auto outcome = import(digest, Json::object({{"data", table}, {"prediction", "p"}}));
  ASSERT_FALSE(outcome.ok());
  EXPECT_NE(outcome.error().message.find("row 4 of `data`: the imported model predicts 0."),
            std::string::npos)
      << outcome.error().message;
}

TEST_F(ModelImportTest, NamesTheFeaturesOfAnXgboostFileWithoutNames) {
  Json plain = plain_xgboost();
  Json learner = plain["learner"];
  learner.set("feature_names", Json::array());
  plain.set("learner", learner);
  const Done unnamed = expect_outcome<Done>(import(put(plain.dump())));
  EXPECT_EQ(unnamed.outputs["features"], Json::array({"f0", "f1"}));
  const Done named = expect_outcome<Done>(
      import(put(plain.dump()), Json::object({{"features", Json::array({"x", "z"})}})));
  EXPECT_EQ(named.outputs["features"], Json::array({"x", "z"}));
  EXPECT_EQ(named.outputs["algorithm"], Json("xgboost"));
}

TEST_F(ModelImportTest, RefusesFeaturesInAnotherOrder) {
  EXPECT_EQ(refusal(logistic().dump(), Json::object({{"features", Json::array({"z", "x"})}})),
            "feature 1 of the model is 'x', and `features` names 'z'; the order must be that of "
            "the training");
  EXPECT_EQ(refusal(logistic().dump(), Json::object({{"features", Json::array({"x"})}})),
            "`features` names 1 features; the model has 2");
}

TEST_F(ModelImportTest, ReadsAFileOfTheDagFolder) {
  ctx_.write("models/churn.json", logistic().dump());
  const Json with = Json::object({{"model", "churn"}, {"path", "models/churn.json"}});
  EXPECT_EQ(expect_outcome<Done>(catalog_.run("model.import", with, ctx_)).outputs["objective"],
            Json("binary"));
}

TEST_F(ModelImportTest, SaysWhatAFileIsThatItDoesNotRead) {
  EXPECT_NE(refusal("\x80\x04\x95").find("is a pickle file, which runs a program"),
            std::string::npos);
  EXPECT_NE(refusal("PK\x03\x04zip").find("is a ZIP archive"), std::string::npos);
  EXPECT_NE(refusal("{L\x00\x00"s).find("is a binary XGBoost file"), std::string::npos);
  EXPECT_NE(refusal("tree\nversion=v3").find("is a LightGBM file"), std::string::npos);
  EXPECT_NE(refusal("not json").find("is no JSON file"), std::string::npos);
  EXPECT_NE(refusal("{}").find("\"format\" must be \"millrace.model\""), std::string::npos);
}

// `evaluate` reads the manifest to see whether a model has learnt from the holdout. The table has a
// row a minute from 2001-01-01 on.
TEST_F(ModelImportTest, ItsManifestNamesTheRowsOfTheTraining) {
  const Done done = expect_outcome<Done>(
      import(put(logistic().dump()), Json::object({{"trained_on", table_},
                                                   {"label", "late"},
                                                   {"timestamp", "at"},
                                                   {"trained_to", "2001-01-01T05:00:00Z"}})));
  const auto registered = millrace::effects_of<RegisterModel>(done.effects);
  const auto stored = ctx_.artifacts().get(registered.at(0).manifest);
  const Json manifest = *Json::parse(*read_file(stored->path, 1 << 20));
  EXPECT_EQ(manifest["data"], Json(table_));
  EXPECT_EQ(manifest["split"]["train"], Json::object({{"rows", 300},
                                                      {"first", "2001-01-01T00:00:00Z"},
                                                      {"last", "2001-01-01T04:59:00Z"}}));
  EXPECT_EQ(refusal(logistic().dump(), Json::object({{"trained_on", table_}})),
            "`trained_on` needs the parameter `label`");
}

TEST_F(ModelImportTest, RefusesChecksWithoutATable) {
  EXPECT_EQ(refusal(logistic().dump(), Json::object({{"label", "late"}})),
            "`label` and `prediction` are columns of `data`, which is not given");
  EXPECT_EQ(
      refusal(logistic().dump(), Json::object({{"metrics", Json::object({{"auc", "high"}})}})),
      "metrics.auc is a string; expected a number");
}

}  // namespace
}  // namespace millrace::operators
