// What nobody sends by accident, against the API and the model server of the real program: each is
// refused or cut off, and meanwhile and afterwards both servers answer the others.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <regex>

#include "engine/base/file.h"
#include "tests/e2e/program.h"

namespace millrace::e2e {
namespace {

/// A connection to loopback that says what it likes.
class RawClient {
 public:
  explicit RawClient(int port) : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    const timeval patience{30, 0};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  }
  RawClient(RawClient&& other) noexcept : socket_(std::exchange(other.socket_, -1)) {}
  RawClient& operator=(RawClient&&) = delete;
  ~RawClient() {
    if (socket_ >= 0) close(socket_);
  }

  /// As much of it as the server takes.
  void say(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t size = send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (size <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(size));
    }
  }
  /// Everything until the server closes.
  std::string hear() const {
    shutdown(socket_, SHUT_WR);
    std::string all;
    char buffer[4096];
    for (ssize_t size; (size = recv(socket_, buffer, sizeof buffer, 0)) > 0;)
      all.append(buffer, static_cast<std::size_t>(size));
    return all;
  }

 private:
  int socket_;
};

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

/// "HTTP/1.1 400 …" → 400; 0 where the server closed without a word.
int status_of(const std::string& answer) {
  return answer.starts_with("HTTP/1.1 ") ? std::stoi(answer.substr(9, 3)) : 0;
}

int answers(const std::string& text) {
  static const std::regex kStatusLine(R"(HTTP/1\.1 \d\d\d )");
  return static_cast<int>(
      std::distance(std::sregex_iterator(text.begin(), text.end(), kStatusLine), {}));
}

TEST(HostileHttp, IsRefusedAndLeavesBothServersAnswering) {
  const TempFolder folder;
  const auto dags = folder.path() / "dags";
  std::filesystem::create_directories(dags);
  ASSERT_TRUE(write_file_atomic(dags / "a.yaml", "dag: a\ntasks:\n  a: {operator: noop}\n").ok());
  Up up(folder.path() / "state", dags);
  const std::pair<int, std::string> servers[] = {{up.api_port(), "/healthz"},
                                                 {up.serve_port(), "/v2/health/live"}};
  const auto is_well = [](const std::pair<int, std::string>& server) {
    const RawClient client(server.first);
    client.say("GET " + server.second +
               " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    return status_of(client.hear()) == 200;
  };
  for (const auto& server : servers) {
    // Slow clients hold what they hold, the whole time.
    std::vector<RawClient> slow;
    for (int i = 0; i < 30; ++i) {
      slow.emplace_back(server.first);
      slow.back().say("GET / HTTP/1.1\r\nHost: loc");
    }
    for (const auto& shape : hostile_shapes()) {
      const RawClient client(server.first);
      client.say(shape.bytes);
      const std::string answer = client.hear();
      const int status = status_of(answer);
      EXPECT_TRUE(status == 0 || (status >= 400 && status < 600))
          << shape.name << ": " << answer.substr(0, 300);
      EXPECT_LE(answers(answer), 1) << shape.name << " was taken for two requests";
      EXPECT_EQ(answer.find("root:"), answer.npos) << shape.name;
      EXPECT_TRUE(is_well(server)) << "after " << shape.name;
    }
  }
  for (const auto& server : servers) EXPECT_TRUE(is_well(server));
}

}  // namespace
}  // namespace millrace::e2e
