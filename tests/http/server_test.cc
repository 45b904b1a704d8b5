#include "engine/http/server.h"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <stdexcept>
#include <thread>

#include "engine/base/json.h"
#include "engine/base/log.h"
#include "tests/http/http_client.h"

namespace millrace::http {
namespace {

using testing::HttpClient;

HttpResponse echo(const HttpRequest& request) {
  if (request.path == "/throw") throw std::runtime_error("secret");
  std::string body = std::string(request.method) + " " + request.path + " [";
  for (const auto& segment : request.segments) body += segment + "|";
  body += "] q=" + std::string(request.query_value("q")) +
          " x=" + std::string(request.header("X-Test")) + " body=" + std::string(request.body);
  return {.content_type = "text/plain", .body = std::move(body)};
}

HttpResponse refused(const Refusal& refusal, const HttpRequest&) {
  return {.status = refusal.status, .content_type = "text/plain", .body = refusal.detail};
}

using Answer = std::function<HttpResponse(const HttpRequest&)>;

class Http : public ::testing::Test {
 protected:
  Http() { log::configure(log::Severity::error, log::Format::text); }
  void start(HttpConfig config = {}, Answer answer = echo) {
    config.drain_timeout = std::chrono::milliseconds(2000);
    server_ = std::make_unique<HttpServer>(std::move(config), clock_,
                                           HttpHandlers{std::move(answer), refused});
    const auto started = server_->start();
    ASSERT_TRUE(started.ok()) << started.error().to_string();
  }
  const SystemClock clock_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(Http, AnswersAndKeepsTheConnection) {
  start();
  HttpClient client(server_->port());
  for (int i = 0; i < 3; ++i) {
    const auto reply = client.post("/a%20b/c?q=1%2B1", "hello", "X-Test: yes\r\n");
    EXPECT_EQ(200, reply.status);
    EXPECT_EQ("POST /a%20b/c [a b|c|] q=1+1 x=yes body=hello", reply.body);
  }
  EXPECT_EQ(1u, server_->connections());
}

TEST_F(Http, PipelinedRequestsAreAnsweredInOrder) {
  start();
  HttpClient client(server_->port());
  std::string raw;
  for (int i = 0; i < 50; ++i)
    raw += "POST /n" + std::to_string(i) +
           " HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc";
  client.send(raw);
  for (int i = 0; i < 50; ++i) {
    const std::string name = "n" + std::to_string(i);
    EXPECT_EQ("POST /" + name + " [" + name + "|] q= x= body=abc", client.receive().body);
  }
}

TEST_F(Http, ARequestMayComeByteByByte) {
  start();
  HttpClient client(server_->port());
  for (const char c :
       std::string("POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nok"))
    client.send({&c, 1});
  EXPECT_EQ("POST /x [x|] q= x= body=ok", client.receive().body);
}

TEST_F(Http, ChunkedBodies) {
  start();
  HttpClient client(server_->port());
  client.send(
      "POST /x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
  EXPECT_EQ("POST /x [x|] q= x= body=abcde", client.receive().body);
  EXPECT_EQ(200, client.get("/again").status);
}

TEST_F(Http, HeadHasNoBody) {
  start();
  HttpClient client(server_->port());
  client.send("HEAD /x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  const std::string all = client.rest();
  EXPECT_EQ(0u, all.find("HTTP/1.1 200 OK\r\n")) << all;
  EXPECT_NE(std::string::npos, all.find("Content-Length: 23\r\n")) << all;  // as GET would have
  EXPECT_EQ(all.size() - 4, all.find("\r\n\r\n")) << all;
}

TEST_F(Http, ExpectContinue) {
  start();
  HttpClient client(server_->port());
  client.send(
      "POST /x HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(100, client.receive().status);
  client.send("ok");
  EXPECT_EQ("POST /x [x|] q= x= body=ok", client.receive().body);
}

TEST_F(Http, CloseIsObeyed) {
  start();
  HttpClient client(server_->port());
  client.send("GET /x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(200, client.receive().status);
  EXPECT_TRUE(client.closed());
}

TEST_F(Http, WhatTheHandlerThrowsIsNotShown) {
  start();
  HttpClient client(server_->port());
  const auto reply = client.get("/throw");
  EXPECT_EQ(500, reply.status);
  EXPECT_EQ(std::string::npos, reply.body.find("secret"));
  EXPECT_EQ(200, client.get("/x").status);
}

TEST_F(Http, ALongBodyIsRefusedBeforeItIsRead) {
  start({.max_body_bytes = 1000});
  HttpClient client(server_->port());
  client.send("POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n");
  const auto reply = client.receive();
  EXPECT_EQ(413, reply.status);
  EXPECT_NE(std::string::npos, reply.body.find("1000 bytes"));
  EXPECT_TRUE(client.closed());
}

TEST_F(Http, ALongChunkedBodyIsRefused) {
  start({.max_body_bytes = 1000});
  HttpClient client(server_->port());
  client.send("POST /x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n");
  client.send("7d0\r\n" + std::string(2000, 'a') + "\r\n");
  EXPECT_EQ(413, client.receive().status);
}

TEST_F(Http, ALongHeaderIsRefused) {
  start();
  HttpClient client(server_->port());
  client.send("GET /x HTTP/1.1\r\nHost: localhost\r\nX-Long: " + std::string(20'000, 'a') +
              "\r\n\r\n");
  EXPECT_EQ(431, client.receive().status);
}

TEST_F(Http, NonsenseIsRefused) {
  start();
  for (const std::string raw :
       {"\x16\x03\x01\x02\r\n\r\n", "GET\r\n\r\n", "GET /x HTTP/9.9\r\n\r\n",
        "POST /x HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        "POST /x HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"}) {
    HttpClient client(server_->port());
    client.send(raw);
    EXPECT_EQ(400, client.receive().status) << raw;
  }
  for (const std::string target : {"/%", "/%zz", "/a%00b", "relative"}) {
    HttpClient client(server_->port());
    EXPECT_EQ(400, client.get(target).status) << target;
  }
}

TEST_F(Http, AnEscapedSlashStaysInItsSegment) {
  start();
  HttpClient client(server_->port());
  EXPECT_EQ("GET /..%2F/etc%2Fpasswd [../|etc/passwd|] q= x= body=",
            client.get("/..%2F/etc%2Fpasswd").body);
}

TEST_F(Http, ASlowClientIsCutOff) {
  start({.request_timeout = std::chrono::milliseconds(100)});
  HttpClient client(server_->port());
  client.send("POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Le");
  EXPECT_TRUE(client.closed());
}

TEST_F(Http, AnIdleConnectionIsClosed) {
  start({.idle_timeout = std::chrono::milliseconds(100)});
  HttpClient client(server_->port());
  EXPECT_EQ(200, client.get("/x").status);
  EXPECT_TRUE(client.closed());
}

TEST_F(Http, BeyondTheMostConnectionsTheLongestIdleOneGoes) {
  start({.max_connections = 2});
  HttpClient first(server_->port()), second(server_->port());
  EXPECT_EQ(200, first.get("/x").status);
  EXPECT_EQ(200, second.get("/x").status);
  HttpClient third(server_->port());
  EXPECT_EQ(200, third.get("/x").status);
  EXPECT_TRUE(first.closed());
  EXPECT_EQ(200, second.get("/x").status);
}

TEST_F(Http, StopFinishesWhatHasBegun) {
  std::mutex mutex;
  std::condition_variable changed;
  bool entered = false, let_go = false;
  start({.workers = 1}, [&](const HttpRequest&) {
    std::unique_lock lock(mutex);
    entered = true;
    changed.notify_all();
    changed.wait(lock, [&] { return let_go; });
    return HttpResponse{.body = "{}"};
  });
  HttpClient idle(server_->port()), busy(server_->port());
  busy.send("GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n");
  {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return entered; });
  }
  std::thread stopping([&] { server_->stop(); });
  EXPECT_TRUE(idle.closed());  // stop() has begun
  {
    const std::lock_guard lock(mutex);
    let_go = true;
    changed.notify_all();
  }
  EXPECT_EQ(200, busy.receive().status);
  EXPECT_TRUE(busy.closed());
  stopping.join();
  EXPECT_EQ(0u, server_->connections());
}

TEST_F(Http, APortInUseIsAnError) {
  start();
  HttpServer second(HttpConfig{.port = server_->port()}, clock_, {echo, refused});
  // SO_REUSEADDR lets nobody listen where another listens.
  EXPECT_EQ(ErrorCode::unavailable, second.start().error().code);
  HttpServer nowhere(HttpConfig{.host = "no such host"}, clock_, {echo, refused});
  EXPECT_EQ(ErrorCode::invalid_argument, nowhere.start().error().code);
  HttpServer beyond(HttpConfig{.port = 99'999}, clock_, {echo, refused});
  EXPECT_EQ(ErrorCode::invalid_argument, beyond.start().error().code);
  HttpServer named(HttpConfig{.host = "localhost"}, clock_, {echo, refused});
  EXPECT_TRUE(named.start().ok());
}

}  // namespace
}  // namespace millrace::http
