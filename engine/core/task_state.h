// The life of a task instance: every state, and every way from one to the next. This table is the
// only place that knows them; the SQL constraint, the docs' diagram and the dashboard are compared
// with it by tests.
//
// A user's retry of an ended task does not leave the end: it begins a new instance (TasksCleared),
// whose attempt numbers go on where the old one's stopped.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace millrace {

enum class TaskState : std::uint8_t {
  pending,       // waits for its upstream, or as an item for its turn
  queued,        // may run; waits for a slot
  running,       // an attempt is under way
  deferred,      // waits for a time, an event or its next iteration, holding no slot
  up_for_retry,  // an attempt failed; the next one is due later
  held,          // an attempt failed and none is left; waits for a person
  success,
  failed,
  skipped,          // a condition or an operator said so
  upstream_failed,  // can never start
  cancelled,
};
inline constexpr int kTaskStateCount = 11;

constexpr std::array<std::string_view, kTaskStateCount> names_of(TaskState) {
  return {"pending", "queued", "running", "deferred",        "up_for_retry", "held",
          "success", "failed", "skipped", "upstream_failed", "cancelled"};
}
constexpr std::string_view title_of(TaskState) { return "TaskState"; }

enum class Cause : std::uint8_t {
  enqueue,  // upstream is done, a wait or hold is over, or an attempt was lost
  start,    // a slot was free
  succeed,
  fail,        // no retry left, or none would help
  fail_retry,  // to be tried again later
  hold,        // as `fail`, and a person decides how it goes on
  defer,
  skip,
  upstream_fail,
  cancel,
};

struct Transition {
  TaskState from;
  Cause cause;
  TaskState to;
};

inline constexpr std::array kTransitions = {
    Transition{TaskState::pending, Cause::enqueue, TaskState::queued},
    Transition{TaskState::pending, Cause::start, TaskState::running},
    Transition{TaskState::pending, Cause::fail,
               TaskState::failed},  // its parameters cannot be evaluated
    Transition{TaskState::pending, Cause::skip, TaskState::skipped},
    Transition{TaskState::pending, Cause::upstream_fail, TaskState::upstream_failed},
    Transition{TaskState::pending, Cause::cancel, TaskState::cancelled},
    Transition{TaskState::queued, Cause::start, TaskState::running},
    Transition{TaskState::queued, Cause::fail, TaskState::failed},
    Transition{TaskState::queued, Cause::hold,
               TaskState::held},  // its engine died, and may have begun it
    Transition{TaskState::queued, Cause::cancel, TaskState::cancelled},
    Transition{TaskState::running, Cause::succeed, TaskState::success},
    Transition{TaskState::running, Cause::fail, TaskState::failed},
    Transition{TaskState::running, Cause::fail_retry, TaskState::up_for_retry},
    Transition{TaskState::running, Cause::hold, TaskState::held},
    Transition{TaskState::running, Cause::defer, TaskState::deferred},
    Transition{TaskState::running, Cause::skip, TaskState::skipped},
    Transition{TaskState::running, Cause::enqueue, TaskState::queued},  // its engine died
    Transition{TaskState::running, Cause::cancel, TaskState::cancelled},
    Transition{TaskState::deferred, Cause::enqueue, TaskState::queued},
    Transition{TaskState::deferred, Cause::start, TaskState::running},
    Transition{TaskState::deferred, Cause::fail, TaskState::failed},
    Transition{TaskState::deferred, Cause::cancel, TaskState::cancelled},
    Transition{TaskState::up_for_retry, Cause::enqueue, TaskState::queued},
    Transition{TaskState::up_for_retry, Cause::start, TaskState::running},
    Transition{TaskState::up_for_retry, Cause::fail, TaskState::failed},
    Transition{TaskState::up_for_retry, Cause::cancel, TaskState::cancelled},
    Transition{TaskState::held, Cause::enqueue, TaskState::queued},
    Transition{TaskState::held, Cause::fail, TaskState::failed},
    Transition{TaskState::held, Cause::cancel, TaskState::cancelled},
};

constexpr bool is_end(TaskState state) { return state >= TaskState::success; }

/// nullopt: the table has no such way.
constexpr std::optional<TaskState> next_state(TaskState from, Cause cause) {
  for (const auto& t : kTransitions)
    if (t.from == from && t.cause == cause) return t.to;
  return std::nullopt;
}

std::string_view to_string(TaskState state);
std::string_view to_string(Cause cause);

namespace detail {

constexpr bool is_deterministic() {
  for (std::size_t i = 0; i < kTransitions.size(); ++i)
    for (std::size_t j = i + 1; j < kTransitions.size(); ++j)
      if (kTransitions[i].from == kTransitions[j].from &&
          kTransitions[i].cause == kTransitions[j].cause)
        return false;
  return true;
}

constexpr bool ends_have_no_exits() {
  for (const auto& t : kTransitions)
    if (is_end(t.from)) return false;
  return true;
}

constexpr bool every_state_reaches_an_end() {
  std::array<bool, kTaskStateCount> reaches{};
  for (int s = 0; s < kTaskStateCount; ++s) reaches[s] = is_end(static_cast<TaskState>(s));
  for (int round = 0; round < kTaskStateCount; ++round)
    for (const auto& t : kTransitions)
      if (reaches[static_cast<int>(t.to)]) reaches[static_cast<int>(t.from)] = true;
  for (const bool r : reaches)
    if (!r) return false;
  return true;
}

constexpr bool every_state_is_reachable() {
  std::array<bool, kTaskStateCount> reached{};
  reached[static_cast<int>(TaskState::pending)] = true;
  for (int round = 0; round < kTaskStateCount; ++round)
    for (const auto& t : kTransitions)
      if (reached[static_cast<int>(t.from)]) reached[static_cast<int>(t.to)] = true;
  for (const bool r : reached)
    if (!r) return false;
  return true;
}

static_assert(is_deterministic(), "a state has two ways for one cause");
static_assert(ends_have_no_exits(), "an end has an exit");
static_assert(every_state_reaches_an_end(), "a state can never end");
static_assert(every_state_is_reachable(), "a state can never be reached");

}  // namespace detail
}  // namespace millrace
