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
    epoch_ =
        (*store_.stores().leadership.acquire(kMainShard, "test", std::chrono::hours{1}))->epoch;
    Event event;
    event.body = EffectsRequested{
        {RegisterModel{"flights", kChampion, "logistic", Json::object({{"auc", 0.7}}),
                       Json::object(), ""},
         RegisterModel{"flights", kChallenger, "xgboost", Json::object(), Json::object(), ""},
         PromoteModel{"flights", kChampion, "first"},
         SetTraffic{"flights", kChallenger, 5, "canary"},
         PublishArtifact{kTable, "table", "train", 10, 3, Json::array(), {kChampion}},
         UpdateDataset{"flights", kTable, 3}},
        {}};
    append(std::move(event));
  }
  void append(Event event, std::vector<RunRow> runs = {}) {
    Batch batch;
    batch.runs_created = std::move(runs);
    batch.epoch = epoch_;
    batch.first_seq = event.seq = ++seq_;
    batch.events.push_back(std::move(event));
    const Status appended = store_.stores().journal.append(batch);
    EXPECT_TRUE(appended.ok()) << appended.error().to_string();
  }
  /// As it goes to a runner and back.
  template <Kinded Q>
  typename Q::Answer ask(const Q& query) {
    const auto json = service_.answer("default", Q::kind, body_json(query));
    if (!json) ADD_FAILURE() << json.error().to_string();
    const auto answer = read_record<typename Q::Answer>(json.value_or(Json()));
    if (!answer) ADD_FAILURE() << answer.error().to_string();
    return answer.value_or(typename Q::Answer{});
  }

  std::int64_t epoch_ = 0, seq_ = 0;
  SystemClock clock_;
  MemStore store_{clock_};
  QueryService service_{store_.stores()};
};

TEST_F(QueryServiceTest, TellsWhatServesAModel) {
  const auto now = ask(DeploymentQuery{"flights"});
  ASSERT_TRUE(now.champion && now.candidate);
  EXPECT_EQ(now.champion->artifact, kChampion);
  EXPECT_EQ(now.champion->version, 1);
  EXPECT_EQ(now.champion->metrics["auc"], Json(0.7));
  EXPECT_EQ(now.candidate->artifact, kChallenger);
  EXPECT_EQ(now.weight, 5.0);
  EXPECT_FALSE(now.last_good);
}

TEST_F(QueryServiceTest, AModelThatNothingServesHasNoChampion) {
  const auto now = ask(DeploymentQuery{"other"});
  EXPECT_FALSE(now.champion);
  EXPECT_FALSE(now.candidate);
}

TEST_F(QueryServiceTest, TellsOfVersionsArtifactsAndDatasets) {
  const auto version = ask(VersionQuery{"flights", kChallenger});
  EXPECT_EQ(version.version, 2);
  EXPECT_EQ(version.algorithm, "xgboost");
  const auto table = ask(ArtifactQuery{kTable});
  EXPECT_EQ(table.artifact_kind, "table");
  EXPECT_EQ(table.rows, 3);
  EXPECT_EQ(table.inputs, std::vector{kChampion});
  EXPECT_EQ(ask(DatasetQuery{"flights"}).artifact, kTable);
}

TEST_F(QueryServiceTest, FindsTheRunOfADate) {
  const Time date = parse_rfc3339("2001-02-01T00:00:00Z").value_or(Time{});
  EXPECT_FALSE(ask(RunOfDateQuery{"sales", date}).dag_exists);
  RunCreated created;
  created.dag = DagKey("sales");
  created.logical_date = date;
  Event event;
  event.run = Uuid{1, 7};
  event.body = std::move(created);
  RunRow row;
  row.run = event.run;
  row.dag = "sales";
  row.logical_date = date;
  append(std::move(event), {row});
  EXPECT_EQ(ask(RunOfDateQuery{"sales", date}).run, (Uuid{1, 7}).to_string());
  EXPECT_EQ(ask(RunOfDateQuery{"sales", date}).state, "queued");
  EXPECT_EQ(ask(RunOfDateQuery{"sales", date + std::chrono::hours{1}}).run, "");
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
  const auto since = [&](std::string_view text) {
    return ask(ServingQuery{.model = "flights", .since = *parse_rfc3339(text)}).versions;
  };
  const auto seen = since("2001-02-01T00:00:00Z");
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_EQ(seen[0].requests, 100);
  EXPECT_EQ(seen[0].errors, 4);
  EXPECT_DOUBLE_EQ(seen[0].latency_ms.p50, 0.4);
  EXPECT_DOUBLE_EQ(seen[0].latency_ms.p95, 0.49);
  EXPECT_DOUBLE_EQ(seen[0].latency_ms.mean, 0.4);
  EXPECT_TRUE(since("2001-02-02T00:00:00Z").empty());
}

TEST_F(QueryServiceTest, SaysWhatIsWrongWithAQuestion) {
  EXPECT_EQ(service_.answer("default", "deploymen", Json()).error().message,
            "there is no query 'deploymen'; did you mean 'deployment'?");
  EXPECT_EQ(service_.answer("default", "deployment", Json::object()).error().message,
            "'model' is missing");
  EXPECT_EQ(service_.answer("default", "deployment", Json()).error().code,
            ErrorCode::invalid_argument);
  EXPECT_EQ(service_.answer("default", ServingQuery{"flights"}).error().message,
            "the query needs 'since' or 'from_revision'");
  EXPECT_EQ(service_.answer("default", "dataset", Json::object({{"dataset", "x"}})).error().code,
            ErrorCode::not_found);
}

TEST_F(QueryServiceTest, ANameOfAnotherNamespaceIsNotThere) {
  const auto deployed = service_.answer("team", DeploymentQuery{"flights"});
  ASSERT_TRUE(deployed.ok());
  EXPECT_FALSE(deployed->champion.has_value());
  EXPECT_EQ(service_.answer("team", VersionQuery{"flights", kChampion}).error().code,
            ErrorCode::not_found);
  EXPECT_EQ(service_.answer("team", DatasetQuery{"flights"}).error().code, ErrorCode::not_found);
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
