// An Executor on simulated time: an attempt in a process begins when one of the slots is free, and
// ends when steady time passes its end or its deadline, with an outcome drawn from the seed and the
// attempt's own name. It writes the side table that the oracle compares the journal with.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "engine/core/executor.h"
#include "tests/oracle/oracle.h"
#include "tests/sim/clock.h"

namespace millrace::sim {

/// Attempts that are waiting or under way.
struct Workplace {
  struct Running {
    std::optional<Duration> end;  // nullopt: it hangs, and only its deadline ends it
    AttemptResult result;
    std::string mark;
    bool in_thread;
  };
  std::map<std::pair<int, std::uint64_t>, StartAttempt> waiting;  // by urgency, then order
  std::uint64_t next_order = 0;
  std::map<AttemptKey, Running> running;
  std::map<AttemptKey, AttemptResult> ended;  // of a shared one: who adopts them asks again
  const void* in_charge = nullptr;  // the executor that adopted last; only it begins attempts
};

class FakeExecutor final : public Executor {
 public:
  /// `shared`: engines come and go, and the attempts there go on; nullptr: they end with the
  /// engine.
  FakeExecutor(const SimClock& clock, std::uint64_t seed, int slots, oracle::Witness& witness,
               std::shared_ptr<Workplace> shared)
      : clock_(clock),
        seed_(seed),
        slots_(slots),
        witness_(witness),
        survives_(shared != nullptr),
        place_(shared ? std::move(shared) : std::make_shared<Workplace>()) {}

  void on_report(Report) override {}
  void start(std::vector<StartAttempt> attempts) override;
  void cancel(const AttemptKey& key, bool at_once) override;
  void kill_all() override;
  bool survives_leader() const override { return survives_; }
  void adopt(std::vector<AttemptKey> attempts) override;

  /// One runner dies under its attempt; false: none is busy.
  bool kill_runner(Rng& rng);
  /// How long until the next attempt ends; nullopt: none will.
  std::optional<Duration> until_next_end() const;
  /// Which attempts have begun and ended by now; with `chaotic` some reports are held back and some
  /// come twice. A slot is free for the next one when the end of the last is reported.
  std::vector<AttemptReport> take_reports(Rng& rng, bool chaotic);
  /// Attempts are under way that end with the engine.
  bool busy() const { return !survives_ && (!place_->running.empty() || !place_->waiting.empty()); }

 private:
  void begin(const StartAttempt& attempt);
  void begin_some();
  int busy_slots() const;
  void end_waiting(const AttemptKey& key, Error error);
  bool is_due(const Workplace::Running& running) const {
    return running.end && *running.end <= clock_.passed();
  }

  const SimClock& clock_;
  std::uint64_t seed_;
  int slots_;
  oracle::Witness& witness_;
  const bool survives_;
  const std::shared_ptr<Workplace> place_;
  std::set<AttemptKey> wanted_;         // whose result is still to be reported
  std::vector<AttemptReport> reports_;  // of begins, and of what never began
  std::vector<AttemptResult> echoes_;   // reported once already
};

}  // namespace millrace::sim
