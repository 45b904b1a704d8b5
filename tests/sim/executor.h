// An Executor on simulated time: an attempt ends when steady time passes its end, with an outcome
// drawn from the seed and the attempt's own name. It writes the side table that the oracle compares
// the journal with.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "engine/core/executor.h"
#include "tests/oracle/oracle.h"
#include "tests/sim/clock.h"

namespace millrace::sim {

class FakeExecutor final : public Executor {
 public:
  FakeExecutor(const SimClock& clock, std::uint64_t seed, oracle::Witness& witness)
      : clock_(clock), seed_(seed), witness_(witness) {}

  void on_report(Report) override {}
  void start(std::vector<StartAttempt> attempts) override;
  void cancel(const AttemptKey& key) override;
  void kill_all() override { running_.clear(); }

  /// One runner dies under its attempt; false: none is busy.
  bool kill_runner(Rng& rng);
  /// How long until the next attempt ends; nullopt: none will.
  std::optional<Duration> until_next_end() const;
  /// Attempts that have ended by now, in an order drawn from `rng`; with `chaotic` some reports are
  /// held back and some come twice.
  std::vector<AttemptResult> take_ended(Rng& rng, bool chaotic);
  bool busy() const { return !running_.empty(); }

 private:
  struct Running {
    std::optional<Duration> end;  // nullopt: it hangs, and only its deadline ends it
    AttemptResult result;
    std::string mark;
  };

  const SimClock& clock_;
  std::uint64_t seed_;
  oracle::Witness& witness_;
  std::map<AttemptKey, Running> running_;
  std::vector<AttemptResult> echoes_;  // reported once already
};

}  // namespace millrace::sim
