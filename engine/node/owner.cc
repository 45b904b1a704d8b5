#include "engine/node/owner.h"

#include <unistd.h>

#include <cstdio>

#include "engine/base/file.h"
#include "engine/base/log.h"

namespace millrace {

std::string owner_name(std::uint64_t entropy) {
  char host[256] = "localhost";
  gethostname(host, sizeof host - 1);
  char random[17];
  std::snprintf(random, sizeof random, "%016llx", static_cast<unsigned long long>(entropy));
  return std::string(host) + ":" + std::to_string(getpid()) + ":" + random;
}

std::string take_over_state(const std::filesystem::path& state, const std::string& owner) {
  const auto file = state / "owner";
  const std::string former = read_file(file, 4096).value_or("");
  if (const Status written = write_file_atomic(file, owner); !written)
    log::warning("a restart will wait for its own lease", {{"error", written.error().message}});
  return former;
}

}  // namespace millrace
