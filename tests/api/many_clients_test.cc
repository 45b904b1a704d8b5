// Clients that are idle, wait or listen delay no other client and ask the store
// nothing.
#include <atomic>
#include <deque>

#include "engine/store/command.h"
#include "tests/api/fixture.h"
#include "tests/http/http_client.h"

namespace millrace::testing {
namespace {

constexpr int kIdle = 150, kWaiting = 64, kStreams = 60;

class ManyClientsTest : public ApiTest {
 protected:
  /// A run whose first task goes on until it is cancelled.
  void start_endless() {
    start([](const StartAttempt&) {
      Play play;
      play.outcome.reset();
      return play;
    });
  }
  std::deque<HttpClient> clients(int count) const {
    std::deque<HttpClient> out;
    for (int i = 0; i < count; ++i) out.emplace_back(api_->port());
    return out;
  }
  static std::string trigger_and_wait() {
    const std::string body = "{}";
    return "POST /api/v1/dags/etl/runs?wait=60s HTTP/1.1\r\nHost: localhost\r\n"
           "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n" +
           body;
  }
  /// Until `count` runs are open.
  void wait_for_runs(std::size_t count) {
    while (world_->stores().runs.open_runs().value_or(std::vector<RunRow>()).size() < count)
      std::this_thread::yield();
  }
};

TEST_F(ManyClientsTest, DelayNoOtherClient) {
  start_endless();
  auto idle = clients(kIdle);
  for (auto& client : idle) EXPECT_EQ(200, client.get("/healthz").status);
  auto streams = clients(kStreams);
  for (auto& client : streams)
    client.send("GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n");
  for (auto& client : streams) EXPECT_EQ(200, client.receive().status);
  auto waiting = clients(kWaiting);
  for (auto& client : waiting) client.send(trigger_and_wait());
  wait_for_runs(kWaiting);

  HttpClient other(api_->port());
  for (int i = 0; i < 100; ++i) {
    const auto began = std::chrono::steady_clock::now();
    EXPECT_EQ(200, other.get("/healthz").status);
    EXPECT_EQ(200, other.get("/api/v1/runs?limit=1").status);
    // Of a debug build on a busy machine; with a thread a connection it was 8 to 20 s.
    EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds{2});
  }
  const Json open = get("/api/v1/runs?limit=500").json();
  for (const auto& run : open["runs"].items())
    EXPECT_EQ(200,
              post("/api/v1/runs/" + run["run"].as_string() + "/cancel", Json::object()).status);
  for (auto& client : waiting) {
    const auto reply = client.receive();
    EXPECT_EQ(201, reply.status);
    EXPECT_EQ("cancelled", reply.json()["status"].as_string()) << reply.body;
  }
}

// One look whether the run has ended already; the end itself is handed over.
TEST_F(ManyClientsTest, AWaitAsksTheStoreOnce) {
  start_endless();
  std::atomic<int> runs_read{0}, results_read{0};
  world_->store().set_fault_hook([&](std::string_view call) {
    runs_read += call == "runs.run";
    results_read += call == "inbox.result";
    return Fault::none;
  });
  auto waiting = clients(kWaiting);
  for (auto& client : waiting) client.send(trigger_and_wait());
  wait_for_runs(kWaiting);
  const auto runs = world_->stores().runs.open_runs().value_or(std::vector<RunRow>());
  for (const auto& run : runs) world_->submit(CancelRun{run.run});
  for (auto& client : waiting) EXPECT_EQ(201, client.receive().status);
  world_->store().set_fault_hook({});
  EXPECT_LE(runs_read, kWaiting);
  EXPECT_EQ(0, results_read);
}

TEST_F(ManyClientsTest, AScrapeAsksNoStore) {
  start();
  finished_run("etl");
  while (get("/metrics").body.find("millrace_runs_finished_total{") == std::string::npos)
    std::this_thread::yield();  // the counts follow the journal a moment later
  world_->store().set_fault_hook([](std::string_view) { return Fault::fail_before; });
  const auto metrics = get("/metrics");
  EXPECT_EQ(200, metrics.status);
  EXPECT_NE(std::string::npos,
            metrics.body.find("millrace_runs_finished_total{dag=\"etl\",status=\"success\"} 1\n"))
      << metrics.body;
  EXPECT_EQ(200, get("/healthz").status);
  world_->store().set_fault_hook({});
}

// What was there before is not counted: the first scrape after a restart costs nothing, however
// long the journal is.
TEST_F(ManyClientsTest, AScrapeAfterARestartStartsFromNothing) {
  start();
  finished_run("etl");
  api::ApiConfig config;
  config.http.port = 0;
  follow::Feed feed(world_->stores(), world_->clock());
  api::Api second(config, world_->stores(), catalog_, world_->clock(), feed, 1);
  feed.start();
  ASSERT_TRUE(second.start().ok());
  HttpClient client(second.port());
  std::string text = client.get("/metrics").body;
  EXPECT_NE(std::string::npos, text.find("millrace_runs_open 0\n")) << text;
  EXPECT_EQ(std::string::npos, text.find("millrace_runs_created_total{")) << text;
  second.stop();
  feed.stop();
}

}  // namespace
}  // namespace millrace::testing
