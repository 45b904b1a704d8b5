// What the machine itself can do, measured in the same run as everything else.
#pragma once

#include <string>

#include "engine/base/result.h"

namespace millrace::bench {

/// Milliseconds of one INSERT of one row in a transaction of its own, over the same kind of
/// connection that the engine has: the median of `commits`.
Result<double> commit_ms(const std::string& dsn, int commits = 300);

/// Processes (/bin/true) per second that two loops start and wait for, side by side.
Result<double> spawns_per_s(int processes_per_loop = 500);

}  // namespace millrace::bench
