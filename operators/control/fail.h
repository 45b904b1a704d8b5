// fail: ends with an error, on purpose. For a branch that must not be reached, and to try out
// retries.
#pragma once

#include "engine/op/catalog.h"

namespace millrace::operators {

struct FailTask {
  static constexpr std::string_view name = "fail";
  static constexpr std::string_view doc = "Fails with the given message.";
  static constexpr int version = 1;
  static constexpr std::string_view executor = kThreadExecutor;

  std::string message;
  bool transient = false;
  long attempts = 0;

  static auto params() {
    return std::tuple{
        param("message", &FailTask::message, "What the error says").def("failed on purpose"),
        param("transient", &FailTask::transient, "Whether the task's retries apply").def(false),
        param("attempts", &FailTask::attempts,
              "Number of failures before it succeeds; 0: it never succeeds")
            .def(0)
            .min(0)};
  }
  Result<Outcome> run(OperatorContext& ctx) const;
};

}  // namespace millrace::operators
