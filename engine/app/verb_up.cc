// up, serve: stay until a signal comes.
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>

#include "engine/app/engine_address.h"
#include "engine/app/shared_options.h"
#include "engine/app/terminal.h"
#include "engine/app/verbs.h"
#include "engine/app/word_check.h"
#include "engine/node/node.h"
#include "engine/sched/engine.h"

namespace millrace {
namespace {

/// Another signal, or the end of the time, ends the wait; what still runs then is tried again by
/// the next engine.
void drain(Engine& engine, Duration patience) {
  constexpr Duration kLook = std::chrono::milliseconds{100};
  engine.drain();
  std::printf(
      "draining: no task starts; waiting up to %s for those that run (Ctrl-C: not at all)\n",
      human_duration(patience).c_str());
  std::fflush(stdout);
  for (Duration waited{}; waited < patience && !signal_waits(); waited += kLook)
    if (engine.wait_until_drained(kLook)) return;
}

/// Each connection is one, and the usual 1,024 are few. What the shell allows at most is taken, up
/// to what two full servers need.
void allow_many_descriptors() {
  constexpr rlim_t kWanted = 65'536;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= kWanted) return;
  limit.rlim_cur = std::min(limit.rlim_max, kWanted);
  setrlimit(RLIMIT_NOFILE, &limit);
}

Result<int> stay(const Options& options, const NodeParts& parts) {
  allow_many_descriptors();
  // Not a refusal: in a container there is no other address to listen on.
  std::fputs(open_servers_warning(options.host).c_str(), stderr);
  MR_TRY(auto node, Node::start(options, parts));
  EngineAddress address;
  address.pid = getpid();
  address.database = database_mark(options);
  if (!options.tls_cert.empty())
    address.certificate = std::filesystem::absolute(options.tls_cert).string();
  if (parts.api) address.api = server_url(options, node->api_port());
  if (parts.serve) address.serve = server_url(options, node->serve_port());
  if (parts.engine) MR_CHECK(write_engine_address(options.state, address));
  if (parts.api) std::printf("dashboard and API  %s\n", address.api.c_str());
  if (parts.serve) std::printf("model server       %s\n", address.serve.c_str());
  std::printf("state              %s\n", std::filesystem::absolute(options.state).c_str());
  std::printf("Ctrl-C stops it.\n");
  std::fflush(stdout);
  if (take_signal() == SIGTERM && parts.engine) drain(node->engine(), options.drain);
  std::printf("stopping\n");
  if (parts.engine) remove_engine_address(options.state);
  return 0;
}

}  // namespace

VerbAction declare_up(CLI::App& verb, Options& options) {
  add_engine_options(verb, options);
  add_dags_option(verb, options);
  add_retention_option(verb, options);
  add_tls_options(verb, options);
  verb.add_option_function<std::string>(
          "--drain",
          [&options](const std::string& text) {
            options.drain = value_or_refuse(parse_drain(text));
          },
          "On SIGTERM, wait this long for running tasks; Ctrl-C stops at once")
      ->default_str("30s");
  return [&options] { return stay(options, {}); };
}

VerbAction declare_serve(CLI::App& verb, Options& options) {
  add_server_options(verb, options);
  add_tls_options(verb, options);
  return [&options] {
    return stay(options, {.engine = false, .serve = true, .api = false, .watch_dags = false});
  };
}

}  // namespace millrace
