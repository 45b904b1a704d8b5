// What a simulated attempt comes to: every outcome, and every effect.
#pragma once

#include <string>

#include "engine/base/clock.h"
#include "engine/core/executor.h"

namespace millrace::sim {

/// `mark` is what the attempt calls itself in its outputs.
Result<Outcome> draw_outcome(const StartAttempt& attempt, const std::string& mark, Rng& rng);

}  // namespace millrace::sim
