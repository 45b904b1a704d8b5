// State: everything that is true at one instant of a world of two engines, one store, and one run
// of two tasks, `a` and then `b`. Every field is one byte, so that a state is its bytes.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "tests/model/rules.h"

namespace millrace::model {

inline constexpr int kEngines = 2, kTasks = 2, kRetries = 1;
using Byte = std::uint8_t;

struct Task {
  TaskState state = TaskState::pending;
  Byte attempt = 0, epoch = 0, call = 0, failures = 0;
  Byte dispatched = 0;  // queued: the executor may begin the attempt
};

/// What the journal folds to; an engine in office has a copy, by which it decides.
struct Plan {
  std::array<Task, kTasks> tasks;
};

enum class Act : Byte { none, recover, dispatch, give_back, start, outcome, cancel, clear, resume };

/// One batch.
struct Decision {
  Act act = Act::none;
  Byte task = 0;
  Cause cause = Cause::enqueue;  // of an outcome
  // Which is dispatched or starts, or of which it is the outcome.
  Byte attempt = 0, epoch = 0, call = 0;
};

enum class Work : Byte { none, waiting, busy, hung, done, died, unbegun };

/// A runner process with its attempt; `done`, `died` and `unbegun` wait to be reported.
struct Runner {
  Work work = Work::none;
  Byte attempt = 0, epoch = 0, call = 0;
};

enum class Life : Byte {
  idle,  // up, and not in office
  leads,
  frozen,  // in office and stopped, as by SIGSTOP; its runners go on
  waking,  // was frozen for longer than its lease, and does not know it yet
};

struct Engine {
  Life life = Life::idle;
  Byte epoch = 0;
  Byte valid = 0;      // by its own clock its lease runs
  Byte recovered = 0;  // it has looked after the attempts of former epochs
  Plan plan;
  std::array<Runner, kTasks> runners;
  std::array<Runner, kTasks> late;     // results that come too late, or again
  std::array<Runner, kTasks> leaving;  // cancelled attempts whose processes still live
  Decision unsure;                     // sent and, in truth, committed; the answer was lost
};

struct State {
  Plan journal;
  std::array<Byte, kTasks> accepted{};  // attempts that have an outcome, as bits
  Byte epoch = 0, owner = kEngines, lease_runs = 0;
  std::array<Engine, kEngines> engines;
  Byte faults = 0, cancels = 0, retries = 0, defers = 0, holds = 0;  // how many may still come
  Invariant broken = Invariant::none;

  std::string_view bytes() const { return {reinterpret_cast<const char*>(this), sizeof *this}; }
  friend bool operator==(const State& a, const State& b) { return a.bytes() == b.bytes(); }
};
static_assert(std::has_unique_object_representations_v<State>, "a state is compared by its bytes");

inline bool in_office(const Engine& engine) { return engine.life != Life::idle; }
inline bool has_ended(const State& state) {
  return is_end(state.journal.tasks[0].state) && is_end(state.journal.tasks[1].state);
}

}  // namespace millrace::model
