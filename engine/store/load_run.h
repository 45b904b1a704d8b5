// Loads a run as the fold of its journal: the state of every task, open or ended, at this instant.
#pragma once

#include "engine/core/run.h"
#include "engine/store/store.h"

namespace millrace {

/// `not_found` if the journal has no such run. `up_to`: only events with seq ≤ up_to; 0 means all.
Result<Run> load_run(Journal& journal, RunReader& runs, const Uuid& id, std::int64_t up_to = 0);

/// The Dag of a stored version; compiled anew on each call.
Result<std::shared_ptr<const Dag>> load_dag(RunReader& runs, std::string_view dag,
                                            std::string_view version);

}  // namespace millrace
