// Events as rows of the journal table, and back. Pure.
#pragma once

#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/core/event.h"
#include "engine/pg/array_text.h"
#include "engine/pg/stored_rows.h"

namespace millrace::pg {

/// The columns of `millrace.journal` for one append, as parameters of the block `append_journal`.
struct JournalColumns {
  ArrayText seq, run, n, at, seqs, ats, events;
};

/// One row for each run in the batch (and one for events of no run), cut where a row grows long.
/// The first row starts with the first event.
JournalColumns journal_columns(std::int64_t first_seq, const std::vector<Event>& events);

/// Appends the events of a row.
Status add_events_of(const JournalRow& row, std::vector<Event>& out);

}  // namespace millrace::pg
