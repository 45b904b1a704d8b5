#include "engine/app/engine_address.h"

#include <signal.h>

#include <cerrno>

#include "engine/base/file.h"
#include "engine/base/json.h"

namespace millrace {
namespace {

std::filesystem::path address_file(const std::filesystem::path& state) {
  return state / "engine.json";
}

}  // namespace

Status write_engine_address(const std::filesystem::path& state, const EngineAddress& address) {
  Json json = Json::object({{"api", address.api}, {"serve", address.serve}, {"pid", address.pid}});
  if (!address.certificate.empty()) json.set("certificate", address.certificate);
  return write_file_atomic(address_file(state), json.dump() + "\n");
}

Result<EngineAddress> read_engine_address(const Options& options) {
  if (!options.url.empty()) return EngineAddress{options.url, "", 0, ""};
  const auto none = [&] {
    return unavailable("no engine is running on '" + options.state.string() +
                       "'; start one with 'millrace up', or name one with --url");
  };
  const auto text = read_file(address_file(options.state), 1 << 16);
  if (!text) return none();
  const auto json = Json::parse(*text);
  if (!json) return none();
  EngineAddress address{(*json)["api"].as_string(), (*json)["serve"].as_string(),
                        static_cast<int>((*json)["pid"].as_int()),
                        (*json)["certificate"].as_string()};
  if (address.pid > 0 && kill(address.pid, 0) != 0 && errno == ESRCH) return none();
  return address;
}

void remove_engine_address(const std::filesystem::path& state) {
  std::error_code ignored;
  std::filesystem::remove(address_file(state), ignored);
}

}  // namespace millrace
