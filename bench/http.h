// The family `http`: how long /healthz waits while a crowd of clients is connected, after a restart
// on a journal of a million events.
#pragma once

#include <filesystem>

#include "bench/report.h"

namespace millrace::bench {

/// What is connected, and what is on record before the restart.
struct HttpLoad {
  std::int64_t events = 1'000'000;
  int idle = 1'000, waiting = 100, streams = 100;
};

Status run_http(Report& report, const std::filesystem::path& state, const HttpLoad& load);

}  // namespace millrace::bench
