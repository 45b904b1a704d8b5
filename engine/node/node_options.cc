#include "engine/node/node_options.h"

#include <algorithm>
#include <thread>

namespace millrace {

std::string server_url(const NodeOptions& options, int port) {
  const bool is_v6 = options.host.find(':') != std::string::npos;
  return (options.tls_cert.empty() ? "http://" : "https://") +
         (is_v6 ? "[" + options.host + "]" : options.host) + ":" + std::to_string(port);
}

std::string local_url(NodeOptions options, int port) {
  if (options.host == "0.0.0.0") options.host = "127.0.0.1";
  if (options.host == "::") options.host = "::1";
  return server_url(options, port);
}

int worker_count(const NodeOptions& options) {
  if (options.workers > 0) return options.workers;
  return std::max(4, 2 * static_cast<int>(std::thread::hardware_concurrency()));
}

}  // namespace millrace
