// Backfills: which of their dates get a run now, and when they are over.
#include <algorithm>

#include "engine/core/planner.h"

namespace millrace {
namespace {

/// The most runs that one step creates; the next step goes on at once.
constexpr int kMostRunsPerStep = 100;

Error no_backfill(const Uuid& backfill) {
  return conflict("backfill " + backfill.to_string() + " is not open");
}

}  // namespace

void Planner::restore_backfill(Backfill backfill) { backfills_.add(std::move(backfill)); }

Result<std::vector<Time>> Planner::backfill_dates(const CreateBackfill& input, const Caller& caller,
                                                  Time now) {
  MR_TRY(const DagState* const state, find_startable({caller.namespace_, input.dag}));
  return millrace::backfill_dates(*state->dag, input, now);
}

/// What the store does not know yet: runs and backfills of this step.
void Planner::add_facts(const DagKey& dag, DateFacts& facts) const {
  for (auto& [date, fact] : facts) fact.backfill.reset();
  backfills_.add_waiting(dag, facts);
  for (const Uuid& id : runs_.ids()) {
    const Run& run = *runs_.find(id);
    if (run.created.dag != dag || !run.created.logical_date) continue;
    DateFact& fact = facts[*run.created.logical_date];
    if (!fact.run || *fact.run <= id) {
      fact.run = id;
      fact.status = run.status;
    }
  }
}

Result<CreateBackfill::Answer> Planner::create_backfill(const CreateBackfill& input, const Uuid& id,
                                                        DateFacts facts, const Caller& caller,
                                                        Time now) {
  MR_TRY(const std::vector<Time> dates, backfill_dates(input, caller, now));
  const DagKey dag(caller.namespace_, input.dag);
  add_facts(dag, facts);
  const std::vector<PlannedDate> plan = plan_backfill(dates, input, facts);
  MR_CHECK(check_not_empty(plan));
  Backfill fresh{.id = id,
                 .dag = dag,
                 .dates = dates_to_run(plan),
                 .max_active_runs = input.max_active_runs,
                 .params = input.params,
                 .origin = caller.origin};
  CreateBackfill::Answer answer{id, static_cast<int>(fresh.dates.size()), 0};
  answer.skipped = static_cast<int>(plan.size()) - answer.dates;
  emit(Uuid{}, now,
       BackfillCreated{id, dag, input.order, input.max_active_runs, input.reprocess, input.params,
                       fresh.dates, answer.skipped, caller.origin});
  backfills_.add(std::move(fresh));
  return answer;
}

/// One of the caller's namespace that is open.
Result<Backfill*> Planner::find_backfill(const Uuid& id, const Caller& caller) {
  Backfill* const found = backfills_.find(id);
  if (found == nullptr || found->dag.namespace_ != caller.namespace_) return no_backfill(id);
  return found;
}

Status Planner::pause_backfill(const PauseBackfill& input, const Caller& caller, Time now) {
  MR_TRY(Backfill* const found, find_backfill(input.backfill, caller));
  if (found->cancelling)
    return conflict("backfill " + input.backfill.to_string() + " is being cancelled");
  if (found->paused == input.paused) return {};
  found->paused = input.paused;
  emit(Uuid{}, now, BackfillPaused{found->id, input.paused, caller.origin});
  backfills_.stir();
  return {};
}

Status Planner::cancel_backfill(const CancelBackfill& input, const Caller& caller, Time now) {
  MR_TRY(Backfill* const found, find_backfill(input.backfill, caller));
  if (!found->cancelling) emit(Uuid{}, now, BackfillCancelRequested{found->id, caller.origin});
  found->cancelling = true;
  for (const Uuid& id : std::set<Uuid>(found->active))
    if (Run* const run = runs_.find_open(id); run != nullptr && !run->cancelling)
      cancel(*run, {caller.origin.principal.who, "its backfill is cancelled"}, false, now);
  backfills_.stir();
  fill_slots(now);
  return {};
}

/// Creates the runs that may begin, and ends backfills that are over.
void Planner::advance_backfills(Time now) {
  if (!backfills_.take_stirred() || !options_.only_dag.empty()) return;
  int most = kMostRunsPerStep;
  std::vector<Uuid> over;
  for (auto& [id, backfill] : backfills_.open()) {
    create_runs_of(backfill, most, now);
    if (!backfill.is_over()) continue;
    emit(Uuid{}, now,
         BackfillEnded{id,
                       backfill.cancelling ? BackfillState::cancelled : BackfillState::completed});
    over.push_back(id);
  }
  for (const Uuid& id : over) backfills_.remove(id);
  // Runs that ended at once have stirred them, and each of them has been looked at since.
  static_cast<void>(backfills_.take_stirred());
  if (most <= 0) backfills_.stir();
}

/// A DAG that is retired or out of order stops its backfills until a file declares it again.
void Planner::create_runs_of(Backfill& backfill, int& most, Time now) {
  while (most > 0 && backfill.wants_run()) {
    const auto dag = find_startable(backfill.dag);
    if (!dag) return;
    auto params = (*dag)->dag->resolve_params(backfill.params);
    if (!params) {
      backfill.paused = true;
      emit(Uuid{}, now, BackfillPaused{backfill.id, true, {"engine", params.error().message}});
      return;
    }
    --most;
    create_run({.id = ids_.next(now, rng_),
                .type = RunType::backfill,
                .logical_date = backfill.dates[backfill.next++],
                .params = *std::move(params),
                .backfill = backfill.id,
                .origin = backfill.origin},
               **dag, now);
  }
}

}  // namespace millrace
