// Events about task instances and their attempts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "engine/base/error_json.h"
#include "engine/base/json.h"
#include "engine/base/time.h"
#include "engine/core/effect.h"
#include "engine/core/events/common.h"

namespace millrace {

/// A mapped task learned its items; it now has one instance for each.
struct TaskExpanded {
  static constexpr std::string_view kind = "task_expanded";
  int task = 0;
  Json items;

  static constexpr auto fields() {
    return std::tuple{field("t", &TaskExpanded::task, "Index of the task"),
                      field("items", &TaskExpanded::items, "One for each instance").optional()};
  }
};

struct TaskQueued {
  static constexpr std::string_view kind = "task_queued";
  TaskRef ref;

  static constexpr auto fields() {
    return std::tuple{field("", &TaskQueued::ref, "The task instance")};
  }
};

/// The executor may begin the attempt. Until it does, the task stays queued.
struct AttemptDispatched {
  static constexpr std::string_view kind = "attempt_dispatched";
  TaskRef ref;
  int attempt = 0;
  std::int64_t epoch = 0;

  static constexpr auto fields() {
    return std::tuple{field("", &AttemptDispatched::ref, "The task instance"),
                      field("a", &AttemptDispatched::attempt, "Number of the attempt"),
                      field("e", &AttemptDispatched::epoch, "Of the leader")};
  }
};

/// A dispatched attempt came back before it is known to have begun. Costs the task nothing.
struct AttemptReturned {
  static constexpr std::string_view kind = "attempt_returned";
  TaskRef ref;
  int attempt = 0;
  std::string reason;  // "": the engine that had it is gone

  static constexpr auto fields() {
    return std::tuple{field("", &AttemptReturned::ref, "The task instance"),
                      field("a", &AttemptReturned::attempt, "Number of the attempt"),
                      field("reason", &AttemptReturned::reason, "Why").optional()};
  }
};

struct AttemptStarted {
  static constexpr std::string_view kind = "attempt_started";
  TaskRef ref;
  int attempt = 0;
  std::int64_t epoch = 0;
  std::optional<Time> began{};

  static constexpr auto fields() {
    return std::tuple{
        field("", &AttemptStarted::ref, "The task instance"),
        field("a", &AttemptStarted::attempt, "Number of the attempt"),
        field("e", &AttemptStarted::epoch, "Of the leader"),
        field("began", &AttemptStarted::began, "When it began, if earlier than the event")
            .optional()};
  }
};

/// The runner or its engine was killed. Costs none of the task's retries.
struct AttemptLost {
  static constexpr std::string_view kind = "attempt_lost";
  TaskRef ref;
  int attempt = 0;
  std::string reason;  // "": the engine that ran it is gone

  static constexpr auto fields() {
    return std::tuple{field("", &AttemptLost::ref, "The task instance"),
                      field("a", &AttemptLost::attempt, "Number of the attempt"),
                      field("reason", &AttemptLost::reason, "Why").optional()};
  }
};

struct AttemptFailed {
  static constexpr std::string_view kind = "attempt_failed";
  TaskRef ref;
  int attempt = 0;
  Error error;
  Time retry_at{};

  static constexpr auto fields() {
    return std::tuple{
        field("", &AttemptFailed::ref, "The task instance"),
        field("a", &AttemptFailed::attempt, "Number of the attempt"),
        field("error", &AttemptFailed::error, "What is wrong"),
        field("retry_at", &AttemptFailed::retry_at, "When the next attempt may begin")};
  }
};

struct TaskDeferred {
  static constexpr std::string_view kind = "task_deferred";
  TaskRef ref;
  int attempt = 0;
  Time until{};
  std::string event;
  Json checkpoint;
  std::vector<Effect> effects;

  static constexpr auto fields() {
    return std::tuple{
        field("", &TaskDeferred::ref, "The task instance"),
        field("a", &TaskDeferred::attempt, "Number of the attempt"),
        field("until", &TaskDeferred::until, "When it goes on at the latest"),
        field("event", &TaskDeferred::event, "What ends the wait earlier").optional(),
        field("checkpoint", &TaskDeferred::checkpoint, "For the next call").optional(),
        field("effects", &TaskDeferred::effects, "Committed with this event").optional()};
  }
};

struct TaskSucceeded {
  static constexpr std::string_view kind = "task_succeeded";
  TaskRef ref;
  int attempt = 0;
  Json outputs;
  std::vector<Effect> effects;

  static constexpr auto fields() {
    return std::tuple{
        field("", &TaskSucceeded::ref, "The task instance"),
        field("a", &TaskSucceeded::attempt, "Number of the attempt"),
        field("outputs", &TaskSucceeded::outputs, "What expressions downstream see").optional(),
        field("effects", &TaskSucceeded::effects, "Committed with this event").optional()};
  }
};

struct TaskFailed {
  static constexpr std::string_view kind = "task_failed";
  TaskRef ref;
  int attempt = 0;
  Error error;
  Json outputs;
  std::vector<Effect> effects;

  static constexpr auto fields() {
    return std::tuple{
        field("", &TaskFailed::ref, "The task instance"),
        field("a", &TaskFailed::attempt, "Number of the attempt"),
        field("error", &TaskFailed::error, "What is wrong"),
        field("outputs", &TaskFailed::outputs, "What expressions downstream see").optional(),
        field("effects", &TaskFailed::effects, "Committed with this event").optional()};
  }
};

struct TaskSkipped {
  static constexpr std::string_view kind = "task_skipped";
  TaskRef ref;
  std::string reason;

  static constexpr auto fields() {
    return std::tuple{field("", &TaskSkipped::ref, "The task instance"),
                      field("reason", &TaskSkipped::reason, "Why").optional()};
  }
};

struct TaskUpstreamFailed {
  static constexpr std::string_view kind = "task_upstream_failed";
  TaskRef ref;

  static constexpr auto fields() {
    return std::tuple{field("", &TaskUpstreamFailed::ref, "The task instance")};
  }
};

struct TaskCancelRequested {
  static constexpr std::string_view kind = "task_cancel_requested";
  TaskRef ref;
  Origin origin;

  static constexpr auto fields() {
    return std::tuple{
        field("", &TaskCancelRequested::ref, "The task instance"),
        field("origin", &TaskCancelRequested::origin, "Who asked, and why").optional()};
  }
};

struct TaskCancelled {
  static constexpr std::string_view kind = "task_cancelled";
  TaskRef ref;

  static constexpr auto fields() {
    return std::tuple{field("", &TaskCancelled::ref, "The task instance")};
  }
};

/// A completion came for an attempt or epoch that is not the current one. Changes nothing.
struct CompletionRejected {
  static constexpr std::string_view kind = "completion_rejected";
  TaskRef ref;
  int attempt = 0;
  std::int64_t epoch = 0;
  std::string reason;

  static constexpr auto fields() {
    return std::tuple{field("", &CompletionRejected::ref, "The task instance"),
                      field("a", &CompletionRejected::attempt, "Number of the attempt"),
                      field("e", &CompletionRejected::epoch, "Of the leader"),
                      field("reason", &CompletionRejected::reason, "Why").optional()};
  }
};

}  // namespace millrace
