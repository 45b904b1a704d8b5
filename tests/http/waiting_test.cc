// What waits and what streams holds no thread, and no client holds up the end of the server.
#include <gtest/gtest.h>

#include <condition_variable>
#include <deque>
#include <future>
#include <map>
#include <mutex>

#include "engine/base/log.h"
#include "engine/http/server.h"
#include "tests/http/http_client.h"

namespace millrace::http {
namespace {

using std::chrono::milliseconds;
using testing::HttpClient;

HttpResponse text(std::string body) {
  return {.status = 200, .content_type = "text/plain", .body = std::move(body)};
}

/// /wait waits for `tell`, /look looks until it has done so three times, /stream streams what `say`
/// says, anything else is answered at once.
class Waiting : public ::testing::Test {
 protected:
  Waiting() { log::configure(log::Severity::error, log::Format::text); }

  void start(HttpConfig config) {
    config.workers = 2;
    server_ = std::make_unique<HttpServer>(
        std::move(config), clock_,
        HttpHandlers{[this](const HttpRequest& request) { return answer(request); },
                     [](const Refusal& refusal, const HttpRequest&) {
                       HttpResponse response = text(refusal.detail);
                       response.status = refusal.status;
                       return response;
                     }});
    const auto started = server_->start();
    ASSERT_TRUE(started.ok()) << started.error().to_string();
  }

  void tell(std::string news) {
    const std::lock_guard lock(mutex_);
    news_ = std::move(news);
    for (const auto& wake : waiting_) wake->notify();
  }
  /// Until so many requests wait or stream.
  void wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    ASSERT_TRUE(changed_.wait_for(lock, std::chrono::seconds{60},
                                  [&] { return waiting_.size() >= count; }));
  }

  const SystemClock clock_;
  std::unique_ptr<HttpServer> server_;

 private:
  HttpResponse answer(const HttpRequest& request) {
    if (request.path != "/wait" && request.path != "/stream" && request.path != "/look")
      return text("here");
    auto wake = std::make_shared<Wake>();
    HttpResponse response;
    if (request.path == "/look") {
      response.later = std::make_shared<Later>();
      response.later->wake = wake;
      response.later->patience = std::chrono::seconds{600};
      response.later->look_every = milliseconds{1};
      response.later->look = [looks = 0](bool over) mutable -> std::optional<HttpResponse> {
        if (++looks < 3 && !over) return std::nullopt;
        return text(over ? "over" : "looked " + std::to_string(looks) + " times");
      };
    } else if (request.path == "/wait") {
      response.later = std::make_shared<Later>();
      response.later->wake = wake;
      response.later->patience = std::chrono::seconds{60};
      response.later->look = [this](bool over) -> std::optional<HttpResponse> {
        const std::lock_guard lock(mutex_);
        if (news_.empty() && !over) return std::nullopt;
        return text(news_.empty() ? "nothing came" : news_);
      };
    } else {
      response.content_type = "text/event-stream";
      response.stream = std::make_shared<BodyStream>();
      response.stream->wake = wake;
      response.stream->next = [this, told = false]() mutable -> Piece {
        const std::lock_guard lock(mutex_);
        if (news_.empty() || told) return {.text = {}, .end = told};
        told = true;
        return {.text = news_};
      };
    }
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(wake));
    changed_.notify_all();
    return response;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::string news_;                            // guarded by mutex_
  std::vector<std::shared_ptr<Wake>> waiting_;  // guarded by mutex_
};

std::string get(const std::string& path) {
  return "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
}

/// Connections in a container that may not move them.
std::deque<HttpClient> clients(int count, int port) {
  std::deque<HttpClient> out;
  for (int i = 0; i < count; ++i) out.emplace_back(port);
  return out;
}

// Nothing wakes it, and the time of ten minutes is not over.
TEST_F(Waiting, LooksAgainByItselfWhereThatIsAskedFor) {
  start({});
  HttpClient client(server_->port());
  client.send(get("/look"));
  EXPECT_EQ(client.receive().body, "looked 3 times");
}

TEST_F(Waiting, IdleWaitingAndStreamingClientsHoldNoThread) {
  start({});
  auto idle = clients(200, server_->port());
  auto waiting = clients(50, server_->port());
  auto streaming = clients(50, server_->port());
  for (auto& client : idle) EXPECT_EQ(200, client.get("/").status);
  for (auto& client : waiting) client.send(get("/wait"));
  for (auto& client : streaming) client.send(get("/stream"));
  wait_for(100);
  HttpClient other(server_->port());
  for (int i = 0; i < 100; ++i) EXPECT_EQ("here", other.get("/").body);
  tell("it came");
  for (auto& client : waiting) EXPECT_EQ("it came", client.receive().body);
  for (auto& client : streaming) {
    client.send("");
    const auto head = client.receive();
    EXPECT_EQ(200, head.status);
    EXPECT_NE(std::string::npos, head.headers.find("Transfer-Encoding: chunked"));
  }
  EXPECT_EQ(200, waiting.front().get("/").status);  // the connection goes on
}

TEST_F(Waiting, APeerThatSendsNoMoreIsAnsweredAtOnce) {
  start({});
  HttpClient client(server_->port());
  client.send(get("/wait"));
  wait_for(1);
  client.end_sending();
  EXPECT_EQ("nothing came", client.receive().body);
}

// The slow client of each kind: a request cut short, an answer that is not read, a stream, a wait.
TEST_F(Waiting, StopIsBoundedWhateverClientsDo) {
  start({.drain_timeout = milliseconds{200}});
  HttpClient partial(server_->port()), idle(server_->port()), waiting(server_->port()),
      streaming(server_->port());
  partial.send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nab");
  EXPECT_EQ(200, idle.get("/").status);
  waiting.send(get("/wait"));
  streaming.send(get("/stream"));
  wait_for(2);
  auto stopped = std::async(std::launch::async, [this] { server_->stop(); });
  ASSERT_EQ(std::future_status::ready, stopped.wait_for(std::chrono::seconds{10}));
  EXPECT_EQ("nothing came", waiting.receive().body);
  EXPECT_NE(std::string::npos, streaming.rest().find("HTTP/1.1 200"));
  EXPECT_TRUE(partial.closed());
  EXPECT_TRUE(idle.closed());
  EXPECT_EQ(0u, server_->connections());
}

TEST_F(Waiting, StopCutsOffAnAnswerThatIsNotRead) {
  HttpConfig config{.drain_timeout = milliseconds{200}};
  server_ = std::make_unique<HttpServer>(
      config, clock_,
      HttpHandlers{[](const HttpRequest&) { return text(std::string(64u << 20, 'a')); }, {}});
  ASSERT_TRUE(server_->start().ok());
  HttpClient client(server_->port());
  client.send(get("/"));
  EXPECT_EQ("HTTP/1.1 200", client.peek(12));  // it writes
  auto stopped = std::async(std::launch::async, [this] { server_->stop(); });
  ASSERT_EQ(std::future_status::ready, stopped.wait_for(std::chrono::seconds{10}));
  EXPECT_EQ(0u, server_->connections());
}

// One byte every now and then never keeps a request open: its deadline is absolute.
TEST_F(Waiting, ARequestThatTricklesInIsCutOff) {
  start({.request_timeout = milliseconds{300}});
  HttpClient client(server_->port());
  const auto began = std::chrono::steady_clock::now();
  const std::string bytes = "GET / HTTP/1.1\r\nHost: localhost\r\nX: " + std::string(10'000, 'a');
  bool closed = false;
  for (std::size_t i = 0; i < bytes.size() && !closed; ++i) {
    client.send({&bytes[i], 1});
    closed = client.closed_within(milliseconds{5});
  }
  EXPECT_TRUE(closed);
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds{20});
}

}  // namespace
}  // namespace millrace::http
