// The operators that a rehearsal really runs: noop, wait and fail need nothing of the world but the
// time.
#pragma once

#include <optional>

#include "engine/base/result.h"
#include "engine/core/executor.h"
#include "engine/op/catalog.h"

namespace millrace {

/// nullopt: the operator is none of them.
std::optional<Result<Outcome>> run_light_operator(const Catalog& catalog,
                                                  const StartAttempt& attempt, Time now);

}  // namespace millrace
