#include "tests/serve/fixtures.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <utility>

#include "engine/base/digest.h"

namespace millrace::serve {

TempDir::TempDir() {
  std::string name = (std::filesystem::temp_directory_path() / "serve_test.XXXXXX").string();
  path_ = ::mkdtemp(name.data());
}
TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string model_text(std::string_view algorithm, const std::vector<std::string>& features,
                       const std::vector<double>& coefficients, double intercept) {
  Json names = Json::array(), weights = Json::array(), zeros = Json::array(), ones = Json::array();
  for (std::size_t i = 0; i < features.size(); ++i) {
    names.push_back(features[i]);
    weights.push_back(coefficients[i]);
    zeros.push_back(0.0);
    ones.push_back(1.0);
  }
  return Json::object({{"format", "millrace.model"},
                       {"format_version", 1},
                       {"algorithm", algorithm},
                       {"objective", algorithm == "logistic" ? "binary" : "regression"},
                       {"features", names},
                       {"parameters", Json::object()},
                       {"linear", Json::object({{"intercept", intercept},
                                                {"coefficients", weights},
                                                {"means", zeros},
                                                {"scales", ones}})}})
      .dump();
}

World::World() : store_(clock) {
  const auto lease = store_.stores().leadership.acquire("main", "test", std::chrono::hours(1));
  epoch_ = (*lease)->epoch;
}

void World::apply(std::vector<Effect> effects, const Uuid& run) {
  auto& journal = store_.stores().journal;
  Batch batch;
  batch.epoch = epoch_;
  batch.first_seq = *journal.last_seq() + 1;
  Event event;
  event.seq = batch.first_seq;
  event.at = clock.now();
  event.run = run;
  event.body = EffectsRequested{std::move(effects), {"test", ""}};
  batch.events.push_back(std::move(event));
  const auto appended = journal.append(batch);
  ASSERT_TRUE(appended.ok()) << appended.error().to_string();
}

std::string World::add_model(const std::string& model, const std::string& text) {
  std::string digest = sha256_hex(text);
  {
    const std::lock_guard lock(mutex_);
    texts_[digest] = text;
  }
  RegisterModel effect;
  effect.model = model;
  effect.artifact = digest;
  effect.algorithm = "test";
  apply({effect});
  return digest;
}

void World::retrain(const std::string& model, const std::string& artifact) {
  RegisterModel effect;
  effect.model = model;
  effect.artifact = artifact;
  effect.algorithm = "test";
  apply({effect}, Uuid{1, 1});
}

void World::promote(const std::string& model, const std::string& artifact) {
  apply({PromoteModel{model, artifact, ""}});
}
void World::traffic(const std::string& model, const std::string& artifact, double weight) {
  apply({SetTraffic{model, artifact, weight, ""}});
}
void World::rollback(const std::string& model) { apply({RollbackModel{model, "", {}}}); }

void World::set_away(bool away) {
  {
    const std::lock_guard lock(mutex_);
    away_ = away;
  }
  store_.set_fault_hook(
      [away](std::string_view) { return away ? Fault::fail_before : Fault::none; });
}

void World::lose(const std::string& artifact) {
  const std::lock_guard lock(mutex_);
  texts_.erase(artifact);
}

LoadModel World::loader() {
  return [this](std::string_view digest) -> Result<std::string> {
    const std::lock_guard lock(mutex_);
    const auto found = texts_.find(digest);
    ++loads_[std::string(digest)];
    if (away_) return unavailable("the artifact store is away");
    if (found == texts_.end()) return not_found("no artifact " + std::string(digest));
    return found->second;
  };
}

int World::loads(const std::string& artifact) {
  const std::lock_guard lock(mutex_);
  return loads_[artifact];
}

Json HttpReply::json() const {
  auto parsed = Json::parse(body);
  EXPECT_TRUE(parsed.ok()) << body;
  return parsed ? *parsed : Json();
}

HttpClient::HttpClient(std::uint16_t port) {
  socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval limit{60, 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(0, ::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address));
}
HttpClient::~HttpClient() { ::close(socket_); }

void HttpClient::send(std::string_view raw) {
  while (!raw.empty()) {
    const ssize_t n = ::send(socket_, raw.data(), raw.size(), MSG_NOSIGNAL);
    if (n <= 0) return;  // the server has closed: receive() tells
    raw.remove_prefix(static_cast<std::size_t>(n));
  }
}

bool HttpClient::fill() {
  char block[16 * 1024];
  const ssize_t n = ::recv(socket_, block, sizeof block, 0);
  if (n > 0) buffer_.append(block, static_cast<std::size_t>(n));
  return n > 0;
}

HttpReply HttpClient::receive() {
  std::size_t end = 0;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos)
    if (!fill()) return {};
  HttpReply out;
  out.headers = buffer_.substr(0, end + 2);
  out.status = std::stoi(out.headers.substr(9, 3));
  buffer_.erase(0, end + 4);
  const auto at = out.headers.find("Content-Length: ");
  const std::size_t length = at == std::string::npos ? 0 : std::stoul(out.headers.substr(at + 16));
  while (buffer_.size() < length)
    if (!fill()) return {};
  out.body = buffer_.substr(0, length);
  buffer_.erase(0, length);
  return out;
}

std::string HttpClient::rest() {
  while (fill()) {
  }
  return std::exchange(buffer_, {});
}

bool HttpClient::closed() { return buffer_.empty() && !fill(); }

HttpReply HttpClient::get(const std::string& path) {
  send("GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n");
  return receive();
}

HttpReply HttpClient::post(const std::string& path, const std::string& body,
                           const std::string& headers) {
  send("POST " + path + " HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" + headers +
       "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  return receive();
}

ModelServerConfig quick_config(const std::filesystem::path& spool) {
  ModelServerConfig config;
  config.log.spool_dir = spool;
  config.log.flush_interval = std::chrono::milliseconds(20);
  config.log.retry_first = std::chrono::milliseconds(10);
  config.log.retry_most = std::chrono::milliseconds(50);
  config.http.limits.drain_timeout = std::chrono::milliseconds(500);
  return config;
}

std::unique_ptr<ModelServer> start_server(World& world, ModelServerConfig config) {
  auto server =
      std::make_unique<ModelServer>(std::move(config), world.stores().serving,
                                    world.stores().registry, world.loader(), world.clock, 7);
  const auto started = server->start();
  EXPECT_TRUE(started.ok()) << started.error().to_string();
  EXPECT_TRUE(server->wait([](const Snapshot& s) { return s.loaded; }, kPatience));
  return server;
}

std::string one_row(const std::vector<double>& values, std::string_view extra) {
  std::string data;
  for (const double value : values) data += (data.empty() ? "" : ",") + Json(value).dump();
  return R"({"inputs":[{"name":"input","datatype":"FP64","shape":[1,)" +
         std::to_string(values.size()) + R"(],"data":[)" + data + "]}]" + std::string(extra) + "}";
}

bool serves_revision(ModelServer& server, const std::string& model, std::int64_t revision) {
  return server.wait(
      [&](const Snapshot& snapshot) {
        const auto found = snapshot.routes.find(model);
        return found != snapshot.routes.end() && found->second->row.revision >= revision;
      },
      kPatience);
}

}  // namespace millrace::serve
