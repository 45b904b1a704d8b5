// The modelled journal: what it takes, and what an observer who sees everything makes of that.
#pragma once

#include "tests/model/state.h"

namespace millrace::model {

/// Folds a decision into a plan. False: the table has no such way.
bool fold(Plan& plan, const Decision& decision, const Rules& rules);

/// Appends to the journal if the epoch is proven; false: refused. Notes into `state.broken` what no
/// journal may hold.
bool append(State& state, const Engine& engine, const Decision& decision, const Rules& rules);

}  // namespace millrace::model
