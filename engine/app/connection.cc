#include "engine/app/connection.h"

#include <cstdlib>

#include "engine/base/log.h"
#include "engine/cluster/cluster_layout.h"

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

Result<Connection> connect_to_read(const Options& options) {
  const auto running = connect(options);
  if (running) return Connection{nullptr, *running};
  const bool elsewhere = !options.url.empty() || !options.db.empty();
  if (elsewhere || running.error().code != ErrorCode::unavailable) return running.error();
  if (!pg::find_layout(std::filesystem::absolute(options.state)))
    return not_found("'" + options.state.string() +
                     "' holds no database yet; 'millrace run FILE' or 'millrace up' creates it");
  log::configure(log::Severity::warning, options.log_json ? log::Format::json : log::Format::text);
  Options own = options;
  own.host = "127.0.0.1";
  own.port = 0;
  MR_TRY(auto node, Node::start(own, {.engine = false, .serve = false, .watch_dags = false}));
  ApiClient client(server_url(own, node->api_port()));
  return Connection{std::move(node), std::move(client)};
}

}  // namespace millrace
