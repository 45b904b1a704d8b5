#include "tests/model/rules.h"

#include <array>

namespace millrace::model {
namespace {

constexpr std::array<std::string_view, 11> kNames = {
    "none",  "by_the_table", "terminal_final", "one_outcome", "current_attempt", "fenced_engine",
    "edges", "one_leader",   "durable_first",  "alone",       "reaches_end"};

/// The table without the way back from a dead engine.
std::optional<TaskState> without_loss(TaskState from, Cause cause) {
  if (from == TaskState::running && cause == Cause::enqueue) return std::nullopt;
  return next_state(from, cause);
}

/// The table with a way out of an end.
std::optional<TaskState> with_an_exit(TaskState from, Cause cause) {
  if (from == TaskState::cancelled && cause == Cause::succeed) return TaskState::success;
  return next_state(from, cause);
}

/// A way that is missing is known only once every state has been seen: in a small world.
Bounds world_for(Invariant breaks) {
  if (breaks == Invariant::reaches_end) return {.faults = 1};
  return {.faults = 2, .cancels = 1, .retries = 1};
}

Variant without(std::string name, bool Rules::*protection, Invariant breaks) {
  Variant variant{std::move(name), {}, world_for(breaks), breaks};
  variant.rules.*protection = false;
  return variant;
}

Variant with_table(std::string name, NextState next, Invariant breaks) {
  Variant variant{std::move(name), {}, world_for(breaks), breaks};
  variant.rules.next = next;
  return variant;
}

}  // namespace

std::string_view to_string(Invariant invariant) {
  return kNames[static_cast<std::size_t>(invariant)];
}

const std::vector<Bounds>& standard_worlds() {
  static const std::vector<Bounds> all = {
      {.faults = 2},
      {.faults = 1, .retries = 1},
      {.faults = 1, .cancels = 1, .defers = 1},
      {.faults = 0, .cancels = 1, .retries = 1, .defers = 1},
      {.faults = 1, .cancels = 1, .holds = 1},
  };
  return all;
}

const std::vector<Variant>& broken_variants() {
  static const std::vector<Variant> all = [] {
    std::vector<Variant> list = {
        without("EpochFence", &Rules::epoch_fence, Invariant::fenced_engine),
        without("ExactlyOnce", &Rules::exactly_once, Invariant::by_the_table),
        without("AttemptFence", &Rules::attempt_fence, Invariant::current_attempt),
        without("CancelFence", &Rules::cancel_fence, Invariant::terminal_final),
        without("SelfFence", &Rules::self_fence, Invariant::one_leader),
        without("LeaseExpiry", &Rules::lease_expiry, Invariant::one_leader),
        without("Recovery", &Rules::recovery, Invariant::reaches_end),
        without("DurableFirst", &Rules::durable_first, Invariant::durable_first),
        without("RetryGuard", &Rules::retry_guard, Invariant::edges),
        without("Deadline", &Rules::deadline, Invariant::reaches_end),
        without("WaitForEnd", &Rules::wait_for_end, Invariant::alone),
        with_table("WayBackFromADeadEngine", &without_loss, Invariant::by_the_table),
    };
    Variant exit = with_table("FinalityOfEnds", &with_an_exit, Invariant::terminal_final);
    exit.rules.cancel_fence = false;  // the planner would believe such a table
    list.push_back(std::move(exit));
    Variant call = without("CallFence", &Rules::call_fence, Invariant::current_attempt);
    call.bounds = {.faults = 1, .defers = 1};  // only a deferred attempt has a second call
    list.push_back(std::move(call));
    Variant resume = without("Resume", &Rules::resume, Invariant::reaches_end);
    resume.bounds = {.faults = 0, .holds = 1};
    list.push_back(std::move(resume));
    return list;
  }();
  return all;
}

}  // namespace millrace::model
