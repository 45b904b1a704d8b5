#include "engine/node/node_options.h"

#include <algorithm>
#include <thread>

namespace millrace {

std::string server_url(const NodeOptions& options, int port) {
  const bool is_v6 = options.host.find(':') != std::string::npos;
  return (options.tls_cert.empty() ? "http://" : "https://") +
         (is_v6 ? "[" + options.host + "]" : options.host) + ":" + std::to_string(port);
}

int worker_count(const NodeOptions& options) {
  if (options.workers > 0) return options.workers;
  return std::max(4, 2 * static_cast<int>(std::thread::hardware_concurrency()));
}

}  // namespace millrace
