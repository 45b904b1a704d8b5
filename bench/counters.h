// What the database and the kernel have counted: differences of two readings are what a
// measurement cost.
#pragma once

#include <cstdint>
#include <string>

#include "engine/base/result.h"

namespace millrace::bench {

struct Counters {
  std::int64_t runs_ended = 0;
  std::int64_t tasks_succeeded = 0;
  std::int64_t wal_bytes = 0;
  std::int64_t dead_rows = 0;  // of Millrace's tables, now; not a sum
};

Result<Counters> counters(const std::string& dsn);

/// Seconds of processor time of this process and of everything below it that is still alive:
/// engine, runners, PostgreSQL. What ended in between is in it where its parent has reaped it.
double cpu_seconds();

}  // namespace millrace::bench
