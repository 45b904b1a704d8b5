// Options: what the command line and the environment decide, for every verb.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/result.h"
#include "engine/base/time.h"
#include "engine/node/node_options.h"

namespace millrace {

struct Options : NodeOptions {
  std::string url;                            // of a running engine; "": the engine of `state`
  std::filesystem::path ca_file;              // authorities to trust for an address with https
  std::string name_space;                     // of the names that a verb takes; "": `default`
  bool json = false;                          // print JSON
  bool log_json = false;                      // write the log as JSON lines
  Duration drain = std::chrono::seconds{30};  // after SIGTERM, for tasks that are running
};

/// A warning for an address that other machines can reach; "" for one of this machine alone.
std::string open_servers_warning(const std::string& host);

/// "30s" as the time that a drain may take; "0s": none.
Result<Duration> parse_drain(std::string_view text);
/// "90d" as a retention of at least an hour; "" keeps everything.
Result<std::optional<Duration>> parse_retention(std::string_view text);

}  // namespace millrace
