// The footprint family: what Millrace takes while it has nothing to do.
#pragma once

#include <filesystem>

#include "bench/report.h"

namespace millrace::bench {

/// Records `footprint.*`: size of the binary, time from start to ready, memory of an idle engine
/// with no DAG and with ten thousand.
Status run_footprint(Report& report, const std::filesystem::path& state, int repeats);

}  // namespace millrace::bench
