#include "engine/app/engine_address.h"

#include "engine/base/digest.h"
#include "engine/base/file.h"
#include "engine/base/json.h"
#include "engine/cluster/state_lock.h"

namespace millrace {
namespace {

std::filesystem::path address_file(const std::filesystem::path& state) {
  return state / "engine.json";
}

}  // namespace

std::string database_mark(const Options& options) {
  return options.db.empty() ? "private" : sha256_hex(options.db);
}

Status write_engine_address(const std::filesystem::path& state, const EngineAddress& address) {
  Json json = Json::object({{"api", address.api},
                            {"serve", address.serve},
                            {"pid", address.pid},
                            {"database", address.database}});
  if (!address.certificate.empty()) json.set("certificate", address.certificate);
  return write_file_atomic(address_file(state), json.dump() + "\n");
}

Result<EngineAddress> read_engine_address(const Options& options) {
  if (!options.url.empty()) return EngineAddress{options.url, "", 0, "", ""};
  const auto none = [&] {
    return unavailable("no engine is running on '" + options.state.string() +
                       "'; start one with 'millrace up', or name one with --url");
  };
  const auto text = read_file(address_file(options.state), 1 << 16);
  if (!text) return none();
  const auto json = Json::parse(*text);
  if (!json) return none();
  EngineAddress address{(*json)["api"].as_string(), (*json)["serve"].as_string(),
                        static_cast<int>((*json)["pid"].as_int()), (*json)["database"].as_string(),
                        (*json)["certificate"].as_string()};
  // The kernel releases the lock when the engine ends, however it ends.
  if (!StateLock::is_held(options.state)) return none();
  if (!options.db.empty() && !address.database.empty() &&
      address.database != database_mark(options))
    return invalid_argument("the engine that is running on '" + options.state.string() +
                            "' uses another database than --db names; name an engine with --url, "
                            "or another state folder with --state");
  return address;
}

void remove_engine_address(const std::filesystem::path& state) {
  std::error_code ignored;
  std::filesystem::remove(address_file(state), ignored);
}

}  // namespace millrace
