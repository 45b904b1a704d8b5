// Outcome: the closed set of ways in which an attempt can end; anything else is an Error, transient
// or permanent.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/base/error_json.h"
#include "engine/base/json.h"
#include "engine/base/result.h"
#include "engine/base/time.h"
#include "engine/core/effect.h"

namespace millrace {

/// How the error of a program's end ends. Who has its output puts the last line of it there.
inline constexpr std::string_view kOutputIsInTheLog = "; its output is in the log";

/// Of the words that say what a task waits for.
inline constexpr std::size_t kMaxWaitingForBytes = 200;

/// Success. `outputs` is what expressions downstream see as tasks.<id>.outputs.
struct Done {
  static constexpr std::string_view kind = "done";
  Json outputs = Json::object();
  std::vector<Effect> effects;

  static constexpr auto fields() {
    return std::tuple{field("outputs", &Done::outputs, "What expressions downstream see"),
                      field("effects", &Done::effects, "Committed with the completion")};
  }
};

/// Not applicable this time; downstream tasks are skipped unless their trigger rule says otherwise.
struct Skip {
  static constexpr std::string_view kind = "skip";
  std::string reason;

  static constexpr auto fields() { return std::tuple{field("reason", &Skip::reason, "Why")}; }
};

/// Come back later, and hold no slot until then. The next call of the same attempt finds
/// `checkpoint` in its context. The effects are committed with the deferral.
struct Defer {
  static constexpr std::string_view kind = "defer";
  Duration after{};   // from the moment the deferral is recorded
  std::string event;  // resume as soon as this event arrives; "" means only by time
  Json checkpoint = Json::object();
  std::vector<Effect> effects;
  std::string waiting_for{};  // for people: "the file data/x.csv"; a longer text is shortened

  static constexpr auto fields() {
    return std::tuple{field("after_us", &Defer::after, "How long to wait at most"),
                      field("event", &Defer::event, "What ends the wait earlier"),
                      field("checkpoint", &Defer::checkpoint, "For the next call"),
                      field("effects", &Defer::effects, "Committed with the deferral"),
                      field("waiting_for", &Defer::waiting_for, "In words, for people").optional()};
  }
};

/// A judged failure: the work was done, and its result is "no". Never retried; keeps its evidence.
struct Fail {
  static constexpr std::string_view kind = "fail";
  Error error;
  Json outputs = Json::object();
  std::vector<Effect> effects;

  static constexpr auto fields() {
    return std::tuple{field("error", &Fail::error, "What is wrong"),
                      field("outputs", &Fail::outputs, "The evidence"),
                      field("effects", &Fail::effects, "Committed with the failure")};
  }
};

using Outcome = std::variant<Done, Skip, Defer, Fail>;

/// An Outcome, or {"kind": "error", "error": …}: the form of the runner protocol.
std::string outcome_text(const Result<Outcome>& outcome);
Result<Outcome> outcome_from_json(const Json& json);

}  // namespace millrace
