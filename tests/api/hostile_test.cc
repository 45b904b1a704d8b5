// What a client must not be able to do, and the form in which it is told.
#include <atomic>
#include <condition_variable>
#include <future>
#include <mutex>

#include "tests/api/fixture.h"

namespace millrace::testing {
namespace {

class HostileTest : public ApiTest {};

const httplib::Headers kJson{{"Content-Type", "application/json"}};

TEST_F(HostileTest, ProblemsFollowRfc9457) {
  start();
  const auto answer =
      get("/api/v1/runs/00000000-0000-7000-8000-000000000001", {{"X-Request-Id", "abc-1"}});
  EXPECT_EQ(404, answer.status);
  EXPECT_EQ("application/problem+json", answer.header("Content-Type"));
  EXPECT_EQ("urn:millrace:problem:not_found", answer.json()["type"].as_string());
  EXPECT_EQ("Not Found", answer.json()["title"].as_string());
  EXPECT_EQ(404, answer.json()["status"].as_int());
  EXPECT_EQ("abc-1", answer.json()["request_id"].as_string());
  EXPECT_EQ("abc-1", answer.header("X-Request-Id"));
}

TEST_F(HostileTest, AFullPoolRefusesWithRetryAfterAndHealthGoesOn) {
  std::mutex mutex;
  std::condition_variable changed;
  bool entered = false, let_go = false;
  api::ApiHooks hooks;
  hooks.lint = [&](std::string_view, std::string_view) {
    std::unique_lock lock(mutex);
    entered = true;
    changed.notify_all();
    changed.wait(lock, [&] { return let_go; });
    return Json::object({{"ok", true}});
  };
  api::ApiConfig config;
  config.http.workers = 1;
  config.http.max_waiting = 1;
  start({}, std::move(hooks), config);
  auto busy = std::async(std::launch::async, [&] {
    return post("/api/v1/lint", Json::object({{"text", "dag: {}"}})).status;
  });
  {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return entered; });
  }
  // One of three waits for the worker; there is no room for the others.
  std::vector<Answer> answers;
  std::vector<std::future<void>> asking;
  for (int i = 0; i < 3; ++i)
    asking.push_back(std::async(std::launch::async, [&] {
      Answer answer = get("/api/v1/dags");
      const std::lock_guard lock(mutex);
      answers.push_back(std::move(answer));
      changed.notify_all();
    }));
  {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return answers.size() == 2; });
    for (const auto& answer : answers) {
      EXPECT_EQ(503, answer.status);
      EXPECT_EQ("application/problem+json", answer.header("Content-Type"));
      EXPECT_EQ("1", answer.header("Retry-After"));
      EXPECT_EQ(1u, answer.headers.count("Retry-After"));
    }
  }
  EXPECT_EQ(200, get("/metrics").status);
  {
    const std::lock_guard lock(mutex);
    let_go = true;
    changed.notify_all();
  }
  EXPECT_EQ(200, busy.get());
  for (auto& one : asking) one.get();
  EXPECT_EQ(200, answers.back().status);
}

TEST_F(HostileTest, EveryUnknownNameIsNamedWithTheNearestKnown) {
  start();
  const auto query = get("/api/v1/runs?staus=failed&limit=0&dag=a&dag=b");
  EXPECT_EQ(400, query.status);
  const auto errors = query.json()["errors"];
  ASSERT_EQ(3u, errors.size()) << query.body;
  EXPECT_EQ("?staus", errors.at(0)["pointer"].as_string());
  EXPECT_EQ("is not a parameter here; did you mean 'status'?", errors.at(0)["detail"].as_string());
  EXPECT_EQ("0 is out of range; it must be from 1 to 500", errors.at(1)["detail"].as_string());
  EXPECT_EQ("is given twice", errors.at(2)["detail"].as_string());

  const auto body = post("/api/v1/dags/etl/runs",
                         Json::object({{"parms", Json::object()}, {"logical_date", "soon"}}));
  EXPECT_EQ(400, body.status);
  ASSERT_EQ(2u, body.json()["errors"].size()) << body.body;
  EXPECT_EQ("is not a field of this request; did you mean 'params'?",
            body.json()["errors"].at(0)["detail"].as_string());
  EXPECT_EQ("/logical_date", body.json()["errors"].at(1)["pointer"].as_string());
}

// `detail` is for people, who see neither JSON pointers nor the same sentence twice; `errors` is
// for programs, and names the field by its place.
TEST_F(HostileTest, OneWrongFieldIsASentenceAndAnItem) {
  start();
  const auto check = [](const Answer& answer, const std::string& pointer,
                        const std::string& detail) {
    EXPECT_EQ(400, answer.status) << answer.body;
    EXPECT_EQ(detail, answer.json()["detail"].as_string());
    ASSERT_EQ(1u, answer.json()["errors"].size()) << answer.body;
    EXPECT_EQ(pointer, answer.json()["errors"].at(0)["pointer"].as_string());
  };
  const std::string trigger = "/api/v1/dags/etl/runs";
  check(get("/api/v1/runs/xyz"), "{run}", "run: \"xyz\" is not a UUID");
  check(get("/api/v1/runs?limit=501"), "?limit",
        "limit: 501 is out of range; it must be from 1 to 500");
  check(post(trigger, Json::object({{"reason", 5}})), "/reason",
        "reason: must be a string, not an integer");
  check(send("POST", trigger, "[1]", kJson), "", "the body must be an object, not a list");
  check(post(trigger + "?wait=5m", Json::object()), "?wait",
        "wait: '5m' is longer than a request may wait; at most 1m, then ask again");
  check(post(trigger + "?wait=soon", Json::object()), "?wait",
        "wait: 'soon' is not a duration; write it as 250ms, 30s, 5m, 2h, 1d or "
        "1h30m");
}

TEST_F(HostileTest, RefusesBodiesThatAreNoJsonObject) {
  start();
  const std::string path = "/api/v1/dags/etl/runs";
  for (const std::string body :
       {"{", "[1]", "null", "{\"params\":{},\"params\":{}}", "{\"reason\":\"\\ud800\"}"})
    EXPECT_EQ(400, send("POST", path, body, kJson).status) << body;
  EXPECT_EQ(400, send("POST", path, "{\"reason\":\"\xff\xfe\"}", kJson).status);
  EXPECT_EQ(400, send("POST", path, std::string(100'000, '['), kJson).status);
  EXPECT_EQ(0u, get("/api/v1/runs").json()["runs"].size());
}

TEST_F(HostileTest, BoundsHeadersBodiesAndAddresses) {
  start();
  EXPECT_EQ(413,
            send("POST", "/api/v1/dags/etl/runs", std::string((8u << 20) + 1, ' '), kJson).status);
  EXPECT_NE(std::string::npos,
            raw("GET / HTTP/1.1\r\nHost: localhost\r\nX: " + std::string(20'000, 'a') + "\r\n\r\n")
                .find("HTTP/1.1 4"));
  std::string many = "GET / HTTP/1.1\r\nHost: localhost\r\n";
  for (int i = 0; i < 20'000; ++i) many += "X-" + std::to_string(i) + ": 1\r\n";
  EXPECT_EQ(std::string::npos, raw(many + "\r\n").find("HTTP/1.1 2"));
  EXPECT_NE(std::string::npos,
            raw("GET /" + std::string(9'000, 'a') + " HTTP/1.1\r\nHost: localhost\r\n\r\n")
                .find("HTTP/1.1 4"));
  EXPECT_NE(std::string::npos, raw("nonsense\r\n\r\n").find("HTTP/1.1 400"));
  // RFC 9112, 7.1: a recipient must be able to read chunks. "hello" is no JSON.
  EXPECT_NE(std::string::npos,
            raw("POST /api/v1/dags/etl/runs HTTP/1.1\r\nHost: localhost\r\n"
                "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
                "5\r\nhello\r\n0\r\n\r\n")
                .find("the body is not JSON"));
  EXPECT_NE(
      std::string::npos,
      raw("POST /api/v1/lint HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
          "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!")
          .find("HTTP/1.1 400"));
  EXPECT_NE(
      std::string::npos,
      raw("POST /api/v1/lint HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
          "Content-Length: 2,2\r\n\r\n{}")
          .find("HTTP/1.1 400"));
  EXPECT_NE(std::string::npos,
            raw("GET /api/v1/runs HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n")
                .find("HTTP/1.1 400"));
  EXPECT_EQ(200, get("/healthz").status);  // and it goes on
}

TEST_F(HostileTest, AnswersOnlyToItsOwnNames) {
  api::ApiConfig config;
  config.http.host_names = {"mill.example"};
  start({}, {}, config);
  EXPECT_EQ(421, get("/api/v1/runs", {{"Host", "evil.example:8793"}}).status);
  EXPECT_EQ(200, get("/api/v1/runs", {{"Host", "mill.example:8793"}}).status);
  EXPECT_EQ(200, get("/api/v1/runs", {{"Host", "[::1]:8793"}}).status);
  EXPECT_EQ(200, get("/api/v1/runs", {{"Host", "LocalHost"}}).status);
}

TEST_F(HostileTest, OtherSitesPagesChangeNothing) {
  start();
  const std::string path = "/api/v1/dags/etl/runs";
  EXPECT_EQ(415, send("POST", path, "{}", {{"Content-Type", "text/plain"}}).status);
  EXPECT_EQ(
      415,
      send("POST", path, "a=b", {{"Content-Type", "application/x-www-form-urlencoded"}}).status);
  EXPECT_EQ(403, send("POST", path, "{}",
                      {{"Content-Type", "application/json"}, {"Origin", "https://evil.example"}})
                     .status);
  EXPECT_EQ(403, send("POST", path, "{}",
                      {{"Content-Type", "application/json"}, {"Sec-Fetch-Site", "cross-site"}})
                     .status);
  const auto own = "http://127.0.0.1:" + std::to_string(api_->port());
  EXPECT_EQ(
      201,
      send("POST", path, "{}", {{"Content-Type", "application/json"}, {"Origin", own}}).status);
  // As `curl -X POST` sends it: no body, no length, no type.
  EXPECT_NE(std::string::npos,
            raw("POST " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                .find("HTTP/1.1 201"));
  EXPECT_EQ("", get("/api/v1/runs", {{"Origin", "https://evil.example"}})
                    .header("Access-Control-Allow-Origin"));
}

TEST_F(HostileTest, PathsLeadNowhereElse) {
  api::ApiHooks hooks;
  int asked = 0;
  hooks.artifact_path = [&](std::string_view) -> Result<std::filesystem::path> {
    ++asked;
    return std::filesystem::path("/etc/passwd");
  };
  start({}, hooks);
  for (const std::string path :
       {"/../etc/passwd", "/%2e%2e/etc/passwd", "/..%2fetc/passwd", "/app-1.js/../x.y"})
    EXPECT_NE(std::string::npos,
              raw("GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                  .find("HTTP/1.1 404"))
        << path;
  EXPECT_EQ(400, get("/api/v1/artifacts/..%2f..%2fetc%2fpasswd/content").status);
  EXPECT_EQ(
      404,
      get("/api/v1/artifacts/" + std::string(64, 'a') + "/content").status);  // never published
  EXPECT_EQ(0, asked);
}

TEST_F(HostileTest, AThrowingHandlerTellsNothingOfTheInside) {
  api::ApiHooks hooks;
  hooks.dag_schema = []() -> Json { throw std::runtime_error("password is hunter2"); };
  start({}, hooks);
  const auto answer = get("/api/v1/dag-schema.json");
  EXPECT_EQ(500, answer.status);
  EXPECT_EQ(std::string::npos, answer.body.find("hunter2"));
}

TEST_F(HostileTest, SpeaksOfMethodsAndKeepsHeadersTight) {
  start();
  const auto wrong = send("DELETE", "/api/v1/runs", "", {});
  EXPECT_EQ(405, wrong.status);
  EXPECT_EQ("GET", wrong.header("Allow"));
  const auto page = get("/runs/some-page");
  EXPECT_EQ(200, page.status);
  EXPECT_NE(std::string::npos, page.header("Content-Security-Policy").find("default-src 'none'"));
  EXPECT_EQ("nosniff", page.header("X-Content-Type-Options"));
  EXPECT_EQ("no-cache", page.header("Cache-Control"));
  for (const std::string path : {"/livez", "/ping", "/api", "/v2/health/live", "/runs.php"})
    EXPECT_EQ(404, get(path).status) << path;  // not a page of the dashboard
  EXPECT_EQ(304, get("/", {{"If-None-Match", "\"1\""}}).status);
  EXPECT_EQ("public, max-age=31536000, immutable", get("/app-1.js").header("Cache-Control"));
  auto http = client();
  const auto head = http.Head("/");
  ASSERT_TRUE(head);
  EXPECT_EQ(200, head->status);
}

TEST_F(HostileTest, ASecondServerOnThePortIsRefused) {
  start();
  api::ApiConfig config;
  config.http.port = api_->port();
  api::Api second(config, world_->stores(), catalog_, world_->clock(), *feed_, 1);
  const auto status = second.start();
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(ErrorCode::unavailable, status.error().code);
}

TEST_F(HostileTest, AStoreThatIsAwayIs503) {
  start();
  world_->store().set_fault_hook([](std::string_view call) {
    return call.starts_with("runs.") || call == "journal.last_seq" ? Fault::fail_before
                                                                   : Fault::none;
  });
  EXPECT_EQ(503, get("/api/v1/runs").status);
  EXPECT_EQ(200, get("/healthz").status);
  EXPECT_EQ(503, get("/readyz").status);
  world_->store().set_fault_hook({});
  EXPECT_EQ(200, get("/readyz").status);
}

// A full disk: PostgreSQL can be read, and commits nothing.
TEST_F(HostileTest, AStoreThatCannotCommitIsNotReady) {
  std::atomic<bool> full = false;
  api::ApiHooks hooks;
  hooks.commits = [&] { return full ? Status(unavailable("no room")) : Status(); };
  start({}, std::move(hooks));
  EXPECT_EQ(200, get("/readyz").status);
  full = true;
  EXPECT_EQ(503, get("/readyz").status);
  EXPECT_EQ(200, get("/healthz").status);
  full = false;
  EXPECT_EQ(200, get("/readyz").status);
}

}  // namespace
}  // namespace millrace::testing
