// Rules of the modelled engine: what protects it, each of which a test may take away, and the
// transition table of the real one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/task_state.h"

namespace millrace::model {

using NextState = std::optional<TaskState> (*)(TaskState, Cause);

/// As the engine is.
struct Rules {
  NextState next = &millrace::next_state;
  bool epoch_fence = true;    // the journal takes batches of the newest epoch alone
  bool exactly_once = true;   // a batch that is sent again has no second effect
  bool attempt_fence = true;  // a result must be of the current attempt and epoch
  bool call_fence = true;     // and of its present call: a deferred attempt is called again
  bool cancel_fence = true;   // a result of a task that was cancelled meanwhile is refused
  bool self_fence = true;     // whose lease ran out stops before another can have it
  bool lease_expiry = true;   // a lease is not given away while it runs
  bool recovery = true;       // a new leader queues again what the old one had under way
  bool durable_first = true;  // an attempt runs only once its start is in the journal
  bool retry_guard = true;    // no retry of a task while what needs it is under way
  bool deadline = true;       // an attempt that hangs is ended
  bool resume = true;         // a person may resume a held task
  bool wait_for_end = true;   // no attempt begins while one of its task still lives
};

/// How much may happen in the world at most; the more, the more states.
struct Bounds {
  int faults = 1;  // deaths, freezes, hangs, lost answers, repeated results, leases that lapse
  int cancels = 0, retries = 0, defers = 0, holds = 0;
  std::size_t most_states = 5'000'000;
};

/// Small enough to be explored whole in seconds, and together all that the model knows.
const std::vector<Bounds>& standard_worlds();

/// What must hold in every state that can be reached.
enum class Invariant : std::uint8_t {
  none,
  by_the_table,     // tasks move by the table alone
  terminal_final,   // an end is left only by a user's retry
  one_outcome,      // an attempt has at most one accepted outcome
  current_attempt,  // no outcome is accepted once a newer attempt, or call of it, has begun
  fenced_engine,    // nothing of an engine is accepted once another has taken over
  edges,            // a task is under way only after what it needs has succeeded
  one_leader,       // no attempt of a former leader runs beside the newest one's
  durable_first,    // no attempt runs that the journal does not know
  alone,            // no attempt runs while another of its task, of the same engine, still lives
  reaches_end,      // from everywhere the run can still come to its end: no deadlock, no livelock
};
std::string_view to_string(Invariant invariant);

/// The engine without one of its protections, and what is to go wrong then.
struct Variant {
  std::string name;
  Rules rules;
  Bounds bounds;
  Invariant breaks = Invariant::none;
};
const std::vector<Variant>& broken_variants();

}  // namespace millrace::model
