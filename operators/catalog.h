// The operators that this build has.
#pragma once

#include "engine/op/catalog.h"

namespace millrace {

Catalog builtin_catalog();

}  // namespace millrace
