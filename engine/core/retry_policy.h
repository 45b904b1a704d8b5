// RetryPolicy: when a failed attempt of a task is tried again, as the file says. What it comes to
// after one failure: retry.h.
#pragma once

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/json.h"
#include "engine/base/result.h"
#include "engine/base/time.h"

namespace millrace {

enum class Backoff { constant, linear, exponential };
constexpr std::array<std::string_view, 3> names_of(Backoff) {
  return {"constant", "linear", "exponential"};
}

/// What applies after some failures instead of the keys of the policy. The conditions that it has
/// must all hold.
struct FailureRule {
  std::vector<int> exit_codes = {};  // one of them; empty: no condition
  /// Codes of errors, kOutOfMemory or kSignal; empty: no condition.
  std::vector<std::string> errors = {};
  std::string message = {};  // a MessagePattern; "": no condition
  bool never = false;        // no retry
  // Unset: as the policy says.
  std::optional<int> max = {};
  std::optional<Backoff> backoff = {};
  std::optional<Duration> initial = {};
  std::optional<Duration> max_delay = {};
  std::optional<double> jitter = {};
  friend bool operator==(const FailureRule&, const FailureRule&) = default;
};
inline constexpr std::string_view kOutOfMemory = "out_of_memory", kSignal = "signal";

/// What happens to a task whose attempts are used up. `hold`: it waits for a person.
enum class OnExhausted { fail, hold };
constexpr std::array<std::string_view, 2> names_of(OnExhausted) { return {"fail", "hold"}; }
constexpr std::string_view title_of(OnExhausted) { return "OnExhausted"; }

struct RetryPolicy {
  int max = 0;  // retries after the first attempt
  Backoff backoff = Backoff::exponential;
  Duration initial = std::chrono::seconds{5};
  Duration max_delay = std::chrono::minutes{5};
  double jitter = 0.2;                  // share of the delay that chance adds or takes, 0 … 1
  std::vector<FailureRule> rules = {};  // the first that fits a failure applies
  /// Without effect: every error is retried. Kept so that the version of a stored DAG stays.
  std::vector<std::string> also_on = {};
  friend bool operator==(const RetryPolicy&, const RetryPolicy&) = default;
};

/// Part of the canonical form of a DAG.
Json to_json(const RetryPolicy& policy);
Result<RetryPolicy> retry_policy_from(const Json& json);

}  // namespace millrace
