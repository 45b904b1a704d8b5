// The family `shapes`: the DAGs that orchestrators are compared by, of tasks in the engine, in
// pooled processes, on warm Python workers, and of a process each.
#pragma once

#include <filesystem>

#include "bench/report.h"

namespace millrace::bench {

Status run_shapes(Report& report, const std::filesystem::path& state);

}  // namespace millrace::bench
