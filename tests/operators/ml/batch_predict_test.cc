#include "operators/ml/batch_predict.h"

#include "engine/base/file.h"
#include "engine/data/scan.h"
#include "engine/ml/model.h"
#include "engine/op/query.h"
#include "operators/ml/train.h"
#include "tests/operators/ml/sample_table.h"

namespace millrace::operators {
namespace {

class BatchPredictTest : public ::testing::Test {
 protected:
  std::string model() {
    const Json with = Json::object({{"model", "flights"},
                                    {"data", table_},
                                    {"label", "late"},
                                    {"features", Json::array({"z", "x"})},
                                    {"algorithm", "logistic"}});
    return expect_outcome<Done>(catalog_.run("train", with, ctx_)).outputs["model"].as_string();
  }

  FakeContext ctx_;
  Catalog catalog_ = Catalog::of<Train, BatchPredict>();
  std::string table_ = sample_table(ctx_, 0, 500);
};

TEST_F(BatchPredictTest, GivesEachRowTheModelsOwnPrediction) {
  const std::string digest = model();
  const Done done = expect_outcome<Done>(catalog_.run(
      "batch.predict",
      Json::object(
          {{"data", table_}, {"artifact", digest}, {"keep", Json::array({"id", "x", "z"})}}),
      ctx_));
  EXPECT_EQ(done.outputs["rows"], Json(500));
  ASSERT_EQ(millrace::effects_of<PublishArtifact>(done.effects).size(), 1u);

  const auto stored = ctx_.artifacts().get(done.outputs["table"].as_view());
  data::SessionOptions options;
  options.files = {stored->path};
  auto session = data::Session::open(std::move(options));
  ASSERT_TRUE(session.ok());
  const auto rows = session->query("SELECT * FROM " + data::parquet_relation(stored->path) +
                                   " WHERE id IN (0, 499) ORDER BY id");
  ASSERT_TRUE(rows.ok()) << rows.error().to_string();
  ASSERT_EQ(rows->rows(), 2u);
  const auto text = read_file(ctx_.artifacts().get(digest)->path, 1 << 20);
  const auto loaded = ml::Model::parse(*text);
  for (std::size_t i = 0; i < 2; ++i) {
    const std::vector<double> features = {rows->at(i, "z").as_double(),
                                          rows->at(i, "x").as_double()};
    EXPECT_DOUBLE_EQ(rows->at(i, "prediction").as_double(), *loaded->predict_row(features));
  }
}

TEST_F(BatchPredictTest, CanTakeTheChampion) {
  const std::string digest = model();
  ctx_.answer<DeploymentQuery>([&](const DeploymentQuery& query) {
    return DeploymentQuery::Answer{.model = query.model,
                                   .champion = KnownVersion{.artifact = digest}};
  });
  const Done done = expect_outcome<Done>(
      catalog_.run("batch.predict", Json::object({{"data", table_}, {"model", "flights"}}), ctx_));
  EXPECT_EQ(done.outputs["artifact"], Json(digest));
  EXPECT_FALSE(catalog_.run("batch.predict", Json::object({{"data", table_}}), ctx_).ok());
}

TEST_F(BatchPredictTest, RefusesAColumnThatExists) {
  const std::string digest = model();
  const auto run = [&](const char* column, Json keep) {
    const auto outcome = catalog_.run("batch.predict",
                                      Json::object({{"data", table_},
                                                    {"artifact", digest},
                                                    {"column", column},
                                                    {"keep", std::move(keep)}}),
                                      ctx_);
    return outcome ? "it ended well" : outcome.error().message;
  };
  EXPECT_EQ(run("late", Json()),
            "the table has a column 'late' already; name the prediction otherwise with `column`, "
            "or list the columns to keep with `keep`");
  EXPECT_EQ(run("LATE", Json()).substr(0, 30), "the table has a column 'late' ");
  EXPECT_EQ(run("late", Json::array({"id", "x"})), "it ended well");
  EXPECT_EQ(run("p", Json::array({"id", "id"})), "`keep` names the column 'id' twice");
}

}  // namespace
}  // namespace millrace::operators
