// What all sensors have in common. A sensor looks at the world; as long as the answer is "not yet",
// its task is deferred, and holds no slot until the next look. What it remembers between two looks
// is its checkpoint, so restarts and retries do not begin the wait again.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "engine/base/fields.h"
#include "engine/base/json.h"
#include "engine/base/time.h"
#include "engine/core/outcome.h"
#include "engine/op/context.h"
#include "engine/op/param.h"

namespace millrace::operators {

/// What one look saw.
struct Look {
  enum class Answer {
    found,
    not_yet,
    never,  // what is waited for cannot come any more
  };
  Answer answer = Answer::not_yet;
  /// For the log, and for errors. A text that changes with each look would fill the log.
  std::string says;
  Json outputs = Json::object();  // of `found`
  Duration again_in{};            // not_yet: until the next look; zero: the interval
  Json memory;                    // for the next look
};

/// The parameters of every sensor.
struct SensorOptions {
  Duration interval{}, timeout{};
  std::string on_timeout, errors;

  static auto sensor_params() {
    using S = SensorOptions;
    return std::tuple{
        param("interval", &S::interval, "Time between two looks; the task holds no slot meanwhile")
            .def("30s")
            .min(std::chrono::seconds{1}),
        param("timeout", &S::timeout,
              "How long to wait in all, from the first look, across restarts and retries; 0s: one "
              "look")
            .def("1d"),
        param("on_timeout", &S::on_timeout,
              "What happens then: the task fails, without a further attempt, or is skipped")
            .def("fail")
            .one_of({"fail", "skip"}),
        param(
            "errors", &S::errors,
            "A look that fails in a way that may pass, such as a refused connection: retry counts "
            "it as not yet; fail fails the attempt")
            .def("retry")
            .one_of({"retry", "fail"})};
  }
  static std::vector<std::pair<std::string, std::string>> sensor_outputs(
      std::vector<std::pair<std::string, std::string>> own) {
    own.emplace_back("waited", "Seconds from the first look to the last");
    own.emplace_back("looks", "How many looks it took");
    return own;
  }
};

/// A sensor between two looks; its checkpoint.
///
/// `waited` is the sum of the times between looks, each at least zero. Where the clock was set
/// back, a time counts for what it was planned to be.
struct SensorWait {
  Time waiting_since{};  // the first look
  Time looked_at{};      // the last look
  Duration planned{};    // until the next one
  Duration waited{};
  std::int64_t looks = 0;
  std::string answer;  // of the last look
  Json memory;

  static constexpr auto fields() {
    return std::tuple{
        field("waiting_since_us", &SensorWait::waiting_since, "Time of the first look"),
        field("looked_at_us", &SensorWait::looked_at, "Time of the last look"),
        field("planned_us", &SensorWait::planned, "Time from the last look to the next one"),
        field("waited_us", &SensorWait::waited, "Time from the first look to the last one"),
        field("looks", &SensorWait::looks, "Number of looks"),
        field("answer", &SensorWait::answer, "The answer of the last look"),
        field("memory", &SensorWait::memory, "For the next look").optional()};
  }
};

struct SensorVerdict {
  Result<Outcome> outcome;
  std::string log;  // "": nothing new
};

/// What follows from a look at the time `now`. `before`: as the look before left it; nullopt: this
/// is the first look, at what `waiting_for` names. Pure.
SensorVerdict decide(const SensorOptions& options, const std::optional<SensorWait>& before,
                     std::string_view waiting_for, const Result<Look>& look, Time now);

/// One call of a sensor: looks, decides and logs. `look` gets the memory of the look before, or
/// null. `waiting_for` is for people: "the file data/x.csv". `wake_event`: a look follows this
/// event at once; "": looks follow the interval alone.
Result<Outcome> run_sensor(OperatorContext& ctx, const SensorOptions& options,
                           std::string_view waiting_for,
                           const std::function<Result<Look>(const Json& memory)>& look,
                           std::string_view wake_event = {});

}  // namespace millrace::operators
