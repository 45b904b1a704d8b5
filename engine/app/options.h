// Options: what the command line and the environment decide, for every verb.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/base/time.h"
#include "engine/serve/prediction_log.h"

namespace millrace {

struct Options {
  std::filesystem::path state = ".millrace";  // --state, $MILLRACE_HOME
  std::string db;                        // --db, $MILLRACE_DB; "": a private cluster in `state`
  std::filesystem::path dags = "dags";   // --dags
  std::string host = "127.0.0.1";        // --host
  int port = 8793;                       // --port; 0: any free one
  int serve_port = 8794;                 // --serve-port
  std::vector<std::string> allow_hosts;  // --allow-host: names that both servers answer to
  double log_sampling = 1;               // --log-sampling: share of predictions that is logged
  serve::WhenFull log_when_full = serve::WhenFull::drop;  // --prediction-log
  int workers = 0;                            // --workers; 0: twice the cores, at least 4
  int nice = 5;                               // --nice, of runners; added to ours
  Duration drain = std::chrono::seconds{30};  // --drain: after a SIGTERM, for what still runs
  std::optional<Duration> retention;  // --retention, $MILLRACE_RETENTION; nullopt: everything
  std::string url;                    // --url, $MILLRACE_URL: a running engine; "": from `state`
  bool json = false;                  // --json
  bool log_json = false;              // --log-json
};

/// Where a running engine listens: <state>/engine.json, written by `up`.
struct Endpoint {
  std::string api;  // "http://127.0.0.1:8793"
  std::string serve;
  int pid = 0;
};
Status write_endpoint(const std::filesystem::path& state, const Endpoint& endpoint);
/// `unavailable` with the cure when no engine is running on the folder.
Result<Endpoint> read_endpoint(const Options& options);
void remove_endpoint(const std::filesystem::path& state);

/// What to tell a person whose --host other machines can reach; "" for an address of this machine
/// alone.
std::string open_servers_warning(const std::string& host);

int worker_count(const Options& options);

/// "30s" as the time that a drain may take; "0s": none.
Result<Duration> parse_drain(std::string_view text);
/// "90d" as a retention; "" keeps everything. At least an hour.
Result<std::optional<Duration>> parse_retention(std::string_view text);

}  // namespace millrace
