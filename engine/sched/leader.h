// Leader: one engine's term of leadership. It turns inputs into events, makes them durable in one
// transaction, and only then lets their actions happen. No threads and no waiting of its own, so
// that the simulation drives the very same code.
//
// A Leader whose journal refuses it (`fenced`), or cannot say what happened, is thrown away; the
// next one starts from the journal. Not thread-safe: owned by the engine loop.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "engine/base/clock.h"
#include "engine/core/planner.h"
#include "engine/sched/commands_seen.h"
#include "engine/store/load_run.h"
#include "engine/store/store.h"

namespace millrace {

/// The inbox may hold something new.
struct CommandsWaiting {};

using Input = std::variant<AttemptResult, AttemptBegan, AttemptSaved, RegisterDag, SyncDags,
                           CommandsWaiting, AcceptedCommand>;

/// What a step did, for metrics and for who follows the journal in this process.
struct StepReport {
  std::size_t events = 0;
  std::size_t actions = 0;
  Duration commit{};           // of the transaction; zero: there was nothing to write
  std::vector<Event> durable;  // the events themselves
};

class Leader {
 public:
  /// Reads the DAGs and every open run from the store. Attempts of former epochs are queued again
  /// with the first step.
  static Result<std::unique_ptr<Leader>> take_office(PlannerOptions options, const Lease& lease,
                                                     Stores stores, Executor& executor,
                                                     const Clock& clock, Rng rng);

  /// Plans the inputs and whatever is due at the clock's time, and commits. An error means nothing
  /// more than that the batch is not known to be durable: `unavailable` → call `retry`; anything
  /// else → this term is over. REQUIRES: the last step or retry succeeded.
  Result<StepReport> step(std::vector<Input> inputs);
  /// Sends the batch of the failed step again.
  Result<StepReport> retry();

  /// From now on no attempt begins, also none that has been dispatched.
  void hold_starts() {
    planner_.hold_starts();
    executor_.hold();
  }

  /// When a step without inputs has something to do; nullopt: not before the next input.
  std::optional<Time> next_wakeup() const { return planner_.next_wakeup(); }
  /// How long `step` may be put off for more inputs, as long as all of them can wait.
  Duration slack() const { return planner_.slack(); }
  bool can_wait(const Input& input) const;
  const Planner& planner() const { return planner_; }
  std::int64_t epoch() const { return lease_.epoch; }
  std::int64_t last_seq() const { return last_seq_; }

 private:
  Leader(PlannerOptions options, const Lease& lease, Stores stores, Executor& executor,
         const Clock& clock, Rng rng);
  Status restore();
  Status restore_models();
  Status restore_dags(DagCache& cache);
  Status restore_runs(DagCache& cache);
  Status restore_backfills();
  Status restore_ended_children(DagCache& cache);
  Status restore_rest();
  Status raise_alert(const std::string& name_space, const std::string& title,
                     const std::string& text);
  void notice_a_set_clock(Time now);
  void read_scheduled_dates(Time now);
  void plan(const Input& input, Time now);
  void take_handed_over(const AcceptedCommand& accepted, Time now);
  Status take_commands(Time now);
  void handle(const Command& command, Time now);
  Batch cut_batch();
  Result<StepReport> commit();
  void carry_out();

  Lease lease_;
  Stores stores_;
  Executor& executor_;
  const Clock& clock_;
  Planner planner_;
  std::int64_t last_seq_ = 0;
  bool commands_waiting_ = true;
  CommandsSeen seen_;
  Duration wall_ahead_;          // of the clock's steady time, when it was last compared
  Batch batch_;                  // cut and not yet durable
  std::vector<Action> actions_;  // to be carried out once it is
};

}  // namespace millrace
