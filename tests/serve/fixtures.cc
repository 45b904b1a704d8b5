#include "tests/serve/fixtures.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <utility>

#include "engine/base/digest.h"

namespace millrace::serve {

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

ModelServerConfig quick_config(const std::filesystem::path& spool) {
  ModelServerConfig config;
  config.log.spool_dir = spool;
  config.log.flush_interval = std::chrono::milliseconds(20);
  config.log.retry_first = std::chrono::milliseconds(10);
  config.log.retry_most = std::chrono::milliseconds(50);
  config.http.drain_timeout = std::chrono::milliseconds(500);
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
