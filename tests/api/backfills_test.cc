// Backfills over real HTTP: plan, creation, progress, pause, cancellation.
#include "tests/api/fixture.h"

namespace millrace::testing {
namespace {

class BackfillsTest : public ApiTest {
 protected:
  /// A daily DAG; its attempts end as `script` says.
  void start_daily(Script script = {}) {
    start(std::move(script));
    DagSpec spec = make_dag("daily", {"a"});
    spec.schedule = CronSpec{"0 0 * * *"};
    spec.params = {{"months", *Json::parse(R"({"type":"integer","default":1})")}};
    world_->add_dag(std::move(spec), "dags/daily.yaml");
  }
  static Json range(const std::string& to = "2001-02-03") {
    return Json::object({{"from", "2001-02-01"}, {"to", to}});
  }
  Answer create(const Json& body,
                httplib::Headers headers = {{"Content-Type", "application/json"}}) {
    return post("/api/v1/dags/daily/backfills", body, std::move(headers));
  }
  static Play never(const StartAttempt&) { return Play{.outcome = std::nullopt}; }
};

TEST_F(BackfillsTest, ADryRunAnswersThePlanAndCreatesNothing) {
  start_daily();
  Json body = range();
  body.set("dry_run", true);
  body.set("order", "newest_first");
  const auto answer = create(body);
  EXPECT_EQ(200, answer.status) << answer.body;
  const Json plan = answer.json();
  EXPECT_TRUE(plan["backfill"].is_null());
  EXPECT_EQ(3, plan["dates"].as_int());
  EXPECT_EQ(0, plan["skipped"].as_int());
  EXPECT_EQ("2001-02-03T00:00:00Z", plan["plan"].at(0)["logical_date"].as_string());
  EXPECT_EQ("run", plan["plan"].at(0)["action"].as_string());
  EXPECT_EQ("no run", plan["plan"].at(0)["reason"].as_string());
  EXPECT_EQ(0u, get("/api/v1/backfills").json()["backfills"].size());
}

TEST_F(BackfillsTest, AWaitEndsWithTheBackfillAndItsRunsNameIt) {
  start_daily();
  const auto made = create(range());
  EXPECT_EQ(201, made.status) << made.body;
  EXPECT_EQ(3, made.json()["dates"].as_int());
  const std::string id = made.json()["backfill"].as_string();
  EXPECT_EQ("/api/v1/backfills/" + id, made.header("Location"));
  const Json done = get("/api/v1/backfills/" + id + "?wait=10s&limit=2").json();
  EXPECT_EQ("completed", done["backfill"]["state"].as_string());
  EXPECT_EQ(3, done["backfill"]["success"].as_int());
  ASSERT_EQ(2u, done["dates"].size());
  EXPECT_EQ(2, done["next"].as_int());
  const Json runs = get("/api/v1/runs?backfill=" + id).json()["runs"];
  ASSERT_EQ(3u, runs.size());
  for (const auto& run : runs.items()) {
    EXPECT_EQ("backfill", run["type"].as_string());
    EXPECT_EQ(id, run["backfill"].as_string());
  }
  const Json rest = get("/api/v1/backfills/" + id + "?from=2").json();
  ASSERT_EQ(1u, rest["dates"].size());
  EXPECT_EQ(runs.at(0)["run"], rest["dates"].at(0)["run"]);
  EXPECT_TRUE(rest["next"].is_null());
}

TEST_F(BackfillsTest, TheSameKeyMakesOneBackfill) {
  start_daily(never);
  const httplib::Headers key{{"Content-Type", "application/json"}, {"Idempotency-Key", "k"}};
  const auto first = create(range(), key), again = create(range(), key);
  EXPECT_EQ(201, first.status) << first.body;
  EXPECT_EQ(200, again.status) << again.body;
  EXPECT_EQ(first.json()["backfill"], again.json()["backfill"]);
  EXPECT_FALSE(again.json()["created"].as_bool());
  EXPECT_EQ(409, create(range("2001-02-04"), key).status);
}

TEST_F(BackfillsTest, PauseResumeAndCancelAnswerWithTheStateThatFollows) {
  start_daily(never);
  Json body = range();
  body.set("max_active_runs", 1);
  const std::string id = create(body).json()["backfill"].as_string();
  const std::string path = "/api/v1/backfills/" + id;
  const auto state = [&] { return get(path).json()["backfill"]["state"].as_string(); };
  EXPECT_EQ("running", state());
  EXPECT_EQ(200, post(path + "/pause", Json::object({{"reason", "lunch"}})).status);
  EXPECT_EQ("paused", state());
  EXPECT_EQ("lunch", get(path).json()["backfill"]["pause_reason"].as_string());
  EXPECT_EQ(1u, get("/api/v1/backfills?dag=daily&state=paused").json()["backfills"].size());
  EXPECT_EQ(200, post(path + "/resume", Json::object()).status);
  EXPECT_EQ("running", state());
  EXPECT_EQ(200, post(path + "/cancel", Json::object()).status);
  EXPECT_EQ("cancelled", state());
  EXPECT_EQ(3, get(path).json()["backfill"]["cancelled"].as_int());
  const auto late = post(path + "/cancel", Json::object());
  EXPECT_EQ(409, late.status);
  EXPECT_NE(std::string::npos, late.body.find("has ended already: cancelled, at ")) << late.body;
}

TEST_F(BackfillsTest, RefusalsAreTheSameWithAndWithoutADryRun) {
  start_daily();
  for (const bool dry_run : {true, false}) {
    Json body = range();
    body.set("dry_run", dry_run);
    body.set("params", Json::object({{"months", "two"}}));
    const auto answer = create(body);
    EXPECT_EQ(400, answer.status) << answer.body;
    EXPECT_EQ("param 'months' is \"two\"; expected a value of type integer",
              answer.json()["detail"].as_string());
  }
  EXPECT_EQ(404, post("/api/v1/dags/dialy/backfills", range()).status);
  EXPECT_EQ(404, get("/api/v1/backfills/0197a1c2-7d34-7b1e-9a3f-5f4c2b1d0e9a").status);
  EXPECT_EQ(400, create(Json::object({{"max_active_runs", 0}})).status);
}

}  // namespace
}  // namespace millrace::testing
