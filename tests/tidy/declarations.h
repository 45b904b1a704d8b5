// Declarations that no other file needs.
#pragma once

#include "tests/tidy/source.h"

namespace millrace::tidy {

/// A function, type, alias or constant at the top level of a header of engine/ or operators/ is
/// used by another file than the header's own pair, or by another declaration of the header.
/// Otherwise it is dead, or belongs into the .cc alone. Members of classes are not looked at;
/// operators, specialisations and macros are found by other means than their name.
Findings check_declarations_are_used(const Tree& tree);

}  // namespace millrace::tidy
