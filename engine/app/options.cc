#include "engine/app/options.h"

#include <signal.h>

#include <algorithm>
#include <cerrno>
#include <thread>

#include "engine/base/duration.h"
#include "engine/base/file.h"
#include "engine/base/json.h"
#include "engine/http/listener.h"

namespace millrace {
namespace {

std::filesystem::path endpoint_file(const std::filesystem::path& state) {
  return state / "engine.json";
}

}  // namespace

Status write_endpoint(const std::filesystem::path& state, const Endpoint& endpoint) {
  const Json json =
      Json::object({{"api", endpoint.api}, {"serve", endpoint.serve}, {"pid", endpoint.pid}});
  return write_file_atomic(endpoint_file(state), json.dump() + "\n");
}

Result<Endpoint> read_endpoint(const Options& options) {
  if (!options.url.empty()) return Endpoint{options.url, "", 0};
  const auto none = [&] {
    return unavailable("no engine is running on '" + options.state.string() +
                       "'; start one with 'millrace up', or name one with --url");
  };
  const auto text = read_file(endpoint_file(options.state), 1 << 16);
  if (!text) return none();
  const auto json = Json::parse(*text);
  if (!json) return none();
  Endpoint endpoint{(*json)["api"].as_string(), (*json)["serve"].as_string(),
                    static_cast<int>((*json)["pid"].as_int())};
  if (endpoint.pid > 0 && kill(endpoint.pid, 0) != 0 && errno == ESRCH) return none();
  return endpoint;
}

void remove_endpoint(const std::filesystem::path& state) {
  std::error_code ignored;
  std::filesystem::remove(endpoint_file(state), ignored);
}

Result<Duration> parse_drain(std::string_view text) {
  auto duration = parse_duration(text);
  if (!duration)
    return invalid_argument("drain '" + std::string(text) + "': " + duration.error().message);
  return duration;
}

Result<std::optional<Duration>> parse_retention(std::string_view text) {
  if (text.empty()) return std::optional<Duration>();
  const auto duration = parse_duration(text);
  if (!duration)
    return invalid_argument("retention '" + std::string(text) + "': " + duration.error().message);
  if (*duration < std::chrono::hours{1})
    return invalid_argument("retention '" + std::string(text) + "' is less than an hour");
  return std::optional(*duration);
}

std::string open_servers_warning(const std::string& host) {
  if (!http::is_open_to_others(host)) return {};
  return "WARNING: --host " + host +
         " opens dashboard, API and model server to every machine that can reach this one.\n"
         "WARNING: There is no access control: any client of the API can run commands here, change "
         "models\n"
         "WARNING: and read data, under any name. Put a proxy that asks for a password before it, "
         "or a firewall.\n";
}

int worker_count(const Options& options) {
  if (options.workers > 0) return options.workers;
  return std::max(4, 2 * static_cast<int>(std::thread::hardware_concurrency()));
}

}  // namespace millrace
