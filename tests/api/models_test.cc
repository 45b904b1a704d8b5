// Models, deployments, alerts and artifacts, as the sample story leaves them.
#include <unistd.h>

#include <fstream>

#include "engine/base/digest.h"
#include "tests/api/fixture.h"
#include "tests/api/sample.h"

namespace millrace::testing {
namespace {

class ModelsTest : public ApiTest {
 protected:
  void start_sample(api::ApiHooks hooks = {}) {
    world_ = sample_world();
    add_serving(*world_);
    hooks.assets = test_assets();
    api::ApiConfig config;
    config.http.port = 0;
    serve(std::move(config), std::move(hooks));
  }
};

TEST_F(ModelsTest, ShowWhatServesTheVerdictAndTheHistory) {
  start_sample();
  const auto models = get("/api/v1/models").json();
  ASSERT_EQ(1u, models.size());
  const auto& model = models.at(0);
  EXPECT_EQ(sha256_hex("2001-04xgboost"), model["champion"]["artifact"].as_string());
  EXPECT_EQ(sha256_hex("2001-06xgboost"), model["candidate"]["artifact"].as_string());
  EXPECT_EQ(sha256_hex("2001-02xgboost"), model["last_good"]["artifact"].as_string());
  EXPECT_EQ(25, model["weight"].as_double());
  EXPECT_EQ("promote", model["evaluation"]["decision"].as_string());

  const auto evaluations = get("/api/v1/models/flights/evaluations").json();
  ASSERT_EQ(4u, evaluations.size());  // March was halted before it came to that
  EXPECT_EQ("refuse", evaluations.at(1)["decision"].as_string());
  const auto versions = get("/api/v1/models/flights/versions").json();
  ASSERT_EQ(8u, versions.size());
  EXPECT_EQ(8, versions.at(0)["version"].as_int());

  const auto history = get("/api/v1/deployments/flights/history").json();
  ASSERT_EQ(6u, history.size());
  EXPECT_EQ("canary", history.at(0)["action"].as_string());
  EXPECT_EQ(404, get("/api/v1/models/flight").status);

  std::vector<std::string> severities;  // newest first: May, April, March, February
  const auto alerts = get("/api/v1/alerts").json();
  for (const auto& alert : alerts.items()) severities.push_back(alert["severity"].as_string());
  EXPECT_EQ((std::vector<std::string>{"warning", "info", "error", "info"}), severities);
  EXPECT_EQ(alerts, get("/api/v1/alerts?namespace=default").json());
  EXPECT_EQ(0u, get("/api/v1/alerts?namespace=team").json().size());
}

TEST_F(ModelsTest, WatermarksOfADatasetAreListedNewestFirst) {
  start_sample();
  const auto rows = get("/api/v1/datasets/flights/watermarks?limit=2").json();
  ASSERT_EQ(2u, rows.size());
  EXPECT_EQ("2001-06", rows.at(0)["value"].as_string());
  EXPECT_EQ("2001-05", rows.at(1)["value"].as_string());
  EXPECT_EQ("default", rows.at(0)["namespace"].as_string());
  EXPECT_EQ("ingest", rows.at(0)["task"].as_string());
  EXPECT_EQ(404, get("/api/v1/datasets/flight/watermarks").status);
  EXPECT_EQ(404, get("/api/v1/datasets/flights/watermarks?namespace=team").status);
}

TEST_F(ModelsTest, DatasetsAreListedWithTheirWatermarkAndWhatTheyStart) {
  start_sample();
  const auto rows = get("/api/v1/datasets").json();
  ASSERT_EQ(1u, rows.size());
  const Json flights = rows.at(0);
  EXPECT_EQ("flights", flights["dataset"].as_string());
  EXPECT_EQ("default", flights["namespace"].as_string());
  EXPECT_EQ("", flights["artifact"].as_string());  // the sample sets watermarks only
  EXPECT_TRUE(flights["updated_at"].is_null());
  EXPECT_EQ("2001-06", flights["watermark"]["value"].as_string());
  EXPECT_EQ("flights_retrain", flights["dag"].as_string());
  EXPECT_EQ("ingest", flights["task"].as_string());
  EXPECT_EQ(Json::array({"drift_watch"}), flights["starts"]);
  EXPECT_EQ(0u, get("/api/v1/datasets?namespace=team").json().size());

  const auto run = flights["run"].as_string();
  const auto set = get("/api/v1/runs/" + run + "/watermarks").json();
  ASSERT_EQ(1u, set.size());
  EXPECT_EQ(flights["watermark"], set.at(0));
  EXPECT_EQ(404, get("/api/v1/runs/00000000-0000-7000-8000-000000000000/watermarks").status);
}

TEST_F(ModelsTest, ServingSumsByRoleWithQuantiles) {
  start_sample();
  const auto rows = get("/api/v1/models/flights/serving?window=5m").json();
  ASSERT_EQ(3u, rows.size());
  for (const auto& row : rows.items()) {
    if (row["role"].as_view() != "champion") continue;
    EXPECT_EQ(41'230, row["requests"].as_int());
    EXPECT_EQ(10, row["errors"].as_int());
    EXPECT_DOUBLE_EQ(0.5, row["latency_ms_p50"].as_double());  // bucket 4 holds 60 %
    EXPECT_DOUBLE_EQ(1.0, row["latency_ms_p95"].as_double());  // bucket 6 up to 97 %
    EXPECT_DOUBLE_EQ(3.0, row["latency_ms_p99"].as_double());  // the rest is in bucket 9
  }
  EXPECT_EQ(400, get("/api/v1/models/flights/serving?window=5").status);
}

TEST_F(ModelsTest, RollbackEndsTheCanaryOnce) {
  start_sample();
  const httplib::Headers key{{"Content-Type", "application/json"}, {"Idempotency-Key", "rb"}};
  for (int i = 0; i < 2; ++i)
    EXPECT_EQ(
        200,
        post("/api/v1/models/flights/rollback", Json::object({{"reason", "odd"}}), key).status);
  const auto deployment = get("/api/v1/deployments").json().at(0);
  EXPECT_EQ("", deployment["candidate"].as_string());
  EXPECT_EQ(sha256_hex("2001-04xgboost"), deployment["champion"].as_string());
  EXPECT_EQ(7u, get("/api/v1/deployments/flights/history").json().size());
}

TEST_F(ModelsTest, ARollbackOfAnotherVersionIsRefused) {
  start_sample();
  const auto reply = post("/api/v1/models/flights/rollback",
                          Json::object({{"artifact", sha256_hex("2001-04xgboost")}}));
  EXPECT_EQ(409, reply.status) << reply.body;
  EXPECT_EQ(200, post("/api/v1/models/flights/rollback",
                      Json::object({{"artifact", sha256_hex("2001-06xgboost")}}))
                     .status);
}

// What was rolled back or refused is remembered, and shipped again only with a person's reason.
TEST_F(ModelsTest, AWithdrawnVersionIsReleasedWithAReason) {
  start_sample();
  const std::string artifact = sha256_hex("2001-06xgboost");
  const auto why = [&] {
    const auto versions = get("/api/v1/models/flights/versions").json();
    for (const auto& version : versions.items())
      if (version["artifact"].as_view() == artifact) return version["not_shipped"].as_string();
    return std::string("no such version");
  };
  EXPECT_EQ("", why());
  post("/api/v1/models/flights/rollback", Json::object({{"reason", "odd"}}));
  EXPECT_EQ("was rolled back: odd", why());
  const std::string path = "/api/v1/models/flights/release";
  EXPECT_EQ(400, post(path, Json::object({{"artifact", artifact}})).status) << "no reason";
  EXPECT_EQ(400, post(path, Json::object({{"artifact", artifact}, {"reason", ""}})).status);
  const auto reply =
      post(path, Json::object({{"artifact", artifact}, {"reason", "the feed was wrong"}}));
  EXPECT_EQ(200, reply.status) << reply.body;
  EXPECT_EQ("", why());
  EXPECT_EQ(409, post(path, Json::object({{"artifact", artifact}, {"reason", "again"}})).status);
  const auto newest = get("/api/v1/deployments/flights/history").json().at(0);
  EXPECT_EQ("release", newest["action"].as_string());
  EXPECT_EQ("the feed was wrong", newest["reason"].as_string());
  EXPECT_EQ(8, newest["version"].as_int());
}

TEST_F(ModelsTest, ArtifactsAreSentUpToTheirCap) {
  const auto file = std::filesystem::temp_directory_path() /
                    ("millrace_api_artifact_" + std::to_string(::getpid()));
  std::ofstream(file) << std::string(600'000, 'x');
  api::ApiHooks hooks;
  hooks.artifact_path = [file](std::string_view) -> Result<std::filesystem::path> { return file; };
  start_sample(hooks);
  const auto digest = sha256_hex("2001-02xgboost");
  EXPECT_EQ("model", get("/api/v1/artifacts/" + digest).json()["kind"].as_string());
  const auto content = get("/api/v1/artifacts/" + digest + "/content");
  EXPECT_EQ(200, content.status);
  EXPECT_EQ(std::string(600'000, 'x'), content.body);
  EXPECT_EQ("\"" + digest + "\"", content.header("ETag"));
  std::filesystem::remove(file);
  EXPECT_EQ(404, get("/api/v1/artifacts/" + digest + "/content").status);
}

}  // namespace
}  // namespace millrace::testing
