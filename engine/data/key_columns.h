// Columns of a table that are keys, checked by engine/base/key_type.h.
#pragma once

#include <string_view>

#include "engine/base/result.h"
#include "engine/data/table.h"

namespace millrace::data {

/// "entity: the table has no column 'x', did you mean …; it has …"
Error no_such_column(std::string_view role, std::string_view column, const Table& table);

/// data_invalid for a key of floating point, no_such_column where there is no such column.
Status check_key(std::string_view role, std::string_view column, const Table& table);

}  // namespace millrace::data
