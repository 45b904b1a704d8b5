// Everything that is wrong with the params of a request to run a DAG.
#pragma once

#include <string>
#include <vector>

#include "engine/core/dag.h"

namespace millrace {

/// A sentence for each unknown name, missing value, and value that breaks its schema, in that
/// order. Each names its param as "param 'NAME'", which is how `param_named_in` finds it. Empty:
/// `given` is fine. REQUIRES: `given` is an object or null.
std::vector<std::string> param_problems(const DagSpec& spec, const Json& given);

/// The name of the param that a sentence is about; "" if it is about none.
std::string param_named_in(std::string_view sentence);

}  // namespace millrace
