// The family `scale`: how fast the API answers what the dashboard and the command line ask when ten
// million tasks are on record, and how long it takes to forget them.
#pragma once

#include <filesystem>

#include "bench/report.h"

namespace millrace::bench {

/// A few minutes for ten million rows, and about 8 GB of disk.
Status run_scale(Report& report, const std::filesystem::path& state, std::int64_t task_rows);

}  // namespace millrace::bench
