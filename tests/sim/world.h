// One simulated world: two engines on one store, with the production planner and leader, a clock
// that is moved by hand, and everything that can go wrong drawn from a seed: crashes, calls of the
// store that fail before or after they did their work, that are slow, or whose work is done long
// after they were given up; frozen engines that wake up late, expired leases, resignations, runners
// that die, reports that come late, twice and out of order, a wall clock that is set an hour either
// way, DAG files that change, users who trigger, cancel, retry and repeat themselves.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "tests/oracle/oracle.h"
#include "tests/sim/removed.h"
#include "tests/sim/script.h"

namespace millrace::sim {

struct Options {
  std::uint64_t seed = 1;
  int chaos_steps = 400;
  Removed removed = Removed::nothing;
  std::set<Decision> left_out = {};  // of the script
  bool record = false;               // keep the script
};

/// How often each thing happened.
struct Chaos {
  int crashes = 0, resignations = 0, freezes = 0, runner_deaths = 0, clock_jumps = 0, takeovers = 0;
  int store_faults = 0, slow_calls = 0, late_appends = 0, deploys = 0;
};

struct Verdict {
  std::string violation;  // "" when every promise held; else "rule: what"
  oracle::Tally tally;
  Chaos chaos;
  // With Options::record:
  std::vector<Line> script;
  std::vector<std::string> journal;  // one event a line
};

/// The same options give the same verdict, always.
Verdict simulate(const Options& options);

/// "one_outcome" of "one_outcome: event 17: …".
std::string rule_of(const Verdict& verdict);

}  // namespace millrace::sim
