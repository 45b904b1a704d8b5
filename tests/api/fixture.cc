#include "tests/api/fixture.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

#include "engine/base/log.h"

namespace millrace::testing {
namespace {

struct Noop {
  static constexpr std::string_view name = "noop";
  static constexpr std::string_view doc = "Does nothing.";
  static constexpr int version = 1;
  static constexpr std::string_view executor = kThreadExecutor;
  static std::vector<std::pair<std::string, std::string>> outputs() {
    return {{"time", "When it ran"}};
  }
  std::string message;
  static auto params() {
    return std::tuple{param("message", &Noop::message, "What to say").def("hello")};
  }
  Result<Outcome> run(OperatorContext&) const { return Outcome{Done{}}; }
};

}  // namespace

std::span<const api::Asset> test_assets() {
  static constexpr std::array<api::Asset, 2> assets = {{
      {"/index.html", "text/html; charset=utf-8", "\"1\"", false,
       "<!doctype html><title>test</title>"},
      {"/app-1.js", "text/javascript; charset=utf-8", "\"2\"", true, "console.log(1)"},
  }};
  return assets;
}

Catalog test_catalog() { return Catalog::of<Noop>(); }

ApiTest::ApiTest() : catalog_(test_catalog()) {
  log::configure(log::Severity::error, log::Format::text);
}

ApiTest::~ApiTest() {
  if (world_) world_->stop();  // it tells the API of each step
}

void ApiTest::start(Script script, api::ApiHooks hooks, api::ApiConfig config) {
  world_ = std::make_unique<World>(std::move(script));
  world_->add_dag(make_dag("etl", {"extract", "load:extract"}), "dags/etl.yaml");
  if (hooks.assets.empty()) hooks.assets = test_assets();
  config.http.port = 0;
  serve(std::move(config), std::move(hooks));
}

void ApiTest::serve(api::ApiConfig config, api::ApiHooks hooks) {
  feed_ = std::make_unique<follow::Feed>(world_->stores(), world_->clock());
  api_ = std::make_unique<api::Api>(std::move(config), world_->stores(), catalog_, world_->clock(),
                                    *feed_, 42, std::move(hooks));
  world_->on_step([this] { feed_->look(); });
  feed_->start();
  const auto status = api_->start();
  ASSERT_TRUE(status.ok()) << status.error().to_string();
  world_->go_live();
}

httplib::Client ApiTest::client() const {
  httplib::Client client("127.0.0.1", api_->port());
  client.set_read_timeout(20);
  return client;
}

Answer ApiTest::get(const std::string& path, httplib::Headers headers) {
  auto http = client();
  const auto result = http.Get(path, headers);
  EXPECT_TRUE(result) << path << ": " << httplib::to_string(result.error());
  return result ? Answer{result->status, result->body, result->headers} : Answer{};
}

Answer ApiTest::send(const std::string& method, const std::string& path, const std::string& body,
                     httplib::Headers headers) {
  auto http = client();
  httplib::Request request;
  request.method = method;
  request.path = path;
  request.body = body;
  request.headers = std::move(headers);
  const auto result = http.send(request);
  EXPECT_TRUE(result) << path << ": " << httplib::to_string(result.error());
  return result ? Answer{result->status, result->body, result->headers} : Answer{};
}

std::string ApiTest::raw(const std::string& bytes) {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(api_->port()));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(0, ::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address));
  for (std::size_t sent = 0; sent < bytes.size();) {
    const auto n = ::send(socket, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (n <= 0) break;
    sent += static_cast<std::size_t>(n);
  }
  std::string answer;
  pollfd entry{socket, POLLIN, 0};
  char block[4096];
  while (::poll(&entry, 1, 1000) > 0) {
    const auto n = ::recv(socket, block, sizeof block, 0);
    if (n <= 0) break;
    answer.append(block, static_cast<std::size_t>(n));
  }
  ::close(socket);
  return answer;
}

std::string ApiTest::finished_run(const std::string& dag) {
  const auto answer = post("/api/v1/dags/" + dag + "/runs?wait=10s", Json::object());
  EXPECT_EQ(201, answer.status) << answer.body;
  return answer.json()["run"].as_string();
}

}  // namespace millrace::testing
