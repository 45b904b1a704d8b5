// The model server where its workers have no room for another request.
#include <gtest/gtest.h>

#include "tests/serve/fixtures.h"

namespace millrace::serve {
namespace {

TEST(FullPool, RefusesWithRetryAfter) {
  const TempFolder dir;
  World world;
  ModelServerConfig config = quick_config(dir.path());
  config.http.workers = 1;
  config.http.max_waiting = 0;
  const auto server = start_server(world, config);
  HttpClient client(server->port());
  const auto reply = client.get("/v2/models/flights/stats");
  EXPECT_EQ(503, reply.status);
  EXPECT_FALSE(reply.json()["error"].as_string().empty()) << reply.body;
  const auto at = reply.headers.find("Retry-After: 1");
  ASSERT_NE(std::string::npos, at) << reply.headers;
  EXPECT_EQ(std::string::npos, reply.headers.find("Retry-After", at + 1)) << reply.headers;
}

}  // namespace
}  // namespace millrace::serve
