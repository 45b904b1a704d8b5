// Outcome: the closed set of ways in which an attempt can end; anything else is an Error, transient
// or permanent.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/base/json.h"
#include "engine/base/result.h"
#include "engine/base/time.h"
#include "engine/core/effect.h"

namespace millrace {

/// How the error of a program's end ends. Who has its output puts the last line of it there.
inline constexpr std::string_view kOutputIsInTheLog = "; its output is in the log";

/// Success. `outputs` is what expressions downstream see as tasks.<id>.outputs.
struct Done {
  Json outputs = Json::object();
  std::vector<Effect> effects;
};

/// Not applicable this time; downstream tasks are skipped unless their trigger rule says otherwise.
struct Skip {
  std::string reason;
};

/// Come back later, without a slot meanwhile. The next call of the same attempt finds `checkpoint`
/// in its context. The effects are committed with the deferral.
struct Defer {
  Duration after{};   // from the moment the deferral is recorded
  std::string event;  // resume as soon as this event arrives; "" means only by time
  Json checkpoint = Json::object();
  std::vector<Effect> effects;
};

/// A judged failure: the work was done, and its result is "no". Never retried; keeps its evidence.
struct Fail {
  Error error;
  Json outputs = Json::object();
  std::vector<Effect> effects;
};

using Outcome = std::variant<Done, Skip, Defer, Fail>;

/// {"outcome": "done" | "skip" | "defer" | "fail" | "error", …}: the form of the runner protocol.
Json to_json(const Result<Outcome>& outcome);
Result<Outcome> outcome_from_json(const Json& json);
Json to_json(const Error& error);
Error error_from_json(const Json& json);

}  // namespace millrace
