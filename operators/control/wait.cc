#include "operators/control/wait.h"

namespace millrace::operators {

Result<Outcome> Wait::run(OperatorContext& ctx) const {
  MR_TRY(const Time end, target(ctx));
  const Json state = Json::object({{"until", format_rfc3339(end)}});
  const Time now = ctx.now();
  // Further away than it was at the begin: the clock was set back. The engine has counted the time.
  const bool was_set_back = duration > Duration::zero() && end - now > duration;
  if (now >= end || was_set_back) return Outcome{Done{state, {}}};
  Defer wait;
  wait.after = end - now;
  wait.checkpoint = state;
  wait.waiting_for = "the time " + format_rfc3339(std::chrono::floor<std::chrono::seconds>(end));
  return Outcome{std::move(wait)};
}

Result<Time> Wait::target(OperatorContext& ctx) const {
  // The moment is fixed on the first call; a restart in between does not begin the wait anew.
  if (const Json& fixed = ctx.attempt().checkpoint["until"]; fixed.is_string())
    return parse_rfc3339(fixed.as_view());
  if (until.empty()) return ctx.now() + duration;
  return parse_rfc3339(until);
}

}  // namespace millrace::operators
