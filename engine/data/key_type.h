// What a column must be to serve as a key: an entity, a partition, or a key of a contract.
//
// A floating-point number rounds: two keys of 20 digits may be one double, and the values of one
// user would go to another. Every place that takes keys asks here.
#pragma once

#include <string_view>

#include "engine/base/result.h"
#include "engine/data/table.h"

namespace millrace::data {

/// DuckDB's FLOAT and DOUBLE, the FP16 to FP64 of the Open Inference Protocol, and a nested type
/// with one of them inside.
bool is_floating_point(std::string_view type);

/// "entity: the table has no column 'x', did you mean …; it has …"
Error no_such_column(std::string_view role, std::string_view column, const Table& table);

/// data_invalid for a key of floating point. `role` is what the column is for, e.g. "entity".
Status check_key(std::string_view role, std::string_view column, std::string_view type);
/// The same of a column of `table`; no_such_column where there is none.
Status check_key(std::string_view role, std::string_view column, const Table& table);

}  // namespace millrace::data
