// SimEngine: one engine process of the simulated world: the production Leader, and around it what
// Engine and LeaseKeeper do with their threads, turn by turn.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/sched/leader.h"
#include "tests/sim/executor.h"

namespace millrace::sim {

struct SimEngine {
  SimEngine(int number, const SimClock& clock, std::uint64_t seed, int slots,
            oracle::Witness& witness, std::shared_ptr<Workplace> shared)
      : name("engine" + std::to_string(number)),
        executor(clock, seed, slots, witness, std::move(shared)) {}

  std::string name;
  FakeExecutor executor;
  std::unique_ptr<Leader> leader;
  std::vector<Input> inputs;
  std::vector<AcceptedCommand> late_commands;  // accepted here, and not yet handed over
  bool must_retry = false;

  // Of the lease, in steady time.
  bool has_lease = false;
  bool lost = false;  // the keeper gave it up; the loop has not noticed yet
  std::int64_t epoch = 0;
  Duration valid_until{}, next_renewal{};

  Duration frozen_until{};  // as by SIGSTOP: its runners go on, itself it does nothing

  /// The term of leadership ends; the process lives, and results of the old term are still to come.
  void leave_office() {
    std::erase_if(inputs, [](const Input& i) {
      return !std::holds_alternative<AttemptResult>(i) &&
             !std::holds_alternative<AttemptBegan>(i) && !std::holds_alternative<AttemptSaved>(i);
    });
    executor.kill_all();
    leader.reset();
    must_retry = has_lease = lost = false;
  }
  /// As by kill -9; the next process begins with nothing.
  void crash() {
    leave_office();
    inputs.clear();
    late_commands.clear();
    frozen_until = {};
  }
};

}  // namespace millrace::sim
