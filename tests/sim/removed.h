// The protections that a test removes one at a time, to prove that each is needed and that its
// absence is noticed.
#pragma once

#include <cstdint>

namespace millrace::sim {

enum class Removed : std::uint8_t {
  nothing,
  epoch_fence,             // the journal takes batches of any epoch
  exactly_once_append,     // a batch that is sent again is appended again
  attempt_fence,           // a late result passes for one of the current attempt
  effect_transaction,      // alerts are written after the batch, not with it
  projection_transaction,  // rows of tasks are written after the batch, and sometimes not at all
  command_once,            // commands are acknowledged apart from what they did
  hand_over_age,           // a command that was handed over late passes for a new one
  idempotency_key,         // a repeated request is a new one
  one_run_per_date,        // neither the cursor of a schedule nor the journal knows what has run
  slot_limit,              // the planner believes in more slots than there are
  deadline,                // an attempt may hang for ever
  lease_expiry,            // a lease is given away while it runs
  self_fence,              // an engine whose lease ran out goes on
  durable_first,           // what could not be stored is carried out all the same
  recovery,                // a new leader does not look for open runs
};

}  // namespace millrace::sim
