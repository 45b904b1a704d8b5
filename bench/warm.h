// Warm workers as benchmarks use them: a Python function, and a C program.
#pragma once

#include <filesystem>
#include <string>

#include "engine/base/result.h"

namespace millrace::bench {

/// What a task is, for the functions of dags.h.
struct WarmTasks {
  std::string python, c;
};

/// Writes the Python module into `state`. The C program, bench_c_worker, is in the same folder as
/// this program.
Result<WarmTasks> warm_tasks(const std::filesystem::path& state);

}  // namespace millrace::bench
