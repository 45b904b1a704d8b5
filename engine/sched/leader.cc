#include "engine/sched/leader.h"

#include <algorithm>
#include <cassert>
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

/// It changes only when somebody sets the clock, or the machine sleeps.
Duration wall_ahead(Time now, const Clock& clock) {
  return now.time_since_epoch() -
         std::chrono::duration_cast<Duration>(clock.steady().time_since_epoch());
}

}  // namespace

Leader::Leader(PlannerOptions options, const Lease& lease, Stores stores, Executor& executor,
               const Clock& clock, Rng rng)
    : lease_(lease),
      stores_(stores),
      executor_(executor),
      clock_(clock),
      planner_(std::move(options), lease.epoch, rng),
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
  MR_TRY(const auto dags, stores_.runs.dags());
  DagCache cache(stores_.runs);
  // All of them before any of what stays with them: soon the DAGs of the files take their place,
  // and what they leave free should lie together.
  std::vector<std::shared_ptr<const Dag>> compiled;
  for (const auto& row : dags) {
    MR_TRY(DagSpec spec, Dag::spec_from_json(row.spec));
    MR_TRY(Dag dag, Dag::make(std::move(spec)));
    compiled.push_back(std::make_shared<const Dag>(std::move(dag)));
    cache.put(compiled.back());
  }
  for (std::size_t i = 0; i < dags.size(); ++i) {
    const DagRow& row = dags[i];
    DagState state;
    state.dag = std::move(compiled[i]);
    state.source = row.source;
    state.base_dir = row.base_dir;
    state.paused = row.paused;
    state.registered_at = row.registered_at;
    state.cursor = row.last_logical_date;
    planner_.restore_dag(std::move(state));
  }
  MR_TRY(const auto open, stores_.runs.open_runs());
  for (const auto& row : open) {
    MR_TRY(Run run, load_run(stores_.journal, cache, row.run));
    planner_.restore_run(std::move(run));
  }
  MR_CHECK(restore_models());
  planner_.recover(clock_.now());
  pass(FaultPoint::office_taken);
  return {};
}

Status Leader::restore_models() {
  MR_TRY(const auto deployable, stores_.registry.deployable());
  MR_TRY(const auto deployments, stores_.serving.deployments());
  std::map<std::string, ModelState> models;
  for (const auto& row : deployable) {
    ModelState& state = models[row.model];
    if (row.registered) state.versions.insert(row.artifact);
    if (!row.not_shipped.empty()) state.not_shipped.emplace(row.artifact, row.not_shipped);
  }
  for (const auto& row : deployments)
    models[row.model].serving = {row.champion, row.candidate, row.weight, row.last_good, row.owner};
  for (auto& [model, state] : models) planner_.restore_model(model, std::move(state));
  return {};
}

Result<StepReport> Leader::step(std::vector<Input> inputs) {
  assert(batch_.events.empty() && "the last batch is not durable yet");
  const Time now = clock_.now();
  notice_a_set_clock(now);
  for (const auto& input : inputs) plan(input, now);
  if (commands_waiting_) MR_CHECK(take_commands(now));
  planner_.tick(now);
  batch_ = cut_batch();
  for (auto& action : planner_.take_actions()) actions_.push_back(std::move(action));
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
  } else if (const auto* dag = std::get_if<RegisterDag>(&input)) {
    if (const auto status = planner_.register_dag(*dag, now); !status)
      log::warning("a DAG was refused",
                   {{"dag", dag->dag->id()}, {"error", status.error().message}});
  } else if (const auto* file = std::get_if<ReportDagFile>(&input)) {
    if (const auto status = planner_.report_dag_file(*file, now); !status)
      log::warning("a DAG file's report was refused",
                   {{"file", file->source}, {"error", status.error().message}});
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
