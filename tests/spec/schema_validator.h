// The part of JSON Schema 2020-12 that our schema uses, as a second opinion on it: no library that
// the project builds with has a validator.
#pragma once

#include <string>
#include <vector>

#include "engine/base/json.h"

namespace millrace {

/// What `value` breaks, as "pointer: keyword"; empty if it is valid. An unknown keyword is a
/// problem too.
std::vector<std::string> schema_problems(const Json& schema, const Json& value);

}  // namespace millrace
