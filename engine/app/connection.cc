#include "engine/app/connection.h"

#include <chrono>
#include <cstdlib>
#include <thread>

#include "engine/app/engine_address.h"
#include "engine/app/terminal.h"
#include "engine/base/log.h"
#include "engine/cluster/cluster_layout.h"
#include "engine/cluster/state_lock.h"

namespace millrace {

ApiClient client_of(const Options& options, const EngineAddress& address) {
  const char* authorities = std::getenv("SSL_CERT_FILE");
  if (!options.ca_file.empty() || authorities != nullptr)
    return ApiClient(address.api, options.ca_file);
  return ApiClient(address.api, address.certificate);
}

Result<ApiClient> connect(const Options& options) {
  MR_TRY(const EngineAddress address, read_engine_address(options));
  return client_of(options, address);
}

namespace {

Result<Connection> read_folder(const Options& options) {
  log::configure(log::Severity::warning, options.log_json ? log::Format::json : log::Format::text);
  Options own = options;
  own.host = "127.0.0.1";
  own.port = 0;
  MR_TRY(auto node, Node::start(own, {.engine = false, .serve = false, .watch_dags = false}));
  ApiClient client(server_url(own, node->api_port()));
  return Connection{std::move(node), std::move(client)};
}

}  // namespace

Result<Connection> connect_to_read(const Options& options) {
  constexpr std::chrono::seconds kPatience{15};
  constexpr std::chrono::milliseconds kPause{100};
  const auto begin = std::chrono::steady_clock::now();
  for (;;) {
    const auto running = connect(options);
    if (running) return Connection{nullptr, *running};
    const bool elsewhere = !options.url.empty() || !options.db.empty();
    if (elsewhere || running.error().code != ErrorCode::unavailable) return running.error();
    const auto state = std::filesystem::absolute(options.state);
    if (!StateLock::is_held(state) && !pg::find_layout(state))
      return not_found("'" + options.state.string() +
                       "' holds no database yet; 'millrace run FILE' or 'millrace up' creates it");
    auto reader = read_folder(options);
    if (reader || reader.error().code != ErrorCode::conflict) return reader;
    // An engine that is starting on the folder will answer itself.
    if (std::chrono::steady_clock::now() - begin > kPatience || signal_waits())
      return reader.error();
    std::this_thread::sleep_for(kPause);
  }
}

}  // namespace millrace
