// Api: REST under /api/v1, live events, metrics, health and the dashboard, on one loopback port. It
// reads the store and writes commands into the inbox; it never decides. docs/api.md is generated
// from its declarations.
//
//   Api api(config, stores, catalog, clock, system_entropy(), hooks);
//   MR_CHECK(api.start());
//
// Owns its threads between start and stop. Everything handed in by reference must outlive it.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/api/asset.h"
#include "engine/api/http.h"
#include "engine/base/clock.h"
#include "engine/op/catalog.h"
#include "engine/store/store.h"

namespace millrace::follow {
class Feed;
}

namespace millrace::api {

struct ApiConfig {
  HttpConfig http{.port = 8793, .workers = 16, .compress = true};
  std::size_t max_streams = 1'000;               // event and log streams at one time
  std::chrono::milliseconds answer_wait{5'000};  // for the engine's answer to a command; then 202
  std::chrono::milliseconds heartbeat{15'000};   // comment lines on silent streams
  std::int64_t max_artifact_bytes = std::int64_t{256} << 20;  // of one download
  std::string version = "0.1.0";
  std::string instance;  // for people: host name or state folder
};

/// What the API offers but other modules do. An empty function: that part is not offered (501).
struct ApiHooks {
  /// The path of an artifact's bytes. Only called with 64 hex digits.
  std::function<Result<std::filesystem::path>(std::string_view digest)> artifact_path;
  /// {diagnostics: […], ok: bool} of a DAG file's text.
  std::function<Json(std::string_view text, std::string_view file)> lint;
  /// The JSON Schema of DAG files.
  std::function<Json()> dag_schema;
  /// The text of a DAG's file. Empty: read from DagRow::source.
  std::function<Result<std::string>(const DagRow& dag)> dag_source;
  /// More Prometheus text, of engine, runners and model server.
  std::function<std::string()> metrics;
  /// True while this process leads. Empty: it is not reported.
  std::function<bool()> leading;
  /// An error while the store cannot commit, though it can be read. Empty: that is not asked.
  std::function<Status()> commits;
  /// The dashboard; web_assets() in the product.
  std::span<const Asset> assets;
};

class Api {
 public:
  /// Its streams, waiting requests and counts live on the feed, which the caller starts first and
  /// stops afterwards.
  Api(ApiConfig config, Stores stores, const Catalog& catalog, const Clock& clock,
      follow::Feed& feed, std::uint64_t seed, ApiHooks hooks = {});
  ~Api();  // stops
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;

  /// Listens on return. `unavailable` if the port is taken.
  Status start();
  /// Ends streams, lets requests under way finish. Safe to call twice.
  void stop();
  int port() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The documents that follow from the declarations; the same for every Api.
/// OpenAPI 3.1.
Json openapi_document();
/// web/src/api/api.gen.ts
std::string typescript_client();
/// docs/api.md
std::string reference_page();

}  // namespace millrace::api
