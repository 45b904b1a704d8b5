#include "operators/control/noop.h"

namespace millrace::operators {

Result<Outcome> Noop::run(OperatorContext&) const { return Outcome{Done{outputs_to_give, {}}}; }

}  // namespace millrace::operators
