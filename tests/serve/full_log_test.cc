// What clients see when the prediction log is full and the policy is to wait.
#include <gtest/gtest.h>

#include <thread>

#include "tests/http/http_client.h"
#include "tests/serve/fixtures.h"

namespace millrace::serve {
namespace {

using testing::HttpClient;

TEST(FullPredictionLog, MakesRequestsWaitForRoom) {
  World world;
  world.promote("flights", world.add_model("flights", model_text("logistic", {"a", "b", "c"},
                                                                 {0.1, 0.001, -0.5}, -1)));
  const TempFolder dir;
  auto config = quick_config(dir.path());
  config.log.when_full = WhenFull::block;
  config.log.max_queued = 2;
  config.log.batch_size = 1'000'000;
  config.log.flush_interval = std::chrono::hours(1);
  const auto server = start_server(world, std::move(config));
  ASSERT_TRUE(serves_revision(*server, "flights", 1));
  HttpClient client(server->port());
  for (int i = 0; i < 2; ++i)
    EXPECT_EQ(200, client.post("/v2/models/flights/infer", one_row({1, 2, 3})).status);
  HttpClient other(server->port());
  const std::string body = one_row({1, 2, 3});
  other.send(
      "POST /v2/models/flights/infer HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
      "application/json\r\nContent-Length: " +
      std::to_string(body.size()) + "\r\n\r\n" + body);
  const auto log = [&] { return client.get("/v2/models/flights/stats").json()["log"]; };
  while (log()["waited"].as_int() == 0) std::this_thread::yield();
  ASSERT_TRUE(server->flush(kPatience));
  EXPECT_EQ(200, other.receive().status);
  ASSERT_TRUE(server->flush(kPatience));
  EXPECT_EQ(3, log()["logged"].as_int());
  EXPECT_EQ(0, log()["dropped"].as_int(-1));
}

}  // namespace
}  // namespace millrace::serve
