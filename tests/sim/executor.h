// An Executor on simulated time: an attempt in a process begins when one of the slots is free, and
// ends when steady time passes its end or its deadline, with an outcome drawn from the seed and the
// attempt's own name. It writes the side table that the oracle compares the journal with.
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
  FakeExecutor(const SimClock& clock, std::uint64_t seed, int slots, oracle::Witness& witness)
      : clock_(clock), seed_(seed), slots_(slots), witness_(witness) {}

  void on_report(Report) override {}
  void start(std::vector<StartAttempt> attempts) override;
  void cancel(const AttemptKey& key, bool at_once) override;
  void kill_all() override {
    waiting_.clear();
    running_.clear();
    reports_.clear();
  }

  /// One runner dies under its attempt; false: none is busy.
  bool kill_runner(Rng& rng);
  /// How long until the next attempt ends; nullopt: none will.
  std::optional<Duration> until_next_end() const;
  /// Which attempts have begun and ended by now; with `chaotic` some reports are held back and some
  /// come twice. A slot is free for the next one when the end of the last is reported.
  std::vector<AttemptReport> take_reports(Rng& rng, bool chaotic);
  bool busy() const { return !running_.empty() || !waiting_.empty(); }

 private:
  struct Running {
    std::optional<Duration> end;  // nullopt: it hangs, and only its deadline ends it
    AttemptResult result;
    std::string mark;
    bool in_thread;
  };

  void begin(const StartAttempt& attempt);
  void begin_some();
  int busy_slots() const;

  const SimClock& clock_;
  std::uint64_t seed_;
  int slots_;
  oracle::Witness& witness_;
  std::map<std::pair<int, std::uint64_t>, StartAttempt> waiting_;  // by urgency, then order
  std::uint64_t next_order_ = 0;
  std::map<AttemptKey, Running> running_;
  std::vector<AttemptReport> reports_;  // of begins, and of what never began
  std::vector<AttemptResult> echoes_;   // reported once already
};

}  // namespace millrace::sim
