// The pages of docs/operators, written from what each operator declares of itself.
#pragma once

#include <string>

#include "engine/op/catalog.h"

namespace millrace {

/// Markdown: what it does, an example, its parameters and outputs. The same declaration gives the
/// same text.
std::string operator_page(const OperatorInfo& info);

/// Markdown: all operators, a line and a link each.
std::string operator_index(const Catalog& catalog);

/// `with` as the example on the page has it: each parameter that has an example or must be given.
Json example_of(const OperatorInfo& info);

}  // namespace millrace
