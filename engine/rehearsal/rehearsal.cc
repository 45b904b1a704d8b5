#include "engine/rehearsal/rehearsal.h"

#include <algorithm>
#include <set>
#include <utility>

#include "engine/base/clock.h"
#include "engine/base/duration.h"
#include "engine/core/planner.h"
#include "engine/core/timetable_coming.h"
#include "engine/rehearsal/light_operators.h"

namespace millrace {
namespace {

/// The DAG as it is played: the given params are its defaults, and its schedule ends at `to`.
Result<std::shared_ptr<const Dag>> played_dag(const Dag& dag, const RehearsalOptions& options) {
  DagSpec spec = dag.spec();
  if (spec.schedule) spec.end = spec.end ? std::min(*spec.end, options.to) : options.to;
  for (auto& param : spec.params)
    if (const Json* given = options.params.find(param.name)) {
      MR_CHECK(check_param(param, *given));
      param.schema.set("default", *given);
    }
  MR_TRY(Dag made, Dag::make(std::move(spec)));
  return std::make_shared<const Dag>(std::move(made));
}

Status check_options(const Dag& dag, const RehearsalOptions& options) {
  if (options.to < options.from)
    return invalid_argument("the rehearsal ends at " + format_rfc3339(options.to) +
                            ", before it begins at " + format_rfc3339(options.from));
  if (options.to - options.from > options.max_span)
    return invalid_argument("the rehearsal takes " + format_duration(options.to - options.from) +
                            "; it may take at most " + format_duration(options.max_span));
  // Names and values; a param without a value is found later.
  for (const auto& [name, value] : options.params.members()) {
    const auto& declared = dag.spec().params;
    if (std::ranges::find(declared, name, &ParamSpec::name) == declared.end())
      return invalid_argument("DAG '" + dag.id() + "' has no param '" + name + "'");
  }
  return {};
}

PlannerOptions planner_options(const RehearsalOptions& options, const Catalog& catalog) {
  PlannerOptions out;
  for (auto& pool : out.pools) pool.begins_at_once = true;
  out.pool("process").slots = options.workers;
  out.executor_of = [&catalog](const std::string& op) { return catalog.executor_of(op); };
  return out;
}

/// One rehearsal: the planner, the virtual clock and the attempts that are under way.
class Stage {
 public:
  Stage(std::shared_ptr<const Dag> dag, const RehearsalOptions& options,
        const GivenOutcomes& outcomes, const Catalog& catalog)
      : dag_(std::move(dag)),
        options_(options),
        outcomes_(outcomes),
        catalog_(catalog),
        zone_(dag_->spec().schedule ? dag_->spec().schedule->time_zone : "UTC"),
        now_(options.from),
        planner_(planner_options(options, catalog), 1, Rng(options.seed)) {}

  Result<Rehearsal> play() {
    // A date that is `from` itself counts as well.
    MR_CHECK(planner_.register_dag({dag_, "", "", {}}, options_.from - Duration{1}));
    if (!dag_->timetable()) MR_CHECK(begin_run());
    for (int steps = 0;; ++steps) {
      planner_.tick(now_);
      take_events();
      start_and_cancel();
      planner_.forget_finished();
      if (events_ > options_.max_events || steps > options_.max_events) return too_many();
      const auto next = next_time();
      if (!next || *next > options_.to + options_.max_overrun) break;
      now_ = std::max(now_, *next);
      complete_due();
    }
    return std::move(out_);
  }

 private:
  struct Running {
    AttemptResult result;
    Duration grace{};  // how long it takes to end when it is cancelled
  };

  Status begin_run() {
    TriggerRun input{.dag = dag_->id(), .run = Uuid{1, 1}};
    input.logical_date = format_rfc3339(options_.from);
    const Caller caller(dag_->key().namespace_, {kLocalPrincipal, "millrace test"});
    MR_CHECK(planner_.trigger_run(input, caller, now_));
    return {};
  }

  Error too_many() const {
    return make_error(ErrorCode::resource_exhausted,
                      "the rehearsal has more than " + std::to_string(options_.max_events) +
                          " events at " + format_rfc3339(now_) + "; choose a shorter time");
  }

  std::optional<Time> next_time() const {
    auto next = planner_.next_wakeup();
    if (!due_.empty())
      next = std::min(next.value_or(due_.begin()->first.first), due_.begin()->first.first);
    return next;
  }

  void complete_due() {
    while (!due_.empty() && due_.begin()->first.first <= now_) {
      const AttemptKey key = due_.extract(due_.begin()).mapped();
      const auto found = running_.find(key);
      const AttemptResult result = std::move(found->second.result);
      running_.erase(found);
      planner_.complete(result, now_);
    }
  }

  void start_and_cancel() {
    for (auto& action : planner_.take_actions()) {
      if (const auto* start_it = std::get_if<StartAttempt>(&action))
        start(*start_it);
      else
        cancel(std::get<CancelAttempt>(action));
    }
  }

  void start(const StartAttempt& attempt) {
    Running running{{attempt.key, Outcome{Done{}}, false, now_}, {}};
    const std::size_t number = starts_[{attempt.key.run, attempt.key.ref}]++;
    const std::optional<Time> date =
        attempt.info.has_interval ? std::optional(attempt.info.logical_date) : std::nullopt;
    Duration takes{};
    bool ends = true;
    if (const auto* given = outcomes_.find(attempt.info.task_id, date, number)) {
      apply(*given, running.result);
      takes = given->after.value_or(options_.duration);
      ends = given->kind != GivenOutcome::Kind::hang;
    } else if (auto outcome = run_light_operator(catalog_, attempt, now_)) {
      running.result.outcome = *std::move(outcome);
    } else {
      takes = options_.duration;
    }
    if (!ends) running.grace = attempt.grace;
    if (ends) due_.emplace(std::pair{now_ + takes, next_order_++}, attempt.key);
    running_.insert_or_assign(attempt.key, std::move(running));
  }

  static void apply(const GivenOutcome& given, AttemptResult& to) {
    switch (given.kind) {
      case GivenOutcome::Kind::success:
        to.outcome = Outcome{Done{given.outputs, {}}};
        break;
      case GivenOutcome::Kind::fail:
        to.outcome = given.error;
        break;
      case GivenOutcome::Kind::skip:
        to.outcome = Outcome{Skip{given.reason}};
        break;
      case GivenOutcome::Kind::lost:
        to.outcome = unavailable("the runner was killed");
        to.lost = true;
        break;
      case GivenOutcome::Kind::hang:
        break;
    }
  }

  void cancel(const CancelAttempt& action) {
    const auto found = running_.find(action.key);
    if (found == running_.end()) return;
    std::erase_if(due_, [&](const auto& entry) { return entry.second == action.key; });
    found->second.result.outcome = make_error(ErrorCode::cancelled, "cancelled");
    found->second.result.lost = false;
    const Duration takes = action.at_once ? Duration{} : found->second.grace;
    due_.emplace(std::pair{now_ + takes, next_order_++}, action.key);
  }

  void take_events() {
    const std::vector<Event> events = planner_.take_events();
    events_ += static_cast<int>(events.size());
    // What starts at once has not waited for a slot.
    std::set<std::pair<Uuid, TaskRef>> started;
    for (const auto& event : events)
      if (const auto* start = std::get_if<AttemptStarted>(&event.body))
        started.insert({event.run, start->ref});
    for (const auto& event : events) {
      const Run* const run = event.run.is_nil() ? nullptr : planner_.find_run(event.run);
      if (run != nullptr) note_run(event, *run);
      const auto* queued = std::get_if<TaskQueued>(&event.body);
      if (queued != nullptr && started.contains({event.run, queued->ref})) continue;
      auto line = trace_line(event, run);
      if (!line) continue;
      line->local = wall_clock(zone_, line->at).text;
      if (run != nullptr) line->run = numbers_.at(run->id);
      if (line->event == "date_skipped") ++out_.skipped_dates;
      out_.trace.push_back(*std::move(line));
    }
  }

  void note_run(const Event& event, const Run& run) {
    if (const auto* created = std::get_if<RunCreated>(&event.body)) {
      const int number = static_cast<int>(out_.runs.size()) + 1;
      numbers_[run.id] = number;
      out_.runs.push_back({.number = number,
                           .logical_date = created->logical_date.value_or(event.at),
                           .created = event.at,
                           .status = RunStatus::running,
                           .finished = {},
                           .tasks = {}});
    }
    RehearsedRun& to = out_.runs[static_cast<std::size_t>(numbers_.at(run.id)) - 1];
    if (std::holds_alternative<RunFinished>(event.body)) {
      to.status = std::get<RunFinished>(event.body).status;
      to.finished = event.at;
    }
    // All events of the batch are folded already, so the last one of the run counts.
    for (std::size_t t = 0; t < run.tasks.size(); ++t) {
      auto& states = to.tasks[run.dag->tasks()[t].spec.id];
      states.clear();
      for (const auto& instance : run.tasks[t].instances) states.push_back(instance.state);
    }
  }

  const std::shared_ptr<const Dag> dag_;
  const RehearsalOptions& options_;
  const GivenOutcomes& outcomes_;
  const Catalog& catalog_;
  const std::string zone_;
  Time now_;
  Planner planner_;
  std::map<std::pair<Time, int>, AttemptKey> due_;  // ends of attempts, then in order of starts
  std::map<AttemptKey, Running> running_;
  std::map<std::pair<Uuid, TaskRef>, std::size_t> starts_;  // of an instance, so far
  std::map<Uuid, int> numbers_;
  int next_order_ = 0, events_ = 0;
  Rehearsal out_;
};

}  // namespace

const RehearsedRun* Rehearsal::find(Time logical_date) const {
  const auto found = std::ranges::find(runs, logical_date, &RehearsedRun::logical_date);
  return found == runs.end() ? nullptr : &*found;
}

Result<Rehearsal> rehearse(const std::shared_ptr<const Dag>& dag, const RehearsalOptions& options,
                           const GivenOutcomes& outcomes, const Catalog& catalog) {
  MR_CHECK(check_options(*dag, options));
  MR_TRY(auto played, played_dag(*dag, options));
  MR_CHECK(played->resolve_params({}));
  // A schedule that begins after the time has no date in it.
  const auto& start = played->spec().start;
  if (played->timetable() && start && *start > options.to) return Rehearsal{};
  return Stage(std::move(played), options, outcomes, catalog).play();
}

}  // namespace millrace
