// What an append changes in the tables of backfills. Private to engine/pg.
#pragma once

#include "engine/pg/session.h"
#include "engine/store/store.h"

namespace millrace::pg {

bool changes_backfills(const EventBody& body);
/// True if a run of a backfill begins or ends with the batch.
bool moves_backfills(const Batch& batch);
void write_backfill_event(Session& session, const Event& event);
/// The dates of the runs that begin and end with the batch. Call it after the events are written.
void write_backfill_runs(Session& session, const Batch& batch);

}  // namespace millrace::pg
