#include "operators/control/webhook.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "tests/operators/fake_context.h"

namespace millrace::operators {
namespace {

/// Answers one request after the other on a free port of the loopback, with the given statuses.
class TinyServer {
 public:
  explicit TinyServer(std::vector<int> statuses) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(socket_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(socket_, 4), 0);
    getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this, answers = std::move(statuses)] {
      for (const int status : answers) serve(status);
    });
  }
  ~TinyServer() {
    join();
    close(socket_);
  }
  void join() {
    if (thread_.joinable()) thread_.join();
  }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/hook/s3cr3t"; }
  std::vector<std::string> requests;

 private:
  void serve(int status) {
    const int peer = accept(socket_, nullptr, nullptr);
    std::string text;
    char buffer[4096];
    while (!whole(text)) {
      const ssize_t got = read(peer, buffer, sizeof buffer);
      if (got <= 0) break;
      text.append(buffer, static_cast<std::size_t>(got));
    }
    requests.push_back(text);
    const std::string answer =
        "HTTP/1.1 " + std::to_string(status) +
        " Text\r\nRetry-After: 0\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";
    EXPECT_EQ(write(peer, answer.data(), answer.size()), static_cast<ssize_t>(answer.size()));
    close(peer);
  }
  static bool whole(const std::string& text) {
    const std::size_t end = text.find("\r\n\r\n"), length = text.find("Content-Length: ");
    if (end == std::string::npos || length == std::string::npos) return false;
    return text.size() >= end + 4 + std::stoul(text.substr(length + 16));
  }

  int socket_;
  int port_ = 0;
  std::thread thread_;
};

const Catalog kWebhooks = Catalog::of<NotifyWebhook>();

TEST(Webhook, PostsSlacksFormWithAnIdempotencyKey) {
  TinyServer server({200});
  FakeContext ctx;
  const auto done = expect_outcome<Done>(
      kWebhooks.run("notify.webhook",
                    Json::object({{"url", server.url()}, {"text", "a \"new\" champion"}}), ctx));
  server.join();
  EXPECT_EQ(done.outputs["status"], Json(200));
  ASSERT_EQ(server.requests.size(), 1u);
  EXPECT_TRUE(server.requests[0].starts_with("POST /hook/s3cr3t HTTP/1.1\r\n"));
  EXPECT_TRUE(server.requests[0].ends_with("{\"text\":\"a \\\"new\\\" champion\"}"));
  EXPECT_NE(server.requests[0].find("Idempotency-Key: run1/task1/-1"), std::string::npos);
  EXPECT_NE(server.requests[0].find("Content-Type: application/json"), std::string::npos);
}

TEST(Webhook, PostsAnyBodyAndHeaders) {
  TinyServer server({204});
  FakeContext ctx;
  ctx.info.trace_id = "0af7651916cd43dd8448eb211c80319c";
  expect_outcome<Done>(kWebhooks.run(
      "notify.webhook",
      Json::object({{"url", server.url()},
                    {"body", Json::object({{"summary", "x"}})},
                    {"headers", Json::object({{"X-Team", "ops"},
                                              {"X-Level", 3},
                                              {"X-None", Json()},
                                              {"X-Empty", ""},
                                              {"content-type", "application/cloudevents+json"}})}}),
      ctx));
  server.join();
  EXPECT_TRUE(server.requests.at(0).ends_with("{\"summary\":\"x\"}"));
  EXPECT_NE(server.requests.at(0).find("X-Team: ops"), std::string::npos);
  EXPECT_NE(server.requests.at(0).find("X-Level: 3"), std::string::npos);
  EXPECT_EQ(server.requests.at(0).find("X-None"), std::string::npos);
  EXPECT_NE(server.requests.at(0).find("X-Empty:"), std::string::npos);
  EXPECT_NE(server.requests.at(0).find("content-type: application/cloudevents+json"),
            std::string::npos);
  EXPECT_EQ(server.requests.at(0).find("application/json"), std::string::npos);
  EXPECT_NE(server.requests.at(0).find("traceparent: 00-0af7651916cd43dd8448eb211c80319c-"),
            std::string::npos);
}

TEST(Webhook, NeverTellsItsAddress) {
  TinyServer server({404});
  FakeContext ctx;
  ASSERT_EQ(setenv("TEST_WEBHOOK", server.url().c_str(), 1), 0);
  const auto outcome = kWebhooks.run(
      "notify.webhook", Json::object({{"url_env", "TEST_WEBHOOK"}, {"text", "x"}}), ctx);
  unsetenv("TEST_WEBHOOK");
  server.join();
  ASSERT_FALSE(outcome.ok());
  EXPECT_FALSE(outcome.error().transient());
  EXPECT_EQ(outcome.error().to_string().find("s3cr3t"), std::string::npos)
      << outcome.error().to_string();
  for (const auto& line : ctx.lines) EXPECT_EQ(line.find("s3cr3t"), std::string::npos) << line;
}

TEST(Webhook, SaysWhatIsMissing) {
  FakeContext ctx;
  EXPECT_FALSE(kWebhooks.run("notify.webhook", Json::object({{"text", "x"}}), ctx).ok());
  EXPECT_FALSE(kWebhooks.run("notify.webhook", Json::object({{"url", "http://x"}}), ctx).ok());
  EXPECT_EQ(kWebhooks
                .run("notify.webhook",
                     Json::object({{"url_env", "NO_SUCH_VARIABLE"}, {"text", "x"}}), ctx)
                .error()
                .message,
            "the environment variable 'NO_SUCH_VARIABLE' is not set");
}

}  // namespace
}  // namespace millrace::operators
