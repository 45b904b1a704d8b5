#include "operators/control/fail.h"

namespace millrace::operators {

Result<Outcome> FailTask::run(OperatorContext& ctx) const {
  if (attempts > 0 && ctx.attempt().attempt > attempts) return Outcome{Done{}};
  if (transient) return unavailable(message);
  return permanent(invalid_argument(message));
}

}  // namespace millrace::operators
