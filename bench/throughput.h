// The family `throughput`: durable completions with full history, in few large runs and in many
// small ones, and what each of them costs.
#pragma once

#include <filesystem>

#include "bench/report.h"

namespace millrace::bench {

Status run_throughput(Report& report, const std::filesystem::path& state);

}  // namespace millrace::bench
