#include "engine/exec/query_service.h"

#include <gtest/gtest.h>

#include "engine/op/query.h"
#include "engine/store/mem_store.h"

namespace millrace {
namespace {

const std::string kChampion(64, 'a'), kChallenger(64, 'b'), kTable(64, 'c');

class QueryServiceTest : public ::testing::Test {
 protected:
  QueryServiceTest() {
    Stores stores = store_.stores();
    const auto lease = stores.leadership.acquire(kMainShard, "test", std::chrono::hours{1});
    Batch batch;
    batch.epoch = (*lease)->epoch;
    batch.first_seq = 1;
    Event event;
    event.seq = 1;
    event.body = EffectsRequested{
        {RegisterModel{"flights", kChampion, "logistic", Json::object({{"auc", 0.7}}),
                       Json::object(), ""},
         RegisterModel{"flights", kChallenger, "xgboost", Json::object(), Json::object(), ""},
         PromoteModel{"flights", kChampion, "first"},
         SetTraffic{"flights", kChallenger, 5, "canary"},
         PublishArtifact{kTable, "table", "train", 10, 3, Json::array(), {kChampion}},
         UpdateDataset{"flights", kTable, 3}},
        {}};
    batch.events.push_back(std::move(event));
    const Status appended = stores.journal.append(batch);
    EXPECT_TRUE(appended.ok()) << appended.error().to_string();
  }
  Json ask(std::string_view name, Json arguments) {
    auto answer = service_.answer(name, arguments);
    if (!answer) ADD_FAILURE() << answer.error().to_string();
    return answer.value_or(Json());
  }

  SystemClock clock_;
  MemStore store_{clock_};
  QueryService service_{store_.stores().registry, store_.stores().serving};
};

TEST_F(QueryServiceTest, TellsWhatServesAModel) {
  const Json now = ask(query::deployment, Json::object({{"model", "flights"}}));
  EXPECT_EQ(now["champion"]["artifact"], Json(kChampion));
  EXPECT_EQ(now["champion"]["version"], Json(1));
  EXPECT_EQ(now["champion"]["metrics"]["auc"], Json(0.7));
  EXPECT_EQ(now["candidate"]["artifact"], Json(kChallenger));
  EXPECT_EQ(now["weight"], Json(5.0));
  EXPECT_TRUE(now["last_good"].is_null());
}

TEST_F(QueryServiceTest, AModelThatNothingServesHasNoChampion) {
  const Json now = ask(query::deployment, Json::object({{"model", "other"}}));
  EXPECT_TRUE(now["champion"].is_null());
  EXPECT_TRUE(now["candidate"].is_null());
}

TEST_F(QueryServiceTest, TellsOfVersionsArtifactsAndDatasets) {
  const Json version =
      ask(query::model_version, Json::object({{"model", "flights"}, {"artifact", kChallenger}}));
  EXPECT_EQ(version["version"], Json(2));
  EXPECT_EQ(version["algorithm"], Json("xgboost"));
  const Json table = ask(query::artifact, Json::object({{"digest", kTable}}));
  EXPECT_EQ(table["rows"], Json(3));
  EXPECT_EQ(table["inputs"], Json::array({kChampion}));
  EXPECT_EQ(ask(query::dataset, Json::object({{"dataset", "flights"}}))["artifact"], Json(kTable));
}

TEST_F(QueryServiceTest, SumsWhatTheServerMeasured) {
  ServingWindow window;
  window.model = "flights";
  window.artifact = kChallenger;
  window.role = "candidate";
  window.start = parse_rfc3339("2001-02-01T00:00:10Z").value_or(Time{});
  window.requests = 100;
  window.errors = 4;
  window.latency_buckets.assign(std::size(kLatencyBoundsUs) + 1, 0);
  window.latency_buckets[4] = 100;  // between 300 and 500 microseconds
  window.latency_sum_us = 40'000;
  ASSERT_TRUE(store_.stores().serving.append({Uuid{9, 9}, {}, {window}}).ok());
  const Json seen = ask(query::serving_metrics,
                        Json::object({{"model", "flights"}, {"since", "2001-02-01T00:00:00Z"}}));
  ASSERT_EQ(seen["versions"].size(), 1u);
  const Json& version = seen["versions"].at(0);
  EXPECT_EQ(version["requests"], Json(100));
  EXPECT_EQ(version["errors"], Json(4));
  EXPECT_DOUBLE_EQ(version["latency_ms"]["p50"].as_double(), 0.4);
  EXPECT_DOUBLE_EQ(version["latency_ms"]["p95"].as_double(), 0.49);
  EXPECT_DOUBLE_EQ(version["latency_ms"]["mean"].as_double(), 0.4);
  EXPECT_EQ(ask(query::serving_metrics,
                Json::object({{"model", "flights"}, {"since", "2001-02-02"}}))["versions"]
                .size(),
            0u);
}

TEST_F(QueryServiceTest, SaysWhatIsWrongWithAQuestion) {
  EXPECT_EQ(service_.answer("deploymen", Json()).error().message,
            "there is no query 'deploymen'; did you mean 'deployment'?");
  EXPECT_EQ(service_.answer("deployment", Json()).error().message,
            "the query needs the argument 'model', a string");
  EXPECT_EQ(service_.answer("dataset", Json::object({{"dataset", "x"}})).error().code,
            ErrorCode::not_found);
}

TEST(LatencyQuantile, OfTheOpenLastBucketIsItsLowerBound) {
  ServingWindow window;
  EXPECT_EQ(latency_quantile_ms(window, 0.5), 0);
  window.latency_buckets.assign(std::size(kLatencyBoundsUs) + 1, 0);
  window.latency_buckets.back() = 3;
  EXPECT_EQ(latency_quantile_ms(window, 0.99), 1000);
}

}  // namespace
}  // namespace millrace
