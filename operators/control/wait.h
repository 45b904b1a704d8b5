// wait: lets time pass without holding a slot.
#pragma once

#include "engine/op/catalog.h"

namespace millrace::operators {

struct Wait {
  static constexpr std::string_view name = "wait";
  static constexpr std::string_view doc =
      "Waits for a duration or until a time, and holds no slot while it waits.";
  static constexpr int version = 1;
  static constexpr std::string_view executor = kThreadExecutor;

  Duration duration{};
  std::string until;

  static auto params() {
    return std::tuple{
        param("for", &Wait::duration, "How long, from the task's start").optional().example("10m"),
        param("until", &Wait::until, "A date or time (RFC 3339); one that has passed ends the wait")
            .optional()
            .time()};
  }
  static std::vector<ParamRule> rules() { return {exactly_one_of({"for", "until"})}; }
  static std::vector<std::pair<std::string, std::string>> outputs() {
    return {{"until", "The moment that was waited for"}};
  }
  Result<Outcome> run(OperatorContext& ctx) const;

 private:
  Result<Time> target(OperatorContext& ctx) const;
};

}  // namespace millrace::operators
