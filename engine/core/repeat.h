// RepeatPolicy: a task that runs again after each success, until an expression over its outputs
// holds. One such run of it is an iteration; each may have several attempts.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "engine/base/json.h"
#include "engine/base/result.h"
#include "engine/base/time.h"

namespace millrace {

inline constexpr int kMostIterations = 10'000;

/// What happens if the expression does not hold after the last iteration.
enum class OnMax { fail, succeed };
constexpr std::array<std::string_view, 2> names_of(OnMax) { return {"fail", "succeed"}; }
constexpr std::string_view title_of(OnMax) { return "OnMax"; }

struct RepeatPolicy {
  std::string until;  // without `${{ }}`; "": the task runs once
  int max = 0;        // iterations, 1 … kMostIterations
  Duration delay{};   // between two iterations
  OnMax on_max = OnMax::fail;
  bool is_set() const { return !until.empty(); }
  friend bool operator==(const RepeatPolicy&, const RepeatPolicy&) = default;
};

/// Part of the canonical form of a DAG.
Json to_json(const RepeatPolicy& policy);
Result<RepeatPolicy> repeat_policy_from(const Json& json);

}  // namespace millrace
