// What the events of a batch change beyond the journal and its projections, inside the append's
// transaction.
#pragma once

#include "engine/pg/session.h"
#include "engine/store/effect_rows.h"

namespace millrace::pg {

/// Whether an append needs more than the one statement `append`.
bool changes_more(const Batch& batch, const std::vector<SourcedEffect>& effects);

/// Before `append`: runs that begin anew, and task instances that are open again.
void write_reopenings(Session& session, const Batch& batch);
/// Before it as well: makes room for the rows of tasks that the batch ends and that ended before.
void remove_ended_tasks(Session& session, const Batch& batch);
/// After it: DAGs and effects, in the order of the events. True: a deployment changed.
bool write_changes(Session& session, const Batch& batch, const std::vector<SourcedEffect>& effects);

}  // namespace millrace::pg
