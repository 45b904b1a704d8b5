// Parquet files as one relation of a session, judged before a row of them is read.
#pragma once

#include "operators/data/source_table.h"

namespace millrace {

/// REQUIRES: the session may read the files. data_invalid for files that do not fit together,
/// values that a declared type would change and values nested too deep; resource_exhausted for
/// files whose values take more than max_bytes: a column that repeats one value takes next to
/// nothing in a file.
Result<SourceTable> open_parquet(data::Session session, const Ingest& ingest);

}  // namespace millrace
