// Events about task instances and their attempts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "engine/base/error_json.h"
#include "engine/base/id.h"
#include "engine/base/json.h"
#include "engine/base/time.h"
#include "engine/core/effect.h"
#include "engine/core/events/common.h"

namespace millrace {

struct TaskExpanded {
  static constexpr std::string_view kind = "task_expanded";
  static constexpr std::string_view record_doc =
      "A mapped task learned its items; it now has one instance for each.";
  int task = 0;
  Json items;

  static constexpr auto fields() {
    return std::tuple{field("t", &TaskExpanded::task, "Index of the task"),
                      field("items", &TaskExpanded::items, "One for each instance").optional()};
  }
};

struct TaskQueued {
  static constexpr std::string_view kind = "task_queued";
  static constexpr std::string_view record_doc = "A task may run and waits for a slot.";
  TaskRef ref;

  static constexpr auto fields() {
    return std::tuple{field("", &TaskQueued::ref, "The task instance")};
  }
};

struct AttemptDispatched {
  static constexpr std::string_view kind = "attempt_dispatched";
  static constexpr std::string_view record_doc =
      "The executor may begin the attempt. Until it does, the task stays queued.";
  TaskRef ref;
  int attempt = 0;
  std::int64_t epoch = 0;

  static constexpr auto fields() {
    return std::tuple{
        field("", &AttemptDispatched::ref, "The task instance"),
        field("a", &AttemptDispatched::attempt, "Number of the attempt").shown_as("attempt"),
        field("e", &AttemptDispatched::epoch, "Of the leader").shown_as("epoch")};
  }
};

struct AttemptReturned {
  static constexpr std::string_view kind = "attempt_returned";
  static constexpr std::string_view record_doc =
      "A dispatched attempt came back before it is known to have begun. Costs the task nothing.";
  TaskRef ref;
  int attempt = 0;
  std::string reason;  // "": the engine that had it is gone

  static constexpr auto fields() {
    return std::tuple{
        field("", &AttemptReturned::ref, "The task instance"),
        field("a", &AttemptReturned::attempt, "Number of the attempt").shown_as("attempt"),
        field("reason", &AttemptReturned::reason, "Why").optional()};
  }
};

struct AttemptStarted {
  static constexpr std::string_view kind = "attempt_started";
  static constexpr std::string_view record_doc = "An attempt began.";
  TaskRef ref;
  int attempt = 0;
  std::int64_t epoch = 0;
  std::optional<Time> began{};

  static constexpr auto fields() {
    return std::tuple{
        field("", &AttemptStarted::ref, "The task instance"),
        field("a", &AttemptStarted::attempt, "Number of the attempt").shown_as("attempt"),
        field("e", &AttemptStarted::epoch, "Of the leader").shown_as("epoch"),
        field("began", &AttemptStarted::began, "When it began, if earlier than the event")
            .optional()};
  }
};

struct AttemptStateSaved {
  static constexpr std::string_view kind = "attempt_state_saved";
  static constexpr std::string_view record_doc =
      "An attempt left a text to the next one, which gets it if this one does not succeed.";
  TaskRef ref;
  int attempt = 0;
  std::string state;

  static constexpr auto fields() {
    return std::tuple{
        field("", &AttemptStateSaved::ref, "The task instance"),
        field("a", &AttemptStateSaved::attempt, "Number of the attempt").shown_as("attempt"),
        field("state", &AttemptStateSaved::state, "The text; at most 64 KiB").optional()};
  }
};

struct AttemptLost {
  static constexpr std::string_view kind = "attempt_lost";
  static constexpr std::string_view record_doc =
      "The runner or its engine was killed. Costs none of the task's retries.";
  TaskRef ref;
  int attempt = 0;
  std::string reason;  // "": the engine that ran it is gone

  static constexpr auto fields() {
    return std::tuple{
        field("", &AttemptLost::ref, "The task instance"),
        field("a", &AttemptLost::attempt, "Number of the attempt").shown_as("attempt"),
        field("reason", &AttemptLost::reason, "Why").optional()};
  }
};

struct AttemptFailed {
  static constexpr std::string_view kind = "attempt_failed";
  static constexpr std::string_view record_doc = "An attempt failed, and another one follows.";
  TaskRef ref;
  int attempt = 0;
  Error error;
  Time retry_at{};

  static constexpr auto fields() {
    return std::tuple{
        field("", &AttemptFailed::ref, "The task instance"),
        field("a", &AttemptFailed::attempt, "Number of the attempt").shown_as("attempt"),
        field("error", &AttemptFailed::error, "What is wrong"),
        field("retry_at", &AttemptFailed::retry_at, "When the next attempt may begin")};
  }
};

struct TaskHeld {
  static constexpr std::string_view kind = "task_held";
  static constexpr std::string_view record_doc =
      "An attempt failed, none is left, and the task waits for a person: see on_exhausted.";
  TaskRef ref;
  int attempt = 0;
  Error error;

  static constexpr auto fields() {
    return std::tuple{field("", &TaskHeld::ref, "The task instance"),
                      field("a", &TaskHeld::attempt, "Number of the attempt").shown_as("attempt"),
                      field("error", &TaskHeld::error, "What is wrong")};
  }
};

struct TaskResumed {
  static constexpr std::string_view kind = "task_resumed";
  static constexpr std::string_view record_doc =
      "A held task is queued again, with all of its retries.";
  TaskRef ref;
  Json params;
  Origin origin;

  static constexpr auto fields() {
    return std::tuple{field("", &TaskResumed::ref, "The task instance"),
                      field("params", &TaskResumed::params,
                            "Params of the run that have another value for this task from now on")
                          .optional(),
                      field("origin", &TaskResumed::origin, "Who asked, and why").optional()};
  }
};

struct HeldTaskGivenUp {
  static constexpr std::string_view kind = "held_task_given_up";
  static constexpr std::string_view record_doc = "A held task is to fail; its failure follows.";
  TaskRef ref;
  Origin origin;

  static constexpr auto fields() {
    return std::tuple{field("", &HeldTaskGivenUp::ref, "The task instance"),
                      field("origin", &HeldTaskGivenUp::origin, "Who asked, and why").optional()};
  }
};

struct TaskDeferred {
  static constexpr std::string_view kind = "task_deferred";
  static constexpr std::string_view record_doc =
      "A task waits for a time, an event or a run without a slot.";
  TaskRef ref;
  int attempt = 0;
  std::optional<Time> until{};  // none: it waits for the run that its effects start
  std::string event;
  Json checkpoint;
  std::vector<Effect> effects;
  std::string waiting_for{};  // at most kMaxWaitingForBytes

  static constexpr auto fields() {
    return std::tuple{
        field("", &TaskDeferred::ref, "The task instance"),
        field("a", &TaskDeferred::attempt, "Number of the attempt").shown_as("attempt"),
        field("until", &TaskDeferred::until,
              "When it goes on at the latest; none: at the end of the run that it starts")
            .optional(),
        field("event", &TaskDeferred::event, "What ends the wait earlier").optional(),
        field("checkpoint", &TaskDeferred::checkpoint, "For the next call").optional(),
        field("effects", &TaskDeferred::effects, "Committed with this event").optional(),
        field("waiting_for", &TaskDeferred::waiting_for,
              "What it waits for, in words; \"\": not known")
            .optional()};
  }
};

struct ChildRunEnded {
  static constexpr std::string_view kind = "child_run_ended";
  static constexpr std::string_view record_doc =
      "The run that a task started and waits for has ended; the task goes on.";
  TaskRef ref;
  Uuid run;
  RunStatus status = RunStatus::success;
  Json outputs;
  std::string error;

  static constexpr auto fields() {
    return std::tuple{
        field("", &ChildRunEnded::ref, "The task instance that waits"),
        field("run", &ChildRunEnded::run, "The run that it started").shown_as("child"),
        field("status", &ChildRunEnded::status, "How it ended"),
        field("outputs", &ChildRunEnded::outputs, "What it left").optional(),
        field("error", &ChildRunEnded::error, "Why it did not succeed").optional()};
  }
};

struct TaskRepeated {
  static constexpr std::string_view kind = "task_repeated";
  static constexpr std::string_view record_doc =
      "An iteration of a task succeeded, and another one follows: see repeat.";
  TaskRef ref;
  int attempt = 0;
  Time next_at{};
  Json outputs;
  std::vector<Effect> effects;

  static constexpr auto fields() {
    return std::tuple{
        field("", &TaskRepeated::ref, "The task instance"),
        field("a", &TaskRepeated::attempt, "Number of the attempt").shown_as("attempt"),
        field("next_at", &TaskRepeated::next_at, "When the next iteration may begin"),
        field("outputs", &TaskRepeated::outputs, "What the next iteration sees as `previous`")
            .optional(),
        field("effects", &TaskRepeated::effects, "Committed with this event").optional()};
  }
};

struct TaskSucceeded {
  static constexpr std::string_view kind = "task_succeeded";
  static constexpr std::string_view record_doc = "A task ended with success.";
  TaskRef ref;
  int attempt = 0;
  Json outputs;
  std::vector<Effect> effects;

  static constexpr auto fields() {
    return std::tuple{
        field("", &TaskSucceeded::ref, "The task instance"),
        field("a", &TaskSucceeded::attempt, "Number of the attempt").shown_as("attempt"),
        field("outputs", &TaskSucceeded::outputs, "What expressions downstream see").optional(),
        field("effects", &TaskSucceeded::effects, "Committed with this event").optional()};
  }
};

struct TaskFailed {
  static constexpr std::string_view kind = "task_failed";
  static constexpr std::string_view record_doc = "A task ended with a failure; no attempt follows.";
  TaskRef ref;
  int attempt = 0;
  Error error;
  Json outputs;
  std::vector<Effect> effects;

  static constexpr auto fields() {
    return std::tuple{
        field("", &TaskFailed::ref, "The task instance"),
        field("a", &TaskFailed::attempt, "Number of the attempt").shown_as("attempt"),
        field("error", &TaskFailed::error, "What is wrong"),
        field("outputs", &TaskFailed::outputs, "What expressions downstream see").optional(),
        field("effects", &TaskFailed::effects, "Committed with this event").optional()};
  }
};

struct TaskSkipped {
  static constexpr std::string_view kind = "task_skipped";
  static constexpr std::string_view record_doc =
      "A condition or an operator said that the task is not needed.";
  TaskRef ref;
  std::string reason;

  static constexpr auto fields() {
    return std::tuple{field("", &TaskSkipped::ref, "The task instance"),
                      field("reason", &TaskSkipped::reason, "Why").optional()};
  }
};

struct TaskUpstreamFailed {
  static constexpr std::string_view kind = "task_upstream_failed";
  static constexpr std::string_view record_doc =
      "A task can never start, because one upstream did not succeed.";
  TaskRef ref;

  static constexpr auto fields() {
    return std::tuple{field("", &TaskUpstreamFailed::ref, "The task instance")};
  }
};

struct TaskCancelRequested {
  static constexpr std::string_view kind = "task_cancel_requested";
  static constexpr std::string_view record_doc = "The attempt of a task is to end early.";
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
  static constexpr std::string_view record_doc = "A task was cancelled.";
  TaskRef ref;

  static constexpr auto fields() {
    return std::tuple{field("", &TaskCancelled::ref, "The task instance")};
  }
};

struct CompletionRejected {
  static constexpr std::string_view kind = "completion_rejected";
  static constexpr std::string_view record_doc =
      "A completion came for an attempt or epoch that is not the current one. Changes nothing.";
  TaskRef ref;
  int attempt = 0;
  std::int64_t epoch = 0;
  std::string reason;

  static constexpr auto fields() {
    return std::tuple{
        field("", &CompletionRejected::ref, "The task instance"),
        field("a", &CompletionRejected::attempt, "Number of the attempt").shown_as("attempt"),
        field("e", &CompletionRejected::epoch, "Of the leader").shown_as("epoch"),
        field("reason", &CompletionRejected::reason, "Why").optional()};
  }
};

}  // namespace millrace
