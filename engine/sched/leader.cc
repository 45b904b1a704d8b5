#include "engine/sched/leader.h"

#include <algorithm>
#include <cassert>
#include <iterator>
#include <map>

#include "engine/base/fault_point.h"
#include "engine/base/log.h"
#include "engine/sched/command.h"
#include "engine/store/load_run.h"
#include "engine/store/projection.h"

namespace millrace {
namespace {

constexpr std::size_t kCommandsPerStep = 1000;
/// Less may come of reading two clocks one after the other.
constexpr Duration kLeastStep = std::chrono::seconds{1};

/// It changes only when the clock is set, or the machine sleeps.
Duration wall_ahead(Time now, const Clock& clock) {
  return now.time_since_epoch() -
         std::chrono::duration_cast<Duration>(clock.steady().time_since_epoch());
}

PlannerOptions for_executor(PlannerOptions options, const Executor& executor) {
  for (PoolOptions& pool : options.pools) pool.survives_leader = executor.survives_leader();
  return options;
}

}  // namespace

Leader::Leader(PlannerOptions options, const Lease& lease, Stores stores, Executor& executor,
               const Clock& clock, Rng rng)
    : lease_(lease),
      stores_(stores),
      executor_(executor),
      clock_(clock),
      planner_(for_executor(std::move(options), executor), lease.epoch, rng),
      seen_(clock.steady()),
      wall_ahead_(wall_ahead(clock.now(), clock)) {}

Result<std::unique_ptr<Leader>> Leader::take_office(PlannerOptions options, const Lease& lease,
                                                    Stores stores, Executor& executor,
                                                    const Clock& clock, Rng rng) {
  std::unique_ptr<Leader> leader(
      new Leader(std::move(options), lease, stores, executor, clock, rng));
  MR_CHECK(leader->restore());
  return leader;
}

Status Leader::restore() {
  MR_TRY(last_seq_, stores_.journal.last_seq());
  DagCache cache(stores_.runs);
  MR_CHECK(restore_dags(cache));
  MR_CHECK(restore_runs(cache));
  MR_CHECK(restore_models());
  MR_CHECK(restore_backfills());
  MR_CHECK(restore_rest());
  auto adopted = planner_.recover(clock_.now());
  if (executor_.survives_leader()) executor_.adopt(std::move(adopted));
  pass(FaultPoint::office_taken);
  return {};
}

Status Leader::restore_models() {
  MR_TRY(const auto deployable, stores_.registry.deployable());
  MR_TRY(const auto deployments, stores_.serving.deployments());
  std::map<ModelKey, ModelState> models;
  for (const auto& row : deployable) {
    ModelState& state = models[row.model];
    if (row.registered) state.versions.insert(row.artifact);
    if (!row.not_shipped.empty()) state.not_shipped.emplace(row.artifact, row.not_shipped);
  }
  for (const auto& row : deployments)
    models[row.key()].serving = {row.champion, row.candidate, row.weight, row.last_good, row.owner};
  for (auto& [model, state] : models) planner_.restore_model(model, std::move(state));
  return {};
}

namespace {

/// Where a DAG stands, without its Dag.
DagState stored_state(const DagRow& row, const ScheduledDates& dates, Time now) {
  DagState state;
  state.source = row.source;
  state.base_dir = row.base_dir;
  state.paused = row.paused;
  state.retired = row.retired;
  state.out_of_order = row.out_of_order;
  state.schedule.registered_at = row.registered_at;
  state.schedule.from = row.schedule_from;
  state.schedule.all_until = row.schedule_all_until;
  const auto known = dates.find(row.key());
  take_dates(state.schedule, known == dates.end() ? std::vector<Time>() : known->second, now);
  return state;
}

}  // namespace

/// A DAG that cannot be compiled stops only itself.
Status Leader::restore_dags(DagCache& cache) {
  const Time now = clock_.now();
  MR_TRY(const auto rows, stores_.runs.dags());
  MR_TRY(const auto dates, stores_.runs.scheduled_dates(now));
  // All of them before any of what stays with them: soon the DAGs of the files take their place,
  // and what they leave free should lie together.
  std::vector<Result<std::shared_ptr<const Dag>>> compiled;
  for (const auto& row : rows) {
    compiled.push_back(compile_stored(row.spec));
    if (compiled.back()) cache.put(*compiled.back());
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    DagState state = stored_state(rows[i], dates, now);
    if (compiled[i]) {
      state.dag = *std::move(compiled[i]);
      planner_.restore_dag(std::move(state));
      continue;
    }
    const std::string& reason = compiled[i].error().message;
    log::error("a DAG is out of order", {{"dag", rows[i].key().text()}, {"error", reason}});
    planner_.restore_broken_dag(rows[i].key(), std::move(state), reason);
  }
  return {};
}

/// So does an open run that cannot be folded: it stays open for a program that can.
Status Leader::restore_runs(DagCache& cache) {
  MR_TRY(const auto open, stores_.runs.open_runs());
  for (const auto& row : open) {
    auto run = load_run(stores_.journal, cache, row.run);
    if (run) {
      planner_.restore_run(*std::move(run));
      continue;
    }
    if (run.error().transient()) return run.error();
    const std::string id = row.run.to_string();
    log::error("a run is out of order", {{"run", id}, {"error", run.error().message}});
    planner_.restore_broken_run(row.run, run.error().message);
    MR_CHECK(raise_alert(row.namespace_,
                         "run " + id + " of DAG '" + row.key().text() + "' is out of order",
                         run.error().message));
  }
  return restore_ended_children(cache);
}

/// Runs that have ended while the run whose task waits for them was out of order.
Status Leader::restore_ended_children(DagCache& cache) {
  for (const Uuid& id : planner_.open_run_ids()) {
    const Run& run = *planner_.find_run(id);
    for (const auto& [ref, child] : run.children) {
      if (run.awaited_by(ref) == nullptr || planner_.find_run(child.run) != nullptr) continue;
      const auto ended = load_run(stores_.journal, cache, child.run);
      if (ended && !is_open(ended->status)) planner_.restore_ended_child(*ended);
      if (!ended && ended.error().transient()) return ended.error();
    }
  }
  return {};
}

Status Leader::restore_backfills() {
  MR_TRY(const auto open, stores_.backfills.open_backfills());
  for (const BackfillRow& row : open) {
    Backfill backfill{.id = row.backfill,
                      .dag = row.key(),
                      .dates = {},
                      .max_active_runs = row.max_active_runs,
                      .params = row.params,
                      .origin = {row.actor, row.reason},
                      .paused = row.state == BackfillState::paused,
                      .cancelling = row.state == BackfillState::cancelling};
    backfill.origin.on_behalf_of = row.on_behalf_of;
    MR_TRY(const auto dates, stores_.backfills.dates(row.backfill, 0, kMostBackfillDates));
    for (const BackfillDateRow& date : dates) {
      backfill.dates.push_back(date.logical_date);
      backfill.next += date.run.has_value();  // runs are created in the order of the dates
      if (date.run && date.state == DateState::running) backfill.active.insert(*date.run);
    }
    planner_.restore_backfill(std::move(backfill));
  }
  return {};
}

Status Leader::restore_rest() {
  MR_TRY(const auto datasets, stores_.registry.datasets());
  for (const auto& row : datasets) {
    planner_.restore_dataset(row.key(), row.artifact);
    // Only an operator that updates a dataset sets its watermark.
    MR_TRY(const auto marks,
           stores_.registry.newest_rows<WatermarkRow>(1, {row.key().namespace_, row.key().name}));
    for (const auto& mark : marks) planner_.restore_watermark(row.key(), mark.value);
  }
  MR_TRY(const auto resources, stores_.runs.resources());
  for (const auto& row : resources)
    if (row.kind != "dag")
      planner_.restore_resource({row.kind, row.namespace_, row.name},
                                {row.version, row.source, row.retired});
  MR_TRY(const auto errors, stores_.runs.dag_file_errors());
  for (const auto& row : errors) planner_.restore_file_errors(row.source, row.diagnostics);
  return {};
}

/// Once: each term finds the same.
Status Leader::raise_alert(const std::string& name_space, const std::string& title,
                           const std::string& text) {
  constexpr std::size_t kLook = 500;
  MR_TRY(const auto alerts, stores_.registry.alerts(kLook));
  if (std::ranges::find(alerts, title, &AlertRow::title) != alerts.end()) return {};
  return planner_.request_effects({RaiseAlert{"error", title, text, ""}},
                                  {name_space, {"engine", text}}, clock_.now());
}

Result<StepReport> Leader::step(std::vector<Input> inputs) {
  assert(batch_.events.empty() && "the last batch is not durable yet");
  const Time now = clock_.now();
  notice_a_set_clock(now);
  if (!planner_.knows_scheduled_dates()) read_scheduled_dates(now);
  for (const auto& input : inputs) plan(input, now);
  if (commands_waiting_) MR_CHECK(take_commands(now));
  planner_.tick(now);
  batch_ = cut_batch();
  auto actions = planner_.take_actions();
  if (actions_.empty())
    actions_ = std::move(actions);
  else
    std::ranges::move(actions, std::back_inserter(actions_));
  return commit();
}

void Leader::notice_a_set_clock(Time now) {
  const Duration ahead = wall_ahead(now, clock_);
  const Duration by = ahead - wall_ahead_;
  if (std::chrono::abs(by) < kLeastStep) return;
  log::warning("the clock was set; what lasts goes on lasting as long",
               {{"seconds", static_cast<double>(by.count()) / 1e6}});
  planner_.clock_was_set(by);
  wall_ahead_ = ahead;
}

/// After the clock was set. If it fails, schedules wait, and the next step tries again.
void Leader::read_scheduled_dates(Time now) {
  if (const auto dates = stores_.runs.scheduled_dates(now))
    planner_.take_scheduled_dates(*dates, now);
  else
    log::warning("the dates of schedules cannot be read", {{"error", dates.error().message}});
}

bool Leader::can_wait(const Input& input) const {
  if (const auto* began = std::get_if<AttemptBegan>(&input)) return planner_.can_wait(began->key);
  const auto* result = std::get_if<AttemptResult>(&input);
  return result != nullptr && planner_.can_wait(result->key);
}

Result<StepReport> Leader::retry() { return commit(); }

void Leader::plan(const Input& input, Time now) {
  if (const auto* result = std::get_if<AttemptResult>(&input)) {
    planner_.complete(*result, now);
  } else if (const auto* began = std::get_if<AttemptBegan>(&input)) {
    planner_.began(*began, now);
  } else if (const auto* saved = std::get_if<AttemptSaved>(&input)) {
    planner_.saved(*saved, now);
  } else if (const auto* dag = std::get_if<RegisterDag>(&input)) {
    if (const auto status = planner_.register_dag(*dag, now); !status)
      log::warning("a DAG was refused",
                   {{"dag", dag->dag->key().text()}, {"error", status.error().message}});
  } else if (const auto* folder = std::get_if<SyncDags>(&input)) {
    planner_.sync_dags(*folder, now);
  } else if (const auto* accepted = std::get_if<AcceptedCommand>(&input)) {
    take_handed_over(*accepted, now);
  } else {
    commands_waiting_ = true;
  }
}

/// The common way of a command: from its submission in this process, without a look at the inbox.
void Leader::take_handed_over(const AcceptedCommand& accepted, Time now) {
  switch (seen_.hand_over(accepted.command.id, accepted.asked, clock_.steady())) {
    case CommandsSeen::HandOver::take:
      return handle(accepted.command, now);
    case CommandsSeen::HandOver::too_late:
      commands_waiting_ = true;
      return;
    case CommandsSeen::HandOver::seen:
      return;
  }
}

Status Leader::take_commands(Time now) {
  auto commands = stores_.inbox.pending(kCommandsPerStep);
  if (!commands) {  // they stay in the inbox; the next step asks again
    log::warning("the inbox cannot be read", {{"error", commands.error().message}});
    return {};
  }
  commands_waiting_ = commands->size() == kCommandsPerStep;
  for (const auto& command : *commands)
    if (seen_.read(command.id, clock_.steady())) handle(command, now);
  return {};
}

void Leader::handle(const Command& command, Time now) {
  planner_.command_handled(command.id, millrace::carry_out(command, planner_, stores_, now), now);
}

Batch Leader::cut_batch() {
  Batch batch;
  batch.epoch = lease_.epoch;
  batch.first_seq = last_seq_ + 1;
  batch.events = planner_.take_events();
  std::int64_t seq = last_seq_;
  for (auto& event : batch.events) {
    event.seq = ++seq;
    if (const Run* run = event.run.is_nil() ? nullptr : planner_.find_run(event.run))
      project(batch, event, *run);
  }
  planner_.forget_finished();
  return batch;
}

Result<StepReport> Leader::commit() {
  StepReport report;
  report.events = batch_.events.size();
  report.actions = actions_.size();
  if (!batch_.events.empty()) {
    pass(FaultPoint::step_planned);
    const auto before = clock_.steady();
    MR_CHECK(stores_.journal.append(batch_));
    pass(FaultPoint::journal_committed);
    report.commit = std::chrono::duration_cast<Duration>(clock_.steady() - before);
    last_seq_ += static_cast<std::int64_t>(batch_.events.size());
    report.durable = std::move(batch_.events);
    batch_ = {};
    seen_.answers_are_durable();
  }
  carry_out();
  return report;
}

void Leader::carry_out() {
  std::vector<StartAttempt> starts;
  starts.reserve(actions_.size());
  for (auto& action : actions_) {
    if (auto* start = std::get_if<StartAttempt>(&action)) {
      starts.push_back(std::move(*start));
      continue;
    }
    if (!starts.empty())
      executor_.start(std::exchange(starts, {}));  // a start must not overtake its cancellation
    const auto& cancelled = std::get<CancelAttempt>(action);
    executor_.cancel(cancelled.key, cancelled.at_once);
  }
  actions_.clear();
  if (starts.empty()) return;
  pass(FaultPoint::attempts_starting);
  executor_.start(std::move(starts));
}

}  // namespace millrace
