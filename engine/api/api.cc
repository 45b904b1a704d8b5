#include "engine/api/api.h"

#include <algorithm>
#include <array>

#include "engine/api/cloud_event.h"
#include "engine/api/context.h"
#include "engine/api/incoming_webhook.h"
#include "engine/api/request_metrics.h"
#include "engine/api/run_metrics.h"
#include "engine/api/views_model.h"
#include "engine/base/log.h"
#include "engine/http/encoding.h"
#include "engine/http/open_metrics.h"
#include "engine/http/problem.h"

namespace millrace::api {
namespace {

constexpr std::string_view kContentPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src "
    "'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What every answer carries.
const NameValues& security_headers() {
  static const NameValues headers = {{"X-Content-Type-Options", "nosniff"},
                                     {"X-Frame-Options", "DENY"},
                                     {"Referrer-Policy", "no-referrer"},
                                     {"Cross-Origin-Resource-Policy", "same-origin"},
                                     {"Cross-Origin-Opener-Policy", "same-origin"},
                                     {"Content-Security-Policy", std::string(kContentPolicy)}};
  return headers;
}

HttpConfig with_rules(HttpConfig config) {
  config.any_type_below = kWebhooksPath;
  for (const auto& header : security_headers()) config.headers.push_back(header);
  return config;
}

/// Nothing is kept by browsers and proxies but what says so.
HttpResponse not_cached(HttpResponse response) {
  if (response.later) {
    response.later->look = [look = std::move(response.later->look)](bool over) {
      auto found = look(over);
      return found ? std::optional(not_cached(*std::move(found))) : std::nullopt;
    };
    return response;
  }
  for (const auto& [name, value] : response.headers)
    if (name == "Cache-Control") return response;
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

void log_access(const HttpAccess& access) {
  const Json path = access.path.substr(0, 500);
  const double ms = static_cast<double>(access.took.count()) / 1000;
  const auto write = access.status >= 500     ? log::warning
                     : access.status >= 400   ? log::info
                     : access.method == "GET" ? log::debug
                                              : log::info;
  write("http", {{"method", access.method},
                 {"path", path},
                 {"status", access.status},
                 {"ms", ms},
                 {"request_id", access.request_id},
                 {"trace", access.trace_id}});
}

HttpResponse health_response(const HealthView& view) {
  HttpResponse response;
  response.status = view.status == "ok" ? 200 : 503;
  append_record<JsonStyle::shown>(response.body, view);
  return response;
}

const Asset* find_asset(std::span<const Asset> assets, std::string_view path) {
  for (const auto& asset : assets)
    if (asset.path == path) return &asset;
  return nullptr;
}

bool is_page(const HttpRequest& request) {
  constexpr std::array<std::string_view, 7> kPages = {"runs",   "dags",      "models",   "datasets",
                                                      "alerts", "resources", "backfills"};
  if (request.path == "/") return true;
  return !request.segments.empty() &&
         std::ranges::find(kPages, request.segments.front()) != kPages.end();
}

/// A browser asked for a page; programs do not accept HTML by name.
bool wants_page(const HttpRequest& request) {
  return request.header("accept").find("text/html") != std::string_view::npos &&
         !request.path.starts_with("/api/");
}

HttpResponse asset_response(const Asset& asset, const HttpRequest& request) {
  HttpResponse response;
  response.content_type = asset.content_type;
  response.headers = {
      {"ETag", std::string(asset.etag)},
      {"Cache-Control", asset.immutable ? "public, max-age=31536000, immutable" : "no-cache"}};
  if (request.header("if-none-match") == asset.etag) {
    response.status = 304;
    return response;
  }
  const auto accepted = request.header("accept-encoding");
  if (!asset.gzip.empty()) response.headers.emplace_back("Vary", "Accept-Encoding");
  if (!asset.brotli.empty() && http::accepts(accepted, "br")) {
    response.headers.emplace_back("Content-Encoding", "br");
    response.body = asset.brotli;
  } else if (!asset.gzip.empty() && http::accepts(accepted, "gzip")) {
    response.headers.emplace_back("Content-Encoding", "gzip");
    response.body = asset.gzip;
  } else {
    response.body = asset.bytes;
  }
  return response;
}

}  // namespace

struct Api::State {
  State(ApiConfig config, Stores stores, const Catalog& catalog, const Clock& clock,
        follow::Feed& journal_feed, std::uint64_t seed, ApiHooks hooks)
      : feed(journal_feed),
        context(std::move(config), stores, catalog, clock, seed, std::move(hooks), feed),
        slots(context.config.max_streams),
        router(all_endpoints(&context, &slots)),
        openapi(openapi_document().dump()),
        server(with_rules(context.config.http), clock, handlers()) {
    counted = feed.observe([this](const std::vector<Event>& events) {
      for (const auto& event : events) run_metrics.count(event, feed.names().dag_of(event));
    });
  }

  http::HttpHandlers handlers();
  HttpResponse answer(const HttpRequest& request);
  HttpResponse health(bool ready);
  HttpResponse page(const HttpRequest& request);
  HttpResponse metrics_text(const HttpRequest& request);

  RequestMetrics request_metrics;
  RunMetrics run_metrics;
  follow::Feed& feed;
  Context context;
  StreamSlots slots;
  Router router;
  const std::string openapi;
  http::HttpServer server;
  Subscription counted;
};

http::HttpHandlers Api::State::handlers() {
  return {.answer = [this](const HttpRequest& request) { return not_cached(answer(request)); },
          .refuse =
              [](const http::Refusal& refusal, const HttpRequest& request) {
                return not_cached(
                    respond(Problem::make(refusal.status, refusal.code, refusal.detail), request));
              },
          // They look at memory alone, so they are told also while every worker waits.
          .is_quick =
              [](const HttpRequest& request) {
                return request.path == "/healthz" || request.path == "/metrics";
              },
          .observe =
              [this](const HttpAccess& access) {
                request_metrics.on_request(access);
                log_access(access);
              }};
}

/// What the feed knows; `ready` asks the store itself.
HttpResponse Api::State::health(bool ready) {
  HealthView view{"ok", context.config.version, true, true, feed.seq()};
  view.store = feed.store_up();
  if (context.hooks.leading) view.leader = context.hooks.leading();
  if (!ready) return health_response(view);
  const auto seq = context.stores.journal.last_seq();
  view.store = seq.ok();
  view.journal_seq = seq.value_or(view.journal_seq);
  if (view.store && context.hooks.commits) view.store = context.hooks.commits().ok();
  if (!(view.store && view.leader)) view.status = "unavailable";
  return health_response(view);
}

HttpResponse Api::State::metrics_text(const HttpRequest& request) {
  std::string text = store_metrics_text(feed) + run_metrics.text() + request_metrics.text();
  if (context.hooks.metrics) text += context.hooks.metrics();
  return http::metrics_response(request, std::move(text));
}

/// A file of the dashboard; the paths of its pages (web/src/main.tsx) are answered by index.html.
HttpResponse Api::State::page(const HttpRequest& request) {
  const bool is_get = request.method == "GET";
  if (const Asset* asset = find_asset(context.hooks.assets, request.path); asset && is_get)
    return asset_response(*asset, request);
  const Asset* index = find_asset(context.hooks.assets, "/index.html");
  if (is_get && is_page(request) && index != nullptr) return asset_response(*index, request);
  if (is_get && wants_page(request) && index != nullptr) {
    HttpResponse absent = asset_response(*index, request);
    if (absent.status == 200) absent.status = 404;
    return absent;
  }
  return respond(Problem::make(404, "not_found",
                               "There is nothing at " + request.path.substr(0, 200) +
                                   "; /api/v1/openapi.json lists what there is."),
                 request);
}

HttpResponse Api::State::answer(const HttpRequest& request) {
  if (request.method == "OPTIONS" && request.path == "/api/v1/events")
    return answer_webhook_handshake(request);
  if (auto response = router.answer(request)) return *std::move(response);
  if (request.method == "GET") {
    if (request.path == "/healthz") return health(false);
    if (request.path == "/readyz") return health(true);
    if (request.path == "/metrics") return metrics_text(request);
    if (request.path == "/api/v1/openapi.json") {
      HttpResponse response;
      response.body = openapi;
      return response;
    }
  }
  return page(request);
}

Api::Api(ApiConfig config, Stores stores, const Catalog& catalog, const Clock& clock,
         follow::Feed& feed, std::uint64_t seed, ApiHooks hooks)
    : state_(std::make_unique<State>(std::move(config), stores, catalog, clock, feed, seed,
                                     std::move(hooks))) {}

Api::~Api() { stop(); }

Status Api::start() { return state_->server.start(); }

void Api::stop() { state_->server.stop(); }

int Api::port() const { return state_->server.port(); }

}  // namespace millrace::api
