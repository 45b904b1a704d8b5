#include "engine/core/retry.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

namespace millrace {
namespace {

bool names(const std::vector<std::string>& errors, const Error& error) {
  return std::ranges::any_of(errors, [&](const std::string& name) {
    return name == traits(error.code).name || (name == kOutOfMemory && error.out_of_memory) ||
           (name == kSignal && error.signal);
  });
}

bool fits(const FailureRule& rule, const std::optional<MessagePattern>& message,
          const Error& error) {
  const auto& codes = rule.exit_codes;
  const bool code_fits =
      codes.empty() ||
      (error.exit_code && std::ranges::find(codes, *error.exit_code) != codes.end());
  return code_fits && (rule.errors.empty() || names(rule.errors, error)) &&
         (!message || message->matches(error.message));
}

}  // namespace

std::optional<RetryPolicy> retries_after(const Dag::Task& task, const Error& error) {
  if (error.permanent || error.code == ErrorCode::cancelled || error.code == ErrorCode::fenced)
    return std::nullopt;
  const RetryPolicy& all = task.spec.retries;
  RetryPolicy out{all.max, all.backoff, all.initial, all.max_delay, all.jitter};
  for (std::size_t i = 0; i < all.rules.size(); ++i) {
    const FailureRule& rule = all.rules[i];
    if (!fits(rule, task.retry_messages[i], error)) continue;
    if (rule.never) return std::nullopt;
    out.max = rule.max.value_or(out.max);
    out.backoff = rule.backoff.value_or(out.backoff);
    out.initial = rule.initial.value_or(out.initial);
    out.max_delay = rule.max_delay.value_or(out.max_delay);
    out.jitter = rule.jitter.value_or(out.jitter);
    break;
  }
  return out;
}

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
