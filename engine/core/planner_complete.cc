// The ends of attempts, and what they set off elsewhere.
#include <algorithm>
#include <cassert>

#include "engine/base/utf8.h"
#include "engine/core/planner.h"
#include "engine/core/planner/wake_events.h"
#include "engine/core/retry.h"

namespace millrace {
namespace {

const std::vector<Effect>& effects_in(const Outcome& outcome) {
  static const std::vector<Effect> none;
  if (const auto* done = std::get_if<Done>(&outcome)) return done->effects;
  if (const auto* defer = std::get_if<Defer>(&outcome)) return defer->effects;
  if (const auto* judged = std::get_if<Fail>(&outcome)) return judged->effects;
  return none;
}

template <typename Kind>
bool has_effect(const Outcome& outcome) {
  return std::ranges::any_of(effects_in(outcome), [](const Effect& effect) {
    return std::holds_alternative<Kind>(effect);
  });
}

/// What no store can apply must not become an event: the journal could never be written again.
Status check_effects(const std::vector<Effect>& effects) {
  for (const Effect& effect : effects) MR_CHECK(check_effect(effect));
  return {};
}
Status check_effects(const Result<Outcome>& outcome) {
  return outcome ? check_effects(effects_in(*outcome)) : Status();
}

}  // namespace

/// It runs, or waits in the executor, and no later attempt or call has taken its place.
bool Planner::is_current(const Run* run, const AttemptKey& key) const {
  if (run == nullptr || !run->has(key.ref)) return false;
  const TaskInstance& instance = run->instance(key.ref);
  return (instance.state == TaskState::running || instance.dispatched) &&
         instance.attempt == key.attempt && instance.epoch == key.epoch &&
         instance.call == key.call;
}

void Planner::began(const AttemptBegan& report, Time now) {
  const AttemptKey& key = report.key;
  if (!pools_.begin(key)) return;
  Run* const run = runs_.find(key.run);
  if (!is_current(run, key) || !run->instance(key.ref).dispatched) return;
  emit(*run, now, AttemptStarted{key.ref, key.attempt, key.epoch, std::min(report.at, now)});
  leave_place(*run, key.ref.task);
  settle(*run, now);
}

void Planner::saved(const AttemptSaved& report, Time now) {
  const auto& [key, state] = report;
  Run* const run = runs_.find(key.run);
  // PostgreSQL stores no NUL in a text.
  const bool can_be_kept =
      state.size() <= kMaxSavedStateBytes && state.find('\0') == std::string::npos;
  if (!can_be_kept || !is_current(run, key) || run->instance(key.ref).saved_state == state) return;
  emit(*run, now, AttemptStateSaved{key.ref, key.attempt, state});
}

void Planner::complete(const AttemptResult& result, Time now) {
  const AttemptKey& key = result.key;
  const std::optional<InHand> ended = pools_.end(key);
  if (!lingering_.empty()) let_go(key.run, now);
  Run* const run = runs_.find(key.run);
  if (!is_current(run, key)) {
    // The echo of a cancellation that is recorded already is no news.
    const bool echo = !result.outcome && result.outcome.error().code == ErrorCode::cancelled;
    if (!echo)
      emit(key.run, now,
           CompletionRejected{key.ref, key.attempt, key.epoch, "not the current attempt"});
    fill_slots(now);
    return;
  }
  if (ended) {
    Pool& pool = pools_[ended->pool];
    if (key.epoch == epoch_) pool.note_length(timers_.monotonic(now) - ended->dispatched);
    if (pool.options().begins_at_once) timers_.remove(ended->deadline);
  }
  const bool returned = run->instance(key.ref).dispatched && result.lost && !result.began;
  // What could not be begun failed as soon as it was tried.
  if (run->instance(key.ref).dispatched && !returned)
    emit(*run, now, AttemptStarted{key.ref, key.attempt, key.epoch, result.began});
  if (returned)
    on_returned(*run, key, result.outcome ? "" : result.outcome.error().message, now);
  else if (result.lost)
    on_lost(*run, key, result.outcome ? "" : result.outcome.error().message, now);
  else if (const Status sound = check_effects(result.outcome); !sound)
    on_error(*run, key, permanent(sound.error()), now);
  else if (const Status admitted = admit(*run, key.ref, result.outcome); !admitted)
    on_error(*run, key,
             admitted.error().transient() ? admitted.error() : permanent(admitted.error()), now);
  else if (result.outcome && has_effect<StartRun>(*result.outcome))
    on_outcome(*run, key, with_child_id(with_rising_watermarks(*run, *result.outcome), now), now);
  else if (result.outcome && has_effect<SetWatermark>(*result.outcome))
    on_outcome(*run, key, with_rising_watermarks(*run, *result.outcome), now);
  else if (result.outcome)
    on_outcome(*run, key, *result.outcome, now);
  else
    on_error(*run, key, result.outcome.error(), now);
  settle(*run, now);
  fill_slots(now);
}

/// A change of traffic that the registry does not bear out fails the attempt, whatever the operator
/// looked at before: it may have changed since. So does a watermark of another type.
Status Planner::admit(const Run& run, TaskRef ref, const Result<Outcome>& outcome) {
  if (!outcome || effects_in(*outcome).empty()) return {};
  const std::string& name_space = run.dag->key().namespace_;
  MR_CHECK(models_.admit(name_space, effects_in(*outcome),
                         {run.id, run.dag->task(ref.task).spec.id, ref.map_index}));
  MR_CHECK(admit_child(run, effects_in(*outcome)));
  return watermarks_.admit(name_space, effects_in(*outcome));
}

/// The journal gets no watermark that is below the last one, whichever attempt ends last.
Outcome Planner::with_rising_watermarks(const Run& run, Outcome outcome) {
  const auto take = [&](std::vector<Effect>& effects) {
    watermarks_.take(run.dag->key().namespace_, effects);
  };
  if (auto* done = std::get_if<Done>(&outcome)) take(done->effects);
  if (auto* defer = std::get_if<Defer>(&outcome)) take(defer->effects);
  if (auto* judged = std::get_if<Fail>(&outcome)) take(judged->effects);
  forget_root_with_watermarks();
  return outcome;
}

void Planner::on_outcome(Run& run, const AttemptKey& key, const Outcome& outcome, Time now) {
  if (const auto* done = std::get_if<Done>(&outcome)) {
    Json outputs = done->outputs.size() == 0 ? Json() : done->outputs;
    if (run.dag->task(key.ref.task).until) {
      end_iteration(run, key, *done, std::move(outputs), now);
    } else {
      emit(run, now, TaskSucceeded{key.ref, key.attempt, std::move(outputs), done->effects});
      end_instance(run, key.ref);
    }
    react_to(done->effects, run.dag->key().namespace_, &run.dag->key(), now);
    start_child(run, key.ref, done->effects, now);
  } else if (const auto* skipped = std::get_if<Skip>(&outcome)) {
    skip(run, key.ref, skipped->reason, now);
  } else if (const auto* deferral = std::get_if<Defer>(&outcome)) {
    defer(run, key, *deferral, now);
  } else if (const auto* judged = std::get_if<Fail>(&outcome)) {
    emit(run, now,
         TaskFailed{key.ref, key.attempt, permanent(judged->error), judged->outputs,
                    judged->effects});
    end_instance(run, key.ref);
    react_to(judged->effects, run.dag->key().namespace_, &run.dag->key(), now);
    start_child(run, key.ref, judged->effects, now);
  }
}

void Planner::defer(Run& run, const AttemptKey& key, const Defer& outcome, Time now) {
  const auto awaits = [](const Effect& effect) {
    const auto* start = std::get_if<StartRun>(&effect);
    return start != nullptr && start->wait;
  };
  TaskDeferred deferred{key.ref,
                        key.attempt,
                        {},
                        "",
                        outcome.checkpoint,
                        outcome.effects,
                        shortened(outcome.waiting_for, kMaxWaitingForBytes)};
  if (std::ranges::any_of(outcome.effects, awaits)) {
    emit(run, now, std::move(deferred));
  } else {
    const Time until = now + std::max(outcome.after, Duration{0});
    deferred.until = until;
    deferred.event = outcome.event;
    emit(run, now, std::move(deferred));
    const Timer timer = timers_.add({until, run.id, key.ref, key.attempt, TimerKind::wake, until});
    if (!outcome.event.empty())
      waits_.add({run.dag->key().namespace_, outcome.event}, {run.id, key.ref, timer});
  }
  react_to(outcome.effects, run.dag->key().namespace_, &run.dag->key(), now);
  start_child(run, key.ref, outcome.effects, now);
}

void Planner::on_error(Run& run, const AttemptKey& key, const Error& error, Time now) {
  const auto policy = retries_after(run.dag->task(key.ref.task), error);
  const int failures = run.instance(key.ref).failures + 1;
  if (!policy || failures > policy->max) {
    give_up(run, key, error, now);
    return;
  }
  Duration delay = retry_delay(*policy, failures, rng_.uniform());
  if (error.retry_after) delay = std::max<Duration>(delay, *error.retry_after);
  const Time retry_at = now + delay;
  emit(run, now, AttemptFailed{key.ref, key.attempt, error, retry_at});
  timers_.add({retry_at, run.id, key.ref, key.attempt, TimerKind::retry, retry_at});
}

/// No attempt is left: the task fails, or is held. A run that is being cancelled waits for no
/// person.
void Planner::give_up(Run& run, const AttemptKey& key, Error error, Time now) {
  const bool holds = run.dag->task(key.ref.task).spec.on_exhausted == OnExhausted::hold;
  if (holds && !run.cancelling)
    emit(run, now, TaskHeld{key.ref, key.attempt, std::move(error)});
  else
    fail(run, key.ref, std::move(error), now);
}

bool Planner::starts_at_most_once(const Run& run, TaskRef ref) const {
  return run.dag->task(ref.task).spec.at_most_once;
}

/// It has not begun; of an engine that is gone that is not certain (`reason` is empty).
void Planner::on_returned(Run& run, const AttemptKey& key, std::string reason, Time now) {
  if (reason.empty() && starts_at_most_once(run, key.ref)) {
    fail(
        run, key.ref,
        permanent(unavailable("its engine died and may have begun it; the task runs at most once")),
        now);
    return;
  }
  emit(run, now, AttemptReturned{key.ref, key.attempt, std::move(reason)});
  queue(run, key.ref);
}

void Planner::on_lost(Run& run, const AttemptKey& key, std::string reason, Time now) {
  if (starts_at_most_once(run, key.ref)) {
    give_up(run, key,
            permanent(unavailable("its runner or engine died, and the task runs at most once" +
                                  (reason.empty() ? std::string() : ": " + reason))),
            now);
    return;
  }
  if (run.instance(key.ref).losses >= options_.max_losses) {
    give_up(run, key,
            permanent(unavailable("its runner or engine died " +
                                  std::to_string(options_.max_losses + 1) +
                                  " times under this task; it is given up")),
            now);
    return;
  }
  emit(run, now, AttemptLost{key.ref, key.attempt, std::move(reason)});
  queue(run, key.ref);
}

/// `cause`: the DAG whose run has these effects; nullptr: none.
void Planner::react_to(const std::vector<Effect>& effects, const std::string& name_space,
                       const DagKey* cause, Time now) {
  if (effects.empty()) return;
  // Runs that are created here work on a worklist of their own; ours waits.
  std::vector<int> ours = std::exchange(worklist_, {});
  for (const auto& effect : effects) {
    if (const std::string* model = deployed_model(effect))
      wake_waiting(deployment_event(name_space, *model), now);
    if (const auto* update = std::get_if<UpdateDataset>(&effect)) {
      wake_waiting(dataset_event(name_space, update->dataset), now);
      start_by_dataset({name_space, update->dataset}, *update, cause, now);
    }
  }
  worklist_ = std::move(ours);
}

/// No DAG is started by its own content: it would run for ever.
void Planner::start_by_dataset(const DatasetKey& dataset, const UpdateDataset& update,
                               const DagKey* cause, Time now) {
  for (const DagKey& id : triggers_.started_by(dataset, update.artifact)) {
    DagState& state = dags_.find(id)->second;
    if (state.paused || !state.retired.empty() || (cause != nullptr && id == *cause)) continue;
    auto params = state.dag->resolve_params({});
    if (!params)
      continue;  // a DAG with required params cannot be started by data alone; lint says so
    const Json trigger = Json::object(
        {{"dataset", update.dataset}, {"artifact", update.artifact}, {"rows", update.rows}});
    create_run({.id = ids_.next(now, rng_),
                .type = RunType::dataset,
                .params = *std::move(params),
                .trigger = trigger,
                .origin = {"engine", "dataset " + update.dataset + " was updated"}},
               state, now);
  }
}

void Planner::wake_waiting(const EventName& event, Time now) {
  for (const Waiting& who : waits_.take(event)) {
    Run* const run = runs_.find(who.run);
    assert(run != nullptr && run->instance(who.ref).state == TaskState::deferred &&
           "who waits is deferred");
    timers_.remove(who.timer);
    make_ready(*run, who.ref, now);
    settle(*run, now);
  }
}

PublishEvent::Answer Planner::publish_event(const PublishEvent& input, const Caller& caller,
                                            Time now) {
  PublishEvent::Answer out{input.name, {}, {}};
  wake_waiting({caller.namespace_, input.name}, now);
  for (const DagKey& id : triggers_.started_by(caller.namespace_, input)) {
    if (const std::string& why = dags_.find(id)->second.retired; !why.empty()) {
      // Of the DAGs that an event would start, those without a file do not count; a webhook has
      // one.
      if (!input.webhook.empty()) out.not_started.push_back({id.name, "it is retired: " + why});
      continue;
    }
    const auto run =
        start_by_event(id, triggers_.params_of(id, input), input.event, caller.origin, now);
    if (run)
      out.runs.push_back(*run);
    else
      out.not_started.push_back({id.name, run.error().message});
  }
  fill_slots(now);
  return out;
}

/// An output that its DAG promises and that cannot be computed fails the run.
RunFinished Planner::finished(const Run& run) {
  RunFinished end{derive_status(run)};
  if (end.status != RunStatus::success || !run.dag->outputs()) return end;
  auto outputs = outputs_of(run);
  if (outputs) {
    end.outputs = *std::move(outputs);
  } else {
    end.status = RunStatus::failed;
    end.error = outputs.error().to_string();
  }
  return end;
}

Result<Uuid> Planner::start_by_event(const DagKey& dag, const Result<Json>& given,
                                     const Json& event, const Origin& origin, Time now) {
  DagState& state = dags_.find(dag)->second;
  if (state.paused) return conflict("it is paused");
  if (!given) return given.error();
  MR_TRY(Json params, state.dag->resolve_params(*given));
  return create_run({.id = ids_.next(now, rng_),
                     .type = RunType::event,
                     .params = std::move(params),
                     .trigger = event,
                     .origin = origin},
                    state, now)
      .id;
}

}  // namespace millrace
