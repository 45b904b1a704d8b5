#include "engine/app/options.h"

#include "engine/base/duration.h"
#include "engine/http/listener.h"

namespace millrace {

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

}  // namespace millrace
