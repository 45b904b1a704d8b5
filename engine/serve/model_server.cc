#include "engine/serve/model_server.h"

#include "engine/base/log.h"
#include "engine/serve/trip_reporter.h"
#include "engine/serve/v2.h"

namespace millrace::serve {

/// In the order of construction: what comes later uses what came before.
struct ModelServer::Body {
  Body(ModelServerConfig config, ServingStore& serving, Registry& registry, LoadModel load,
       const Clock& clock, std::uint64_t seed)
      : metering(config.window),
        outcomes(config.remembered_predictions),
        log(std::move(config.log), serving, metering, clock, seed ^ 0x5bd1e995),
        host(serving, registry, std::move(load), config.breaker, config.scan),
        trips(std::move(config.on_trip)),
        inference(host, metering, log, outcomes, clock, seed,
                  [this](TripReport report) { trips.report(std::move(report)); }),
        v2({host, inference, metering, outcomes, log, clock, config.business}),
        http(std::move(config.http), clock,
             {.answer = [this](const HttpRequest& request) { return v2.handle(request); },
              .refuse = [](const http::Refusal& refusal,
                           const HttpRequest&) { return V2::refusal(refusal); }}) {}

  Metering metering;
  OutcomeMatcher outcomes;
  PredictionLog log;
  ModelHost host;
  TripReporter trips;
  Inference inference;
  V2 v2;
  http::HttpServer http;
};

ModelServer::ModelServer(ModelServerConfig config, ServingStore& serving, Registry& registry,
                         LoadModel load, const Clock& clock, std::uint64_t seed)
    : body_(std::make_unique<Body>(std::move(config), serving, registry, std::move(load), clock,
                                   seed)) {}

ModelServer::~ModelServer() { stop(); }

Status ModelServer::start() {
  MR_CHECK(body_->log.start());
  MR_CHECK(body_->http.start());
  body_->trips.start();
  body_->host.start();
  log::info("model server listens", {{"port", static_cast<int>(port())}});
  return {};
}

void ModelServer::stop() {
  body_->http.stop();
  body_->host.stop();
  body_->trips.stop();
  body_->log.stop();
}

std::uint16_t ModelServer::port() const { return static_cast<std::uint16_t>(body_->http.port()); }
std::shared_ptr<const Snapshot> ModelServer::snapshot() const { return body_->host.snapshot(); }
bool ModelServer::wait(const std::function<bool(const Snapshot&)>& done,
                       std::chrono::milliseconds timeout) {
  return body_->host.wait(done, timeout);
}
bool ModelServer::flush(std::chrono::milliseconds timeout) { return body_->log.flush(timeout); }
HttpResponse ModelServer::handle(const HttpRequest& request) const {
  return body_->v2.handle(request);
}

}  // namespace millrace::serve
