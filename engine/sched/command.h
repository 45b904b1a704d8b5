// Commands of the inbox, carried out by the planner.
#pragma once

#include "engine/core/planner.h"
#include "engine/store/store.h"

namespace millrace {

/// The answer for the sender, as its T::Answer (engine/core/commands.h); an error refuses the
/// command and changes nothing. `stores` is read where a command is about a run that is no longer
/// open.
Result<Json> carry_out(const Command& command, Planner& planner, Stores stores, Time now);

}  // namespace millrace
