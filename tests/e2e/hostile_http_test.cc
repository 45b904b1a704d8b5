// What nobody sends by accident, against the API and the model server of the real program: each is
// refused or cut off, and meanwhile and afterwards both servers answer the others.
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <functional>
#include <future>
#include <optional>
#include <regex>

#include "engine/base/file.h"
#include "tests/e2e/program.h"
#include "tests/e2e/raw_client.h"

namespace millrace::e2e {
namespace {

struct Shape {
  std::string name, bytes;
};

std::vector<Shape> hostile_shapes() {
  const std::string host = "Host: localhost\r\n", post = "POST /x HTTP/1.1\r\n" + host;
  std::string many = "GET / HTTP/1.1\r\n" + host;
  for (int i = 0; i < 10'000; ++i) many += "X-" + std::to_string(i) + ": a\r\n";
  std::vector<Shape> shapes = {
      {"a header of a megabyte",
       "GET / HTTP/1.1\r\n" + host + "X: " + std::string(1 << 20, 'a') + "\r\n\r\n"},
      {"ten thousand headers", many + "\r\n"},
      {"a target of a megabyte",
       "GET /" + std::string(1 << 20, 'a') + " HTTP/1.1\r\n" + host + "\r\n"},
      {"a body of a terabyte", post + "Content-Length: 1099511627776\r\n\r\n"},
      {"a negative length", post + "Content-Length: -1\r\n\r\n"},
      {"two lengths", post + "Content-Length: 4\r\nContent-Length: 40\r\n\r\nabcd"},
      {"a length and chunks",
       post +
           "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /healthz "
           "HTTP/1.1\r\n" +
           host + "\r\n"},
      {"an unknown transfer encoding", post + "Transfer-Encoding: xchunked\r\n\r\nabcd"},
      {"a chunk of 2^64 - 1 bytes",
       post + "Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFF\r\nabcd"},
      {"a zero byte in a header", "GET / HTTP/1.1\r\n" + host + std::string("X: a\0b\r\n\r\n", 10)},
      {"a version to come", "GET / HTTP/9.9\r\n" + host + "\r\n"},
      {"no request at all", std::string(4096, '\x16')},
  };
  for (const char* path :
       {"/../../../../etc/passwd", "/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
        "/assets/..%2f..%2f..%2fetc/passwd", "/v2/models/..%2f..%2f..%2fetc%2fpasswd/infer",
        "/api/v1/artifacts/..%2f..%2f..%2fetc%2fpasswd/content"})
    shapes.push_back({path, std::string("GET ") + path + " HTTP/1.1\r\n" + host + "\r\n"});
  return shapes;
}

int answers(const std::string& text) {
  static const std::regex kStatusLine(R"(HTTP/1\.1 \d\d\d )");
  return static_cast<int>(
      std::distance(std::sregex_iterator(text.begin(), text.end(), kStatusLine), {}));
}

struct Server {
  const char* name;
  int port;
  std::string page;  // what others ask it for
};

/// Every hostile shape in turn, while slow clients hold what they hold.
void attack(const Server& server) {
  std::vector<RawClient> slow;
  for (int i = 0; i < 30; ++i) {
    slow.emplace_back(server.port);
    slow.back().say("GET / HTTP/1.1\r\nHost: loc");
  }
  for (const auto& shape : hostile_shapes()) {
    const RawClient client(server.port);
    client.say(shape.bytes);
    const std::string answer = client.hear();
    const int status = status_of(answer);
    EXPECT_TRUE(status == 0 || (status >= 400 && status < 600))
        << shape.name << ": " << answer.substr(0, 300);
    EXPECT_LE(answers(answer), 1) << shape.name << " was taken for two requests";
    EXPECT_EQ(answer.find("root:"), answer.npos) << shape.name;
    EXPECT_EQ(status_of(get(server.port, server.page)), 200) << "after " << shape.name;
  }
}

/// How long a server let those wait who ask it for its page, one after the other.
class Visits {
 public:
  /// Asks until it was enough.
  Visits(const Server& server, const std::function<bool(std::size_t)>& enough) {
    do {
      const auto start = std::chrono::steady_clock::now();
      const bool well = status_of(get(server.port, server.page)) == 200;
      waits_.push_back(std::chrono::steady_clock::now() - start);
      if (!well) ++wrong_;
    } while (!enough(waits_.size()));
    std::ranges::sort(waits_);
  }
  std::size_t wrong() const { return wrong_; }
  void print(const Server& server, const char* when) const {
    const auto share = [&](double of) {
      return waits_[static_cast<std::size_t>(of * static_cast<double>(waits_.size() - 1))].count();
    };
    std::printf("%-12s %-7s %5zu requests, %zu unanswered; median %.2f ms, p99 %.2f ms\n",
                server.name, when, waits_.size(), wrong_, share(0.5), share(0.99));
  }

 private:
  std::vector<std::chrono::duration<double, std::milli>> waits_;
  std::size_t wrong_ = 0;
};

class HostileHttp : public ::testing::Test {
 protected:
  HostileHttp() : dags_(folder_.path() / "dags") {
    std::filesystem::create_directories(dags_);
    EXPECT_TRUE(
        write_file_atomic(dags_ / "a.yaml", "dag: a\ntasks:\n  a: {operator: noop}\n").ok());
    up_.emplace(folder_.path() / "state", dags_);
    servers_ = {{"API", up_->api_port(), "/api/v1/dags"},
                {"model server", up_->serve_port(), "/v2/health/live"}};
  }
  const TempFolder folder_;
  const std::filesystem::path dags_;
  std::optional<Up> up_;
  std::vector<Server> servers_;
};

TEST_F(HostileHttp, IsRefusedAndLeavesBothServersAnswering) {
  constexpr int kRounds = 5;
  const auto some = [](std::size_t visits) { return visits >= 500; };
  for (const Server& server : servers_) {
    const Visits before(server, some);
    std::atomic<bool> over = false;
    auto others = std::async(std::launch::async, [&] {
      return Visits(server, [&](std::size_t) { return over.load(); });
    });
    for (int round = 0; round < kRounds; ++round) attack(server);
    over = true;
    const Visits meanwhile = others.get();
    const Visits after(server, some);
    before.print(server, "before");
    meanwhile.print(server, "during");
    after.print(server, "after");
    EXPECT_EQ(before.wrong() + meanwhile.wrong() + after.wrong(), 0u) << server.name;
  }
  for (const Server& server : servers_) EXPECT_EQ(status_of(get(server.port, server.page)), 200);
}

// A request cut short, a stream, a wait and an idle connection on both servers: the engine lets go
// of its lease and ends as without them. It once waited for such a client for ever.
TEST_F(HostileHttp, SlowClientsDoNotHoldUpTheEnd) {
  std::vector<RawClient> slow;
  const auto say = [&slow](int port, const std::string& bytes) {
    slow.emplace_back(port);
    slow.back().say(bytes);
  };
  const std::string host = " HTTP/1.1\r\nHost: localhost\r\n";
  for (const Server& server : servers_) {
    say(server.port,
        "POST /x" + host + "Content-Type: application/json\r\nContent-Length: 9\r\n\r\n{");
    say(server.port, "GET " + server.page + host + "\r\n");
    say(server.port, "GET " + server.page + host);
    say(server.port, "");
  }
  say(up_->api_port(), "GET /api/v1/events" + host + "\r\n");
  EXPECT_EQ(status_of(get(up_->api_port(), "/api/v1/dags")), 200);  // what came before has arrived
  const auto began = std::chrono::steady_clock::now();
  up_->program().signal(SIGINT);
  EXPECT_EQ(up_->program().wait(std::chrono::seconds{60}).exit_code, 0);
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds{30});
}

}  // namespace
}  // namespace millrace::e2e
