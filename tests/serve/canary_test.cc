// Canaries under load: hot swaps without a failed request, and the circuit breaker.
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <condition_variable>
#include <thread>

#include "engine/serve/model_server.h"
#include "tests/serve/fixtures.h"

namespace millrace::serve {
namespace {

const std::vector<std::string> kTwoFeatures = {"a", "b"};

class CanaryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (int i = 0; i < 6; ++i)
      artifacts_.push_back(
          world_.add_model("m", model_text("logistic", kTwoFeatures, {0.1 * i, 0.2}, 0.01 * i)));
    world_.promote("m", artifacts_[0]);
  }
  void start() {
    ModelServerConfig config = quick_config(dir_.path());
    config.on_trip = [this](const TripReport& report) -> Status {
      const std::lock_guard lock(mutex_);
      if (tells_++ == 0) return unavailable("the store is away");  // it is told again
      reports_.push_back(report);
      changed_.notify_all();
      return {};
    };
    server_ = start_server(world_, std::move(config));
    ASSERT_TRUE(serves_revision(*server_, "m", 1));
  }
  bool wait_for_report() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [&] { return !reports_.empty(); });
  }

  TempFolder dir_;
  World world_;
  std::vector<std::string> artifacts_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<TripReport> reports_;
  int tells_ = 0;
  std::unique_ptr<ModelServer> server_;  // the last: its threads use what stands above
};

// Five promotions and one rollback, each by a canary, while clients send without a pause.
TEST_F(CanaryTest, NoRequestFailsWhileDeploymentsChange) {
  start();
  constexpr int kClients = 4;
  std::atomic<bool> done{false};
  std::atomic<int> sent{0}, failed{0}, wrong{0};
  std::vector<std::thread> clients;
  for (int c = 0; c < kClients; ++c)
    clients.emplace_back([&, c] {
      HttpClient client(server_->port());
      for (int i = 0; !done || i < 200; ++i) {
        const std::string entity = std::to_string(c) + "-" + std::to_string(i);
        const auto reply =
            client.post("/v2/models/m/infer", one_row({1, 2}), "X-Entity-Key: " + entity + "\r\n");
        ++sent;
        if (reply.status != 200) {
          ++failed;
          continue;
        }
        // The version, the artifact and the prediction belong together, whatever is swapped.
        const auto json = reply.json();
        const int version = std::stoi(json["model_version"].as_string());
        const double margin = 0.1 * (version - 1) * 1 + 0.2 * 2 + 0.01 * (version - 1);
        const double expected = 1 / (1 + std::exp(-margin));
        wrong += json["parameters"]["artifact"].as_view() !=
                     artifacts_[static_cast<std::size_t>(version - 1)] ||
                 std::abs(json["outputs"].at(0)["data"].at(0).as_double() - expected) > 1e-12;
      }
    });
  std::int64_t revision = 1;
  const auto settle = [&] { ASSERT_TRUE(serves_revision(*server_, "m", ++revision)); };
  for (std::size_t next = 1; next <= 5; ++next) {
    for (const double weight : {5, 25, 50}) {
      world_.traffic("m", artifacts_[next], weight);
      settle();
    }
    world_.promote("m", artifacts_[next]);
    settle();
  }
  world_.rollback("m");
  settle();
  done = true;
  for (auto& client : clients) client.join();
  EXPECT_GE(sent.load(), kClients * 200);
  EXPECT_EQ(0, failed.load());
  EXPECT_EQ(0, wrong.load());
  // And every one of them is in the store, once.
  ASSERT_TRUE(server_->flush(kPatience));
  EXPECT_EQ(static_cast<std::size_t>(sent.load()),
            world_.stores().serving.predictions("m", 10'000'000)->size());
  std::int64_t counted = 0;
  const auto windows = world_.stores().serving.windows("m", Time{});
  for (const auto& window : *windows) counted += window.requests;
  EXPECT_EQ(sent.load(), counted);
}

// The challenger wants a feature that no client sends: it fails each time, and nobody notices.
TEST_F(CanaryTest, AFailingCandidateLosesItsTrafficAndNoRequestFails) {
  const auto bad =
      world_.add_model("m", model_text("logistic", {"a", "b", "never_sent"}, {1, 1, 1}, 0));
  world_.traffic("m", bad, 50);
  start();
  ASSERT_TRUE(serves_revision(*server_, "m", 2));
  HttpClient client(server_->port());
  int fell_back = 0;
  for (int i = 0; i < 200; ++i) {
    const auto reply = client.post("/v2/models/m/infer", one_row({1, 2}));
    ASSERT_EQ(200, reply.status) << reply.body;
    EXPECT_EQ("1", reply.json()["model_version"].as_string());
    fell_back += reply.json()["parameters"]["fell_back"].as_bool();
  }
  EXPECT_EQ(20, fell_back);  // the breaker's minimum; after that it was asked no more
  ASSERT_TRUE(wait_for_report());
  EXPECT_EQ(bad, reports_[0].artifact);
  EXPECT_EQ("error rate", reports_[0].evidence["reason"].as_string());
  EXPECT_EQ(20, reports_[0].evidence["candidate"]["errors"].as_int());
  EXPECT_EQ(2, tells_);
  ASSERT_TRUE(server_->flush(kPatience));
  bool tripped = false;
  const auto windows = world_.stores().serving.windows("m", Time{});
  for (const auto& window : *windows)
    if (window.role == "candidate") {
      EXPECT_EQ(20, window.errors);
      tripped = window.tripped;
    }
  EXPECT_TRUE(tripped);
  EXPECT_NE(std::string::npos,
            client.get("/metrics").body.find("model_breaker_open{model=\"m\"} 1"));
}

TEST_F(CanaryTest, ATrippedCandidateStaysOutUntilItsCanaryIsOver) {
  const auto bad = world_.add_model("m", model_text("logistic", {"a", "b", "c"}, {1, 1, 1}, 0));
  world_.traffic("m", bad, 100);
  start();
  ASSERT_TRUE(serves_revision(*server_, "m", 2));
  HttpClient client(server_->port());
  for (int i = 0; i < 30; ++i) client.post("/v2/models/m/infer", one_row({1, 2}));
  const auto route = [&] { return server_->snapshot()->routes.find("m")->second; };
  EXPECT_TRUE(route()->tripped);
  // The canary's next step was under way already.
  world_.traffic("m", bad, 100);
  ASSERT_TRUE(serves_revision(*server_, "m", 3));
  EXPECT_TRUE(route()->tripped);
  EXPECT_EQ(0, route()->share);
  // Taken back, and tried again on purpose: it gets traffic, and a new breaker.
  world_.rollback("m");
  world_.traffic("m", bad, 100);
  ASSERT_TRUE(serves_revision(*server_, "m", 5));
  EXPECT_FALSE(route()->tripped);
  EXPECT_EQ(1, route()->share);
  for (int i = 0; i < 30; ++i)
    EXPECT_EQ(200, client.post("/v2/models/m/infer", one_row({1, 2})).status);
  EXPECT_TRUE(route()->tripped);
}

TEST_F(CanaryTest, ABadRequestIsNoMarkAgainstTheCandidate) {
  world_.traffic("m", artifacts_[1], 100);
  start();
  ASSERT_TRUE(serves_revision(*server_, "m", 2));
  HttpClient client(server_->port());
  for (int i = 0; i < 100; ++i)
    EXPECT_EQ(400, client.post("/v2/models/m/infer", one_row({1, 2, 3, 4})).status);
  EXPECT_FALSE(server_->snapshot()->routes.find("m")->second->tripped);
  EXPECT_EQ(0u, client.get("/v2/models/m/stats").json()["series"].size());
}

// A number that overflows: the linear model's output is not finite.
TEST_F(CanaryTest, AnOutputThatIsNoNumberIsAFailure) {
  const auto fine = world_.add_model("n", model_text("linear", {"x"}, {1}, 0));
  const auto wild = world_.add_model("n", model_text("linear", {"x"}, {1e308}, 0));
  world_.promote("n", fine);
  world_.traffic("n", wild, 100);
  start();
  ASSERT_TRUE(serves_revision(*server_, "n", 2));
  HttpClient client(server_->port());
  const auto reply = client.post("/v2/models/n/infer", one_row({1000}));
  ASSERT_EQ(200, reply.status) << reply.body;
  EXPECT_EQ(1000, reply.json()["outputs"].at(0)["data"].at(0).as_double());
  EXPECT_TRUE(reply.json()["parameters"]["fell_back"].as_bool());
}

TEST_F(CanaryTest, ACandidateThatCannotBeLoadedGetsNoTraffic) {
  start();
  const auto gone = world_.add_model("m", model_text("logistic", kTwoFeatures, {9, 9}, 9));
  world_.lose(gone);
  world_.traffic("m", gone, 100);
  ASSERT_TRUE(serves_revision(*server_, "m", 2));
  HttpClient client(server_->port());
  EXPECT_EQ("1",
            client.post("/v2/models/m/infer", one_row({1, 2})).json()["model_version"].as_string());
}

}  // namespace
}  // namespace millrace::serve
