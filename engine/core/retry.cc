#include "engine/core/retry.h"

#include <algorithm>
#include <cmath>

namespace millrace {

Duration retry_delay(const RetryPolicy& policy, int failures, double chance) {
  const auto initial = static_cast<double>(policy.initial.count());
  double delay = initial;
  if (policy.backoff == Backoff::linear) delay = initial * failures;
  if (policy.backoff == Backoff::exponential)
    delay = std::ldexp(initial, std::min(failures - 1, 60));
  delay = std::min(delay, static_cast<double>(policy.max_delay.count()));
  delay *= 1 + policy.jitter * (2 * chance - 1);
  return Duration{static_cast<std::int64_t>(delay)};
}

}  // namespace millrace
