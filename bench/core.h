// The family `core`: what one engine does with the smallest tasks there are, all of it durable with
// full history, beside what the machine itself can do.
#pragma once

#include <filesystem>

#include "bench/report.h"

namespace millrace::bench {

/// Each figure is the median of `repeats` runs. Takes about half a minute. `only` names one metric
/// to measure beside the floors; "" is all.
Status run_core(Report& report, const std::filesystem::path& state, int repeats,
                std::string_view only);

}  // namespace millrace::bench
