// DAGs and runs over real HTTP: triggering, idempotency, paging, state of tasks, attempts, retry,
// cancel.
#include <future>
#include <set>
#include <thread>

#include "tests/api/fixture.h"

namespace millrace::testing {
namespace {

class RunsTest : public ApiTest {};

TEST_F(RunsTest, TenClientsWithOneKeyMakeOneRun) {
  start();
  std::vector<std::thread> clients;
  std::vector<Answer> answers(10);
  for (auto& answer : answers)
    clients.emplace_back([this, &answer] {
      answer = post("/api/v1/dags/etl/runs", Json::object({{"reason", "race"}}),
                    {{"Content-Type", "application/json"}, {"Idempotency-Key", "same"}});
    });
  for (auto& thread : clients) thread.join();

  std::set<std::string> runs;
  int created = 0;
  for (const auto& answer : answers) {
    EXPECT_TRUE(answer.status == 201 || answer.status == 200) << answer.body;
    created += answer.status == 201 ? 1 : 0;
    EXPECT_EQ(answer.status == 201, answer.json()["created"].as_bool());
    runs.insert(answer.json()["run"].as_string());
  }
  EXPECT_EQ(1u, runs.size());
  EXPECT_EQ(1, created);
  EXPECT_EQ(1u, get("/api/v1/runs").json()["runs"].size());
}

TEST_F(RunsTest, TheSameKeyWithAnotherBodyIsAConflict) {
  start();
  const httplib::Headers key{{"Content-Type", "application/json"}, {"Idempotency-Key", "k"}};
  EXPECT_EQ(201,
            send("POST", "/api/v1/dags/etl/runs", R"({"logical_date":"2001-02-01"})", key).status);
  const auto other = send("POST", "/api/v1/dags/etl/runs", R"({"logical_date":"2001-03-01"})", key);
  EXPECT_EQ(409, other.status);
  EXPECT_EQ("urn:millrace:problem:conflict", other.json()["type"].as_string());
}

TEST_F(RunsTest, EachWrongParamIsNamed) {
  start();
  DagSpec spec = make_dag("typed", {"a"});
  for (const char* name : {"months", "big"})
    spec.params.push_back({name, *Json::parse(R"({"type":"integer","default":1,"minimum":1})")});
  world_->add_dag(std::move(spec), "dags/typed.yaml");
  const auto answer = send("POST", "/api/v1/dags/typed/runs",
                           R"({"params":{"moths":1,"months":0,"big":12345678901234567890.0}})",
                           {{"Content-Type", "application/json"}});
  EXPECT_EQ(400, answer.status);
  const Json body = answer.json();
  EXPECT_EQ("3 params are wrong", body["detail"].as_string());
  ASSERT_EQ(3u, body["errors"].size()) << answer.body;
  EXPECT_EQ("/params/moths", body["errors"].at(0)["pointer"].as_string());
  EXPECT_EQ("DAG 'typed' has no param 'moths'; did you mean 'months'?",
            body["errors"].at(0)["detail"].as_string());
  EXPECT_EQ("param 'months' is 0; expected at least 1", body["errors"].at(1)["detail"].as_string());
  EXPECT_EQ("/params/big", body["errors"].at(2)["pointer"].as_string());
  EXPECT_NE(std::string::npos,
            body["errors"].at(2)["detail"].as_string().find("expected an integer of 64 bits"));
}

// No params and an empty object are the same request.
TEST_F(RunsTest, TheSameKeyWithoutAndWithEmptyParamsIsOneRun) {
  start();
  const httplib::Headers key{{"Content-Type", "application/json"}, {"Idempotency-Key", "k"}};
  const std::string path = "/api/v1/dags/etl/runs";
  const auto first = send("POST", path, "{}", key);
  EXPECT_EQ(201, first.status);
  for (const std::string body : {R"({"params":{}})", R"({"params":null})", ""}) {
    const auto again = send("POST", path, body, key);
    EXPECT_EQ(200, again.status) << body << again.body;
    EXPECT_EQ(first.json()["run"], again.json()["run"]) << body;
  }
}

TEST_F(RunsTest, AKeyThatIsTooLongIsRefusedByEveryCommand) {
  start();
  const httplib::Headers key{{"Content-Type", "application/json"},
                             {"Idempotency-Key", std::string(256, 'k')}};
  const auto answer = send("POST", "/api/v1/dags/etl/runs", "{}", key);
  EXPECT_EQ(400, answer.status);
  EXPECT_NE(std::string::npos, answer.body.find("256 bytes; at most 255")) << answer.body;
  const httplib::Headers fits{{"Content-Type", "application/json"},
                              {"Idempotency-Key", std::string(255, 'k')}};
  EXPECT_EQ(201, send("POST", "/api/v1/dags/etl/runs", "{}", fits).status);
}

// docs/api.md: at most 60s.
TEST_F(RunsTest, ALongerWaitThanARequestMayTakeIsRefused) {
  start();
  for (const std::string wait : {"5h", "61s", "60001ms"}) {
    const auto answer = post("/api/v1/dags/etl/runs?wait=" + wait, Json::object());
    EXPECT_EQ(400, answer.status) << wait;
    EXPECT_NE(std::string::npos, answer.body.find("at most 1m")) << answer.body;
  }
  EXPECT_EQ(0u, get("/api/v1/runs").json()["runs"].size());
  EXPECT_EQ(201, post("/api/v1/dags/etl/runs?wait=60s", Json::object()).status);
}

// A DAG may have 10,000 tasks; the namespace is one word.
TEST_F(RunsTest, ATriggerDoesNotReadTheDag) {
  start();
  std::atomic<int> reads{0};
  world_->store().set_fault_hook([&](std::string_view call) {
    reads += call == "runs.dag" || call == "runs.dags" || call == "runs.dag_version";
    return Fault::none;
  });
  EXPECT_EQ(201, post("/api/v1/dags/etl/runs", Json::object()).status);
  EXPECT_EQ(400, send("POST", "/api/v1/dags/etl/runs", R"({"params":{"no":1}})",
                      {{"Content-Type", "application/json"}})
                     .status);
  world_->store().set_fault_hook({});
  EXPECT_EQ(0, reads);
  const auto unknown = post("/api/v1/dags/elt/runs", Json::object());
  EXPECT_EQ(404, unknown.status);
  EXPECT_EQ("there is no DAG 'elt'; did you mean 'etl'?", unknown.json()["detail"].as_string());
}

TEST_F(RunsTest, PagesThroughAllTasksOnce) {
  start();
  const auto run = finished_run("etl");
  const auto first = get("/api/v1/runs/" + run + "/tasks?limit=1");
  ASSERT_EQ(1u, first.json().size());
  EXPECT_EQ("extract", first.json().at(0)["task"].as_string());
  EXPECT_EQ("2", first.header("Millrace-Total"));
  EXPECT_EQ("</api/v1/runs/" + run + "/tasks?limit=1&offset=1>; rel=\"next\"",
            first.header("Link"));
  const auto second = get("/api/v1/runs/" + run + "/tasks?limit=1&offset=1");
  EXPECT_EQ("load", second.json().at(0)["task"].as_string());
  EXPECT_EQ("", second.header("Link"));
  EXPECT_EQ(0u, get("/api/v1/runs/" + run + "/tasks?offset=2").json().size());
}

TEST_F(RunsTest, NothingComesBeforeTheLeastId) {
  start();
  finished_run("etl");
  const auto page = get("/api/v1/runs?before=00000000-0000-0000-0000-000000000000");
  EXPECT_EQ(200, page.status);
  EXPECT_EQ(0u, page.json()["runs"].size()) << page.body;
}

TEST_F(RunsTest, WaitsForTheEndAndCarriesDateParamsTraceAndWhoAsked) {
  start();
  const auto answer =
      send("POST", "/api/v1/dags/etl/runs?wait=10s",
           R"({"logical_date":"2001-02-01T00:00:00Z","reason":"why not"})",
           {{"Content-Type", "application/json"},
            {"Millrace-On-Behalf-Of", "grace"},
            {"traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}});
  ASSERT_EQ(201, answer.status) << answer.body;
  EXPECT_EQ("success", answer.json()["status"].as_string());
  const auto run = get(answer.header("Location")).json();
  EXPECT_EQ(answer.json()["run"], run["run"]);
  EXPECT_EQ("2001-02-01T00:00:00Z", run["logical_date"].as_string());
  EXPECT_EQ("0af7651916cd43dd8448eb211c80319c", run["trace_id"].as_string());
  EXPECT_EQ("local", run["actor"].as_string()) << "no header says who asks";
  EXPECT_EQ("grace", run["on_behalf_of"].as_string());
  EXPECT_EQ("why not", run["reason"].as_string());
  EXPECT_TRUE(run["duration_s"].is_number());
}

// What older clients send.
TEST_F(RunsTest, TheFormerHeaderOfTheActorIsANoteAsWell) {
  start();
  const auto answer = send("POST", "/api/v1/dags/etl/runs", "{}",
                           {{"Content-Type", "application/json"}, {"Millrace-Actor", "grace"}});
  const auto run = get(answer.header("Location")).json();
  EXPECT_EQ("local", run["actor"].as_string());
  EXPECT_EQ("grace", run["on_behalf_of"].as_string());
}

TEST_F(RunsTest, AddressesTheDagOfANamespace) {
  start();
  DagSpec spec = make_dag("etl", {"other"});
  spec.namespace_ = "team";
  world_->add_dag(std::move(spec), "dags/team.yaml");
  EXPECT_EQ("default", get("/api/v1/dags/etl").json()["dag"]["namespace"].as_string());
  EXPECT_EQ("team", get("/api/v1/dags/etl?namespace=team").json()["dag"]["namespace"].as_string());
  EXPECT_EQ(404, get("/api/v1/dags/etl?namespace=other").status);
  EXPECT_EQ(1u, get("/api/v1/dags?namespace=team").json().size());

  const auto begun = post("/api/v1/dags/etl/runs?namespace=team", Json::object());
  ASSERT_EQ(201, begun.status) << begun.body;
  const auto run = get(begun.header("Location")).json();
  EXPECT_EQ("team", run["namespace"].as_string());
  EXPECT_EQ(1u, get("/api/v1/runs").json()["runs"].size()) << "a list shows all namespaces";
  EXPECT_EQ(1u, get("/api/v1/runs?namespace=team").json()["runs"].size());
  EXPECT_EQ(0u, get("/api/v1/runs?namespace=default").json()["runs"].size());
  EXPECT_EQ(1u, get("/api/v1/runs?dag=etl&namespace=team").json()["runs"].size());
  EXPECT_EQ(0u, get("/api/v1/runs?dag=etl").json()["runs"].size()) << "of the one in `default`";

  EXPECT_EQ(200, send("PATCH", "/api/v1/dags/etl?namespace=team", R"({"paused":true})",
                      {{"Content-Type", "application/json"}})
                     .status);
  EXPECT_TRUE(get("/api/v1/dags/etl?namespace=team").json()["dag"]["paused"].as_bool());
  EXPECT_FALSE(get("/api/v1/dags/etl").json()["dag"]["paused"].as_bool());
}

TEST_F(RunsTest, ADagOfAnotherNamespaceIsPointedOut) {
  start();
  DagSpec spec = make_dag("only_there", {"a"});
  spec.namespace_ = "team";
  world_->add_dag(std::move(spec), "dags/team.yaml");
  const auto answer = get("/api/v1/dags/only_there");
  EXPECT_EQ(404, answer.status);
  const std::string expected =
      "there is no DAG 'only_there' in the namespace 'default'; the namespace 'team' has one";
  EXPECT_EQ(expected, answer.json()["detail"].as_string());
  const auto begun = post("/api/v1/dags/only_there/runs", Json::object());
  EXPECT_EQ(404, begun.status);
  EXPECT_EQ(expected, begun.json()["detail"].as_string());
}

TEST_F(RunsTest, ANamespaceIsAValidName) {
  start();
  for (const char* target : {"/api/v1/runs?namespace=a%2Fb", "/api/v1/dags/etl?namespace=",
                             "/api/v1/models?namespace=%20", "/api/v1/resources?namespace=a%2Fb"}) {
    const auto answer = get(target);
    EXPECT_EQ(400, answer.status) << target;
    EXPECT_NE(std::string::npos, answer.body.find("is not a valid name")) << answer.body;
  }
}

TEST_F(RunsTest, ResourcesAreListedByKindAndNamespace) {
  start();
  DagSpec spec = make_dag("only_there", {"a"});
  spec.namespace_ = "team";
  world_->add_dag(std::move(spec), "dags/team.yaml");
  EXPECT_EQ(1u, get("/api/v1/resources?kind=dag&namespace=team").json().size());
  const auto unknown = get("/api/v1/resources?kind=dg");
  EXPECT_EQ(400, unknown.status);
  EXPECT_NE(std::string::npos, unknown.body.find("there is no kind 'dg'; did you mean 'dag'?"))
      << unknown.body;
}

TEST_F(RunsTest, VersionsOfAResourceAreListed) {
  start();
  DagSpec spec = make_dag("etl", {"extract", "load:extract", "check:load"});
  const auto before = get("/api/v1/dags/etl").json()["dag"]["version"].as_string();
  world_->add_dag(std::move(spec), "dags/etl.yaml");
  const auto rows = get("/api/v1/resources/dag/default/etl/versions").json();
  ASSERT_EQ(2u, rows.size());
  EXPECT_EQ(get("/api/v1/dags/etl").json()["dag"]["version"], rows.at(0)["version"]);
  EXPECT_EQ(before, rows.at(1)["version"].as_string());
  EXPECT_TRUE(rows.at(1)["registered_at"].is_string());
  const auto missing = get("/api/v1/resources/dag/team/etl/versions");
  EXPECT_EQ(404, missing.status);
  EXPECT_EQ("there is no dag 'etl' in the namespace 'team'", missing.json()["detail"].as_string());
}

TEST_F(RunsTest, ReadingARunCanWaitForItsEnd) {
  start();
  const auto begun = post("/api/v1/dags/etl/runs", Json::object());
  const auto path = "/api/v1/runs/" + begun.json()["run"].as_string();
  const auto ended = get(path + "?wait=10s").json();
  EXPECT_EQ("success", ended["status"].as_string());
  EXPECT_TRUE(ended["finished_at"].is_string());
  EXPECT_EQ(ended, get(path + "?wait=10s").json()) << "a run that has ended is not waited for";
  EXPECT_EQ(404, get("/api/v1/runs/00000000-0000-0000-0000-000000000001?wait=10s").status);
  EXPECT_EQ(400, get(path + "?wait=61s").status);
}

TEST_F(RunsTest, WithoutAnEngineATriggerIsAcceptedAndKept) {
  api::ApiConfig config;
  config.answer_wait = std::chrono::milliseconds{50};
  start({}, {}, config);
  world_->pause(true);
  const auto answer = post("/api/v1/dags/etl/runs", Json::object());
  EXPECT_EQ(202, answer.status);
  EXPECT_FALSE(answer.json()["handled"].as_bool(true));
  world_->pause(false);
  const auto path = "/api/v1/runs/" + answer.json()["run"].as_string();
  EXPECT_EQ("success",
            post("/api/v1/dags/etl/runs?wait=10s", Json::object()).json()["status"].as_string());
  EXPECT_EQ(200, get(path).status);
}

TEST_F(RunsTest, PagesThroughAllRunsOnce) {
  start();
  std::set<std::string> made, seen;
  for (int i = 0; i < 7; ++i) made.insert(finished_run("etl"));
  std::string before;
  for (int page = 0; page < 4; ++page) {
    const auto json =
        get("/api/v1/runs?limit=3" + (before.empty() ? "" : "&before=" + before)).json();
    std::string last = before.empty() ? "z" : before;
    for (const auto& run : json["runs"].items()) {
      EXPECT_LT(run["run"].as_string(), last);  // newest first
      last = run["run"].as_string();
      EXPECT_TRUE(seen.insert(last).second);
    }
    before = json["next"].as_string();
    if (before.empty()) break;
  }
  EXPECT_EQ(made, seen);
  EXPECT_EQ(0u, get("/api/v1/runs?status=failed").json()["runs"].size());
  EXPECT_EQ(7u, get("/api/v1/runs?dag=etl&status=success").json()["runs"].size());
}

TEST_F(RunsTest, ShowsTasksUpstreamFirstWithAttemptsAndLogs) {
  start([](const StartAttempt& attempt) {
    Play play;
    play.log = "line of " + attempt.info.task_id + "\n";
    if (attempt.info.task_id == "extract")
      play.outcome = Outcome{Done{Json::object({{"rows", 12}}), {}}};
    else
      play.outcome = Result<Outcome>(make_error(ErrorCode::data_invalid, "12 rows are too few"));
    return play;
  });
  const auto run = finished_run("etl");
  const auto tasks = get("/api/v1/runs/" + run + "/tasks").json();
  ASSERT_EQ(2u, tasks.size());
  EXPECT_EQ("extract", tasks.at(0)["task"].as_string());
  EXPECT_EQ("success", tasks.at(0)["state"].as_string());
  EXPECT_EQ(12, tasks.at(0)["outputs"]["rows"].as_int());
  EXPECT_EQ("failed", tasks.at(1)["state"].as_string());
  EXPECT_EQ("12 rows are too few", tasks.at(1)["error"].as_string());

  const auto task = "/api/v1/runs/" + run + "/tasks/load";
  EXPECT_EQ("failed", get(task).json()["state"].as_string());
  const auto attempts = get(task + "/attempts").json();
  ASSERT_EQ(1u, attempts.size());
  EXPECT_EQ("failed", attempts.at(0)["outcome"].as_string());
  EXPECT_EQ(1, attempts.at(0)["attempt"].as_int());

  const auto log = get(task + "/logs?offset=5");
  EXPECT_EQ("of load\n", log.body);
  EXPECT_EQ("13", log.header("Millrace-Offset"));
  const auto missing = get("/api/v1/runs/" + run + "/tasks/laod");
  EXPECT_EQ(404, missing.status);
  EXPECT_NE(std::string::npos, missing.json()["detail"].as_string().find("did you mean 'load'?"));
}

TEST_F(RunsTest, WaitsForTextOfALogAndForTheEndOfItsTask) {
  start([](const StartAttempt&) {
    Play play;
    play.log = "start\n";
    play.outcome.reset();  // hangs until it is cancelled
    return play;
  });
  const auto run = post("/api/v1/dags/etl/runs", Json::object()).json()["run"].as_string();
  const auto logs = "/api/v1/runs/" + run + "/tasks/extract/logs?attempt=1&wait=60s&offset=";
  for (int i = 0; i < 1000 && get(logs + "0").status != 200; ++i) continue;  // it has begun
  EXPECT_EQ("start\n", get(logs + "0").body);
  auto waiting = std::async(std::launch::async, [&] { return get(logs + "6"); });
  const LogChunk more{*Uuid::parse(run), "extract", -1, 1, 6, "more\n", world_->clock().now()};
  ASSERT_TRUE(world_->stores().logs.append({&more, 1}).ok());
  const auto text = waiting.get();
  EXPECT_EQ("more\n", text.body);
  EXPECT_EQ("11", text.header("Millrace-Offset"));
  EXPECT_EQ("1", text.header("Millrace-Last-Attempt"));
  EXPECT_EQ("false", text.header("Millrace-Ended"));
  auto end = std::async(std::launch::async, [&] { return get(logs + "11"); });
  EXPECT_EQ(200, post("/api/v1/runs/" + run + "/cancel", Json::object()).status);
  const auto last = end.get();
  EXPECT_EQ("", last.body);
  EXPECT_EQ("true", last.header("Millrace-Ended"));
  EXPECT_EQ(400, get("/api/v1/runs/" + run + "/tasks/extract/logs?wait=2m").status);
}

// A retry begins attempt 2: who waits at the end of attempt 1 gets to know.
TEST_F(RunsTest, ALaterAttemptEndsTheWaitForALog) {
  start([](const StartAttempt& attempt) {
    Play play;
    if (attempt.info.task_id == "load")
      play.outcome = Result<Outcome>(make_error(ErrorCode::data_invalid, "too few rows"));
    return play;
  });
  const auto run = finished_run("etl");
  const auto load = "/api/v1/runs/" + run + "/tasks/load/logs?attempt=1&wait=60s&offset=13";
  EXPECT_EQ("true", get(load).header("Millrace-Ended"));
  EXPECT_EQ(200, post("/api/v1/runs/" + run + "/retry", Json::object()).status);
  const auto later = get(load);
  EXPECT_EQ("", later.body);
  EXPECT_EQ("1", later.header("Millrace-Attempt"));
  EXPECT_EQ("2", later.header("Millrace-Last-Attempt"));
}

TEST_F(RunsTest, CancelsAndRetries) {
  start([hung = false](const StartAttempt&) mutable {
    Play play;
    if (!std::exchange(hung, true)) play.outcome.reset();  // hangs until it is cancelled
    return play;
  });
  const auto run = post("/api/v1/dags/etl/runs", Json::object()).json()["run"].as_string();
  const auto path = "/api/v1/runs/" + run;
  // The executor says that it has begun after the trigger was answered.
  auto task = get(path + "/tasks/extract").json();
  for (int i = 0; i < 1000 && task["state"].as_view() == "queued"; ++i)
    task = get(path + "/tasks/extract").json();
  EXPECT_EQ("running", task["state"].as_string());
  EXPECT_EQ(200, post(path + "/cancel", Json::object({{"reason", "enough"}})).status);
  EXPECT_EQ("cancelled", get(path).json()["status"].as_string());
  const auto again = post(path + "/cancel", Json::object());
  EXPECT_EQ(409, again.status);
  EXPECT_NE(std::string::npos,
            again.json()["detail"].as_string().find(" has ended already: cancelled, at 20"))
      << again.body;

  EXPECT_EQ(200, post(path + "/retry", Json::object({{"tasks", Json::array({"extract"})}})).status);
  const auto next = finished_run("etl");  // by then the retried run has gone on too
  EXPECT_NE(run, next);
  EXPECT_EQ(2, get(path + "/tasks/extract").json()["attempt"].as_int());
  EXPECT_EQ(
      404, post("/api/v1/runs/00000000-0000-7000-8000-000000000000/cancel", Json::object()).status);
}

TEST_F(RunsTest, DagsHaveTasksEdgesAndAPauseSwitch) {
  start();
  world_->report_file("dags/bad.yaml",
                      Json::array({Json::object({{"file", "dags/bad.yaml"},
                                                 {"line", 5},
                                                 {"column", 11},
                                                 {"severity", "error"},
                                                 {"message", "unknown operator 'valdate'"},
                                                 {"hint", "did you mean 'validate'?"}})}));
  const auto detail = get("/api/v1/dags/etl").json();
  EXPECT_EQ(2u, detail["tasks"].size());
  EXPECT_EQ(Json::array({Json::object({{"from", "extract"}, {"to", "load"}})}), detail["edges"]);
  EXPECT_FALSE(detail["dag"]["paused"].as_bool(true));

  EXPECT_EQ(200, send("PATCH", "/api/v1/dags/etl", R"({"paused":true})").status);
  EXPECT_TRUE(get("/api/v1/dags?recent=3").json().at(0)["paused"].as_bool());
  const auto errors = get("/api/v1/dag-errors").json();
  ASSERT_EQ(1u, errors.size());
  EXPECT_EQ(5, errors.at(0)["diagnostics"].at(0)["line"].as_int());

  // A file that loads is no error; who asks for warnings gets them, marked by their severity.
  const Json warning = Json::object(
      {{"line", 1}, {"column", 1}, {"severity", "warning"}, {"message", "no task needs 'a'"}});
  world_->report_file("dags/fine.yaml", Json::array({warning}));
  EXPECT_EQ(1u, get("/api/v1/dag-errors").json().size());
  const auto all = get("/api/v1/dag-errors?warnings=true").json();
  ASSERT_EQ(2u, all.size());
  EXPECT_EQ("warning", all.at(1)["diagnostics"].at(0)["severity"].as_string());
  EXPECT_EQ("dags/fine.yaml", all.at(1)["diagnostics"].at(0)["file"].as_string());

  // What another release wrote is shown as it is, and counts as an error.
  world_->report_file("dags/new.yaml", Json::array({Json::object({{"severity", "fatal"}})}));
  const auto unknown = get("/api/v1/dag-errors").json();
  ASSERT_EQ(2u, unknown.size());
  EXPECT_EQ(R"({"severity":"fatal"})", unknown.at(1)["diagnostics"].at(0)["message"].as_string());

  const auto version = detail["dag"]["version"].as_string();
  EXPECT_EQ("etl", get("/api/v1/dags/etl/versions/" + version).json()["dag"].as_string());
  const auto missing = get("/api/v1/dags/elt");
  EXPECT_EQ(404, missing.status);
  EXPECT_NE(std::string::npos, missing.json()["detail"].as_string().find("did you mean 'etl'?"));
}

TEST_F(RunsTest, ComingFiresAreListed) {
  start();
  DagSpec spec = make_dag("nightly", {"a"});
  spec.schedule = CronSpec{"30 2 * * *", "Asia/Kolkata", DstPolicy::run_once};
  world_->add_dag(std::move(spec), "dags/nightly.yaml");
  const Json coming = get("/api/v1/dags/nightly/next?count=2").json();
  EXPECT_EQ("30 2 * * *", coming["cron"].as_string());
  EXPECT_EQ("Asia/Kolkata", coming["time_zone"].as_string());
  EXPECT_EQ("", coming["held"].as_string());
  ASSERT_EQ(2u, coming["fires"].size()) << coming.dump();
  EXPECT_EQ(get("/api/v1/dags/nightly").json()["dag"]["next_run_at"].as_string(),
            coming["fires"].at(0)["at"].as_string());
  EXPECT_EQ("T02:30:00+05:30", coming["fires"].at(1)["local"].as_string().substr(10));
  EXPECT_EQ("T21:00:00Z", coming["fires"].at(1)["at"].as_string().substr(10));
  EXPECT_EQ(200, send("PATCH", "/api/v1/dags/nightly", R"({"paused":true})").status);
  EXPECT_EQ("paused", get("/api/v1/dags/nightly/next").json()["held"].as_string());
  const Json without = get("/api/v1/dags/etl/next").json();
  EXPECT_TRUE(without["cron"].is_null()) << without.dump();
  EXPECT_EQ(404, get("/api/v1/dags/nightli/next").status);
  EXPECT_EQ(400, get("/api/v1/dags/nightly/next?count=0").status);
}

}  // namespace
}  // namespace millrace::testing
