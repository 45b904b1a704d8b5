// ModelServer: the model server as a whole: HTTP, V2 protocol, traffic split, breaker, metering and
// prediction log, over a store.
//
// It answers from memory: the store may be away (it then serves what it loaded, and spools what it
// has to tell). Owns its threads; the store, the registry and the clock must outlive it.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>

#include "engine/base/clock.h"
#include "engine/http/server.h"
#include "engine/serve/inference.h"
#include "engine/serve/v2.h"

namespace millrace::serve {

struct ModelServerConfig {
  http::HttpConfig http{.io_threads = 2};
  PredictionLogConfig log = {};  // spool_dir is required
  BreakerConfig breaker = {};
  BusinessMetric business = BusinessMetric::negative_squared_error;
  std::chrono::milliseconds scan{5'000};         // reads the deployments at least so often
  std::size_t remembered_predictions = 200'000;  // for outcomes
  Duration window = std::chrono::seconds(1);     // of the serving windows
  /// Told once of each candidate that lost its traffic, by a thread that serves nothing else, so it
  /// may block; called again until it returns ok. Empty: trips are not reported.
  std::function<Status(const TripReport&)> on_trip = {};
};

class ModelServer {
 public:
  ModelServer(ModelServerConfig config, ServingStore& serving, Registry& registry, LoadModel load,
              const Clock& clock, std::uint64_t seed);
  /// Stops.
  ~ModelServer();
  ModelServer(const ModelServer&) = delete;
  ModelServer& operator=(const ModelServer&) = delete;

  /// Opens the spool and the port. Models are loaded in the background: see wait().
  Status start();
  /// Answers the requests that have begun, spools and tries to send the rest. Safe to repeat.
  void stop();
  std::uint16_t port() const;

  std::shared_ptr<const Snapshot> snapshot() const;
  /// Until the snapshot satisfies `done` (e.g. a revision is served); false when the time is over.
  bool wait(const std::function<bool(const Snapshot&)>& done, std::chrono::milliseconds timeout);
  /// Until the store has all predictions and windows so far; false when the time is over.
  bool flush(std::chrono::milliseconds timeout);
  /// Answers without a socket, for tests and benchmarks.
  HttpResponse handle(const HttpRequest& request) const;

 private:
  struct Body;
  std::unique_ptr<Body> body_;
};

}  // namespace millrace::serve
