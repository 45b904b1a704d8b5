#include "engine/api/api.h"

#include "engine/api/context.h"
#include "engine/api/metrics.h"
#include "engine/api/views.h"

namespace millrace::api {
namespace {

HttpResponse health_response(const HealthView& view) {
  HttpResponse response;
  response.status = view.status == "ok" ? 200 : 503;
  response.body = TypeOf<HealthView>::json(view).dump();
  return response;
}

const Asset* find_asset(std::span<const Asset> assets, std::string_view path) {
  for (const auto& asset : assets)
    if (asset.path == path) return &asset;
  return nullptr;
}

HttpResponse asset_response(const Asset& asset, const HttpRequest& request) {
  HttpResponse response;
  response.content_type = asset.content_type;
  response.headers = {
      {"ETag", std::string(asset.etag)},
      {"Cache-Control", asset.immutable ? "public, max-age=31536000, immutable" : "no-cache"}};
  if (request.header("if-none-match") == asset.etag)
    response.status = 304;
  else
    response.body = asset.bytes;
  return response;
}

}  // namespace

struct Api::State {
  State(ApiConfig config, Stores stores, const Catalog& catalog, const Clock& clock,
        std::uint64_t seed, ApiHooks hooks)
      : context(std::move(config), stores, catalog, clock, seed, std::move(hooks)),
        slots(context.config.max_streams),
        router(all_endpoints(&context, &slots)),
        metrics(stores),
        openapi(openapi_document().dump()),
        server(
            context.config.http, clock,
            [this](const HttpRequest& request) { return answer(request); },
            [this](const HttpAccess& access) { metrics.on_request(access); }) {}

  HttpResponse answer(const HttpRequest& request);
  HttpResponse health(bool ready);
  HttpResponse page(const HttpRequest& request);
  HttpResponse metrics_text();

  Context context;
  StreamSlots slots;
  Router router;
  Metrics metrics;
  const std::string openapi;
  HttpServer server;
};

HttpResponse Api::State::health(bool ready) {
  HealthView view{"ok", context.config.version, true, true, 0};
  if (context.hooks.leading) view.leader = context.hooks.leading();
  const auto seq = context.stores.journal.last_seq();
  view.store = seq.ok();
  view.journal_seq = seq.value_or(0);
  if (ready && !(view.store && view.leader)) view.status = "unavailable";
  return health_response(view);
}

HttpResponse Api::State::metrics_text() {
  HttpResponse response;
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  response.body = metrics.text();
  if (context.hooks.metrics) response.body += context.hooks.metrics();
  return response;
}

/// A file of the dashboard; any other path that could be one of its pages is answered by
/// index.html.
HttpResponse Api::State::page(const HttpRequest& request) {
  const bool is_get = request.method == "GET";
  if (const Asset* asset = find_asset(context.hooks.assets, request.path); asset && is_get)
    return asset_response(*asset, request);
  const bool is_page = request.path.find('.') == std::string::npos &&
                       request.path.find('%') == std::string::npos &&
                       !request.path.starts_with("/api/");
  const Asset* index = find_asset(context.hooks.assets, "/index.html");
  if (is_get && is_page && index != nullptr) return asset_response(*index, request);
  return respond(Problem::make(404, "not_found",
                               "There is nothing at " + request.path.substr(0, 200) +
                                   "; /api/v1/openapi.json lists what there is."),
                 request);
}

HttpResponse Api::State::answer(const HttpRequest& request) {
  if (auto response = router.answer(request)) return *std::move(response);
  if (request.method == "GET") {
    if (request.path == "/healthz") return health(false);
    if (request.path == "/readyz") return health(true);
    if (request.path == "/metrics") return metrics_text();
    if (request.path == "/api/v1/openapi.json") {
      HttpResponse response;
      response.body = openapi;
      return response;
    }
  }
  return page(request);
}

Api::Api(ApiConfig config, Stores stores, const Catalog& catalog, const Clock& clock,
         std::uint64_t seed, ApiHooks hooks)
    : state_(std::make_unique<State>(std::move(config), stores, catalog, clock, seed,
                                     std::move(hooks))) {}

Api::~Api() { stop(); }

Status Api::start() { return state_->server.start(); }

void Api::stop() {
  state_->context.changed->close();
  state_->server.stop();
}

int Api::port() const { return state_->server.port(); }

void Api::journal_changed() { state_->context.changed->notify(); }

}  // namespace millrace::api
