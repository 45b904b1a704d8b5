// Named places at which a test can have a process end as kill -9 would end it:
//   MILLRACE_FAULT=journal.committed:3:/tmp/token
// The third time that a process passes the place, it makes the file and is gone. Once: where the
// file exists already, nothing happens. Without the variable a place costs one load and a branch.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace millrace {

enum class FaultPoint {
  office_taken,         // the leader has restored the state of its shard
  step_planned,         // a batch is cut, nothing of it is written
  journal_written,      // inside the transaction of a batch with effects, before its commit
  journal_committed,    // the batch is durable, and not reported yet
  attempts_starting,    // durable; the attempts are about to be handed out
  attempt_sent,         // a runner has the command to start an attempt
  result_received,      // a runner's result has arrived, the planner has not seen it
  log_written,          // a piece of an attempt's log is stored
  command_submitted,    // a trigger is in the inbox, its sender has no answer
  lease_renewed,        // the lease has been renewed
  artifact_named,       // an artifact has its final name, nothing mentions it
  runner_attempt_read,  // in a runner: an attempt has been read, nothing is done
  runner_attempt_ran,   // in a runner: the operator has returned, the result is not sent
  runner_result_sent,   // in a runner: the result is in the socket
};

inline constexpr std::array<std::string_view, 14> kFaultPointNames = {
    "office.taken",       "step.planned",       "journal.written", "journal.committed",
    "attempts.starting",  "attempt.sent",       "result.received", "log.written",
    "command.submitted",  "lease.renewed",      "artifact.named",  "runner.attempt_read",
    "runner.attempt_ran", "runner.result_sent",
};

static_assert(kFaultPointNames.size() ==
              static_cast<std::size_t>(FaultPoint::runner_result_sent) + 1);

namespace detail {
extern const int g_armed_fault;  // a FaultPoint; -1: none
void pass_armed_fault();
}  // namespace detail

/// Thread-safe.
inline void pass(FaultPoint point) {
  if (detail::g_armed_fault == static_cast<int>(point)) [[unlikely]]
    detail::pass_armed_fault();
}

}  // namespace millrace
