// One simulated world: two engines on one store, with the production planner and leader, a clock
// that is moved by hand, and everything that can go wrong drawn from a seed: crashes at every store
// call, unknown outcomes, frozen engines that wake up late, expired leases, dead runners, users who
// trigger, cancel and retry.
#pragma once

#include <cstdint>
#include <string>

namespace millrace::sim {

/// A protection that a test removes, to prove that the oracle misses nothing without it.
enum class Removed { nothing, journal_fence, attempt_fence, exactly_once_append };

struct Options {
  std::uint64_t seed = 1;
  int chaos_steps = 400;
  Removed removed = Removed::nothing;
};

struct Verdict {
  std::string violation;  // "" when every promise held
  int runs = 0, tasks = 0, events = 0, crashes = 0, takeovers = 0, store_faults = 0, attempts = 0;
};

/// The same options give the same verdict, always.
Verdict simulate(const Options& options);

}  // namespace millrace::sim
