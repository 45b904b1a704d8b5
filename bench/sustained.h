// The sustained family: a steady load for as long as one likes, while an old transaction keeps
// PostgreSQL from clearing anything away.
#pragma once

#include <filesystem>

#include "bench/report.h"

namespace millrace::bench {

struct SustainedLoad {
  int minutes = 60;
  int tasks_per_s = 5'000;
};

/// Records `sustained.*`: the rate that was kept, growth of memory, dead rows, bytes a task, and
/// the API's latency meanwhile. Prints a line each minute.
Status run_sustained(Report& report, const std::filesystem::path& state, const SustainedLoad& load);

}  // namespace millrace::bench
