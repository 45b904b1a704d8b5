#include "operators/control/fail.h"

namespace millrace::operators {

Result<Outcome> FailTask::run(OperatorContext& ctx) const {
  if (attempts > 0 && ctx.attempt().attempt > attempts) return Outcome{Done{}};
  Error error =
      make_error(transient ? ErrorCode::unavailable : ErrorCode::invalid_argument, message);
  error.transient_override = transient;
  return error;
}

}  // namespace millrace::operators
