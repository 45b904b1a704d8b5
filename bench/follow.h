// Follow: what fifty clients of the event stream cost the engine.
#pragma once

#include <filesystem>

#include "bench/report.h"

namespace millrace::bench {

struct FollowLoad {
  int clients = 50;
  int events_per_s = 10'000;
  int pairs = 10;        // of a measurement without and one with clients
  double seconds = 3.0;  // each
};

/// Runs at a steady rate of events, alternately without and with clients of /api/v1/events.
Status run_follow(Report& report, const std::filesystem::path& state, const FollowLoad& load);

}  // namespace millrace::bench
