// What the type of a column or tensor must be to serve as a key: an entity, a partition, or a key
// of a contract.
//
// A floating-point number rounds: two keys of 20 digits may be one double, and the values of one
// user would go to another. Every place that takes keys asks here.
#pragma once

#include <string_view>

#include "engine/base/result.h"

namespace millrace {

/// data_invalid for a key of floating point. `role` is what the column is for, e.g. "entity".
Status check_key(std::string_view role, std::string_view column, std::string_view type);

}  // namespace millrace
