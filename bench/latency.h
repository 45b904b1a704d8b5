// The family `latency`: a workflow of three steps, each durable before the next begins.
#pragma once

#include <filesystem>

#include "bench/report.h"

namespace millrace::bench {

/// Once alone, a few hundred times in a row, and then as many at once as the engine takes.
Status run_latency(Report& report, const std::filesystem::path& state);

}  // namespace millrace::bench
