// What the tests of the model server share: small models, a store with deployments.
#pragma once

#include <filesystem>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/json.h"
#include "engine/serve/model_server.h"
#include "engine/store/mem_store.h"
#include "tests/base/temp_folder.h"
#include "tests/http/http_client.h"

namespace millrace::serve {

using testing::HttpClient;
using testing::HttpReply;

inline constexpr std::chrono::milliseconds kPatience{
    60'000};  // a signal that never comes fails the test

/// "logistic" (objective binary) or "linear": intercept + sum of coefficient * feature.
std::string model_text(std::string_view algorithm, const std::vector<std::string>& features,
                       const std::vector<double>& coefficients, double intercept);

/// A store in memory, the artifacts beside it, and the engine's part of changing deployments.
class World {
 public:
  World();

  /// Stores and registers the text; returns its digest.
  std::string add_model(const std::string& model, const std::string& text);
  /// Another run has trained the very same model: it is registered under a new number.
  void retrain(const std::string& model, const std::string& artifact);
  void promote(const std::string& model, const std::string& artifact);
  void traffic(const std::string& model, const std::string& artifact, double weight);
  void rollback(const std::string& model);
  /// While away, every call of the store fails, and every artifact.
  void set_away(bool away);
  /// The artifact cannot be read any more.
  void lose(const std::string& artifact);

  LoadModel loader();
  /// How often that artifact was read.
  int loads(const std::string& artifact);
  Stores stores() { return store_.stores(); }
  MemStore& store() { return store_; }

  const SystemClock clock{};

 private:
  void apply(std::vector<Effect> effects, const Uuid& run = {});

  MemStore store_;
  std::mutex mutex_;
  std::map<std::string, std::string, std::less<>> texts_;
  std::map<std::string, int, std::less<>> loads_;
  bool away_ = false;
  std::int64_t epoch_ = 0;
};

/// A server over the world, with the spool in `spool`; started, and waited for until it has read
/// the deployments.
ModelServerConfig quick_config(const std::filesystem::path& spool);
std::unique_ptr<ModelServer> start_server(World& world, ModelServerConfig config);

/// One row as V2 clients send it: a tensor [1, n] of FP64.
std::string one_row(const std::vector<double>& values, std::string_view extra = "");

/// Until the model's deployment has this revision in the server.
bool serves_revision(ModelServer& server, const std::string& model, std::int64_t revision);

}  // namespace millrace::serve
