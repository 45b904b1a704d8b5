// Many runs on record, made of a few real ones: the rows of each are copied under new ids and times
// inside the database, so that journal and projections agree as the engine made them agree.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/id.h"
#include "engine/base/result.h"
#include "engine/base/time.h"

namespace millrace::bench {

struct ManyRuns {
  std::int64_t runs = 0;
  Time begin{};  // of the first; the others follow evenly
  Time end{};
};

/// Copies the successful runs in turn, and a failed one for every hundredth, if there are some.
Status copy_runs(const std::string& dsn, const ManyRuns& wish);

/// Ids of `count` runs, taken evenly from all.
Result<std::vector<Uuid>> some_runs(const std::string& dsn, int count);

struct Weight {
  std::int64_t bytes = 0;  // of the schema's tables, with indexes
  std::int64_t runs = 0, tasks = 0;
};
Result<Weight> weight(const std::string& dsn);

}  // namespace millrace::bench
