// Names that an author gives to inputs and outputs: those of tables in a query, of files that a
// program gets.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/base/json.h"
#include "engine/base/result.h"

namespace millrace {

/// Whether every member of `mapping` has a name of letters, digits and _, no digit first, and none
/// has the name of another or one of `taken`: two are equal if they differ only in case, as in SQL
/// and in the environment of a program. Adds the names to `taken`. `param` begins the error, if it
/// is not empty.
Status check_input_names(std::string_view param, const Json& mapping,
                         std::vector<std::string>& taken);
Status check_input_names(std::string_view param, const Json& mapping);

}  // namespace millrace
