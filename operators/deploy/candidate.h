// What must be true of a candidate before it gets any traffic.
#pragma once

#include <string>

#include "engine/ml/model.h"
#include "engine/op/context.h"

namespace millrace::operators {

/// The candidate is a registered version of the model, of kind "model", may be deployed, loads, and
/// has the champion's signature and objective. `champion` is "" where there is none. Errors say
/// what is wrong and what would be right.
Status check_candidate(OperatorContext& ctx, const std::string& model, const std::string& candidate,
                       const std::string& champion, bool allow_signature_change);

}  // namespace millrace::operators
