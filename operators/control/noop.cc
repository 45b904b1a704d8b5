#include "operators/control/noop.h"

namespace millrace::operators {

Result<Outcome> Noop::run(OperatorContext&) const {
  if (!outputs_to_give.is_object())
    return invalid_argument("parameter 'outputs' is " +
                            std::string(type_name(outputs_to_give.type())) +
                            "; expected a mapping");
  return Outcome{Done{outputs_to_give, {}}};
}

}  // namespace millrace::operators
