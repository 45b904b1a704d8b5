#include "tests/oracle/replay.h"

#include <algorithm>

#include "engine/core/attempt.h"
#include "tests/oracle/depends.h"
#include "tests/oracle/edges.h"
#include "tests/oracle/iterations.h"
#include "tests/oracle/retry_limit.h"
#include "tests/oracle/schedule_dates.h"

namespace millrace::oracle {
namespace {

constexpr std::size_t kPage = 1000;

std::string task_name(const Run& run, TaskRef ref) {
  if (ref.task < 0 || ref.task >= static_cast<int>(run.tasks.size())) return "?";
  const std::string& id = run.dag->task(ref.task).spec.id;
  return ref.map_index < 0 ? id : id + "[" + std::to_string(ref.map_index) + "]";
}

Finding with_place(Finding finding, std::int64_t seq) {
  if (finding) finding->what = "event " + std::to_string(seq) + ": " + finding->what;
  return finding;
}

}  // namespace

Replay::Replay(Stores stores, const Expectations& expectations, Tally& tally)
    : stores_(stores), dags_(stores.runs), expectations_(expectations), tally_(tally) {}

Finding Replay::run() {
  std::int64_t seq = 0;
  for (;;) {
    const auto events = stores_.journal.read(seq, kPage);
    if (!events) return Violation{Rule::readable, "the journal: " + events.error().message};
    if (events->empty()) {
      auto wrong = still_abandoned();
      if (!wrong) wrong = children_.missing();
      return wrong ? wrong : datasets_.missing();
    }
    for (const auto& event : *events) {
      if (event.seq != seq + 1)
        return Violation{Rule::journal_order,
                         "event " + std::to_string(event.seq) + " follows " + std::to_string(seq)};
      seq = event.seq;
      ++tally_.events;
      // The traffic goes back in the very event that follows the end.
      if (!std::holds_alternative<EffectsRequested>(event.body))
        if (auto wrong = with_place(still_abandoned(), seq)) return wrong;
      if (auto wrong = with_place(take(event), seq)) return wrong;
      abandoned_ = abandoned_canary();
    }
  }
}

Finding Replay::still_abandoned() const {
  if (abandoned_.empty()) return {};
  return Violation{Rule::owned_traffic,
                   "the canary of model " + abandoned_ + " has traffic, and its task has ended"};
}

std::string Replay::abandoned_canary() const {
  for (const auto& [model, owner] : effects_.owners()) {
    const auto run = runs_.find(owner.run);
    if (run == runs_.end()) return model.text();
    const TaskRef ref{run->second.dag->index_of(owner.task), owner.map_index};
    if (!run->second.has(ref) || is_end(run->second.instance(ref).state)) return model.text();
  }
  return {};
}

Finding Replay::take(const Event& event) {
  if (const auto* registered = std::get_if<DagRegistered>(&event.body)) {
    dags_of_[registered->dag].version = registered->version;
    dags_of_[registered->dag].retired = false;
  }
  if (const auto* retired = std::get_if<DagRetired>(&event.body))
    dags_of_[retired->dag].retired = true;
  if (const auto* paused = std::get_if<DagPaused>(&event.body))
    dags_of_[paused->dag].paused = paused->paused;
  if (const auto* handled = std::get_if<CommandHandled>(&event.body)) return take_command(*handled);
  if (const auto* asked = std::get_if<EffectsRequested>(&event.body)) {
    if (auto wrong = effects_.add(event, "", asked->namespace_)) return wrong;
    if (auto wrong = note_datasets(event, asked->namespace_, nullptr)) return wrong;
  }
  if (auto wrong = take_backfill(event.body)) return wrong;
  if (std::holds_alternative<CompletionRejected>(event.body)) {
    ++tally_.rejected;  // changes nothing, and may be of a run that is long over
    return {};
  }
  if (const auto* moved = std::get_if<ScheduleMoved>(&event.body))
    if (auto wrong = check_skip(*moved)) return wrong;
  if (event.run.is_nil()) return {};
  if (const auto* created = std::get_if<RunCreated>(&event.body)) return create(event, *created);
  const auto found = runs_.find(event.run);
  if (found == runs_.end())
    return Violation{Rule::known_run, "is about a run that was never created"};
  Run& run = found->second;
  if (auto wrong = before_fold(run, event)) return wrong;
  if (auto wrong = teardowns_.follow(run, event)) return wrong;
  if (auto wrong = children_.follow(run, event)) return wrong;
  if (const auto folded = apply(run, event); !folded)
    return Violation{Rule::transition_table, folded.error().message};
  return after_fold(run, event);
}

Finding Replay::take_backfill(const EventBody& body) {
  if (const auto* created = std::get_if<BackfillCreated>(&body)) return backfills_.create(*created);
  if (const auto* paused = std::get_if<BackfillPaused>(&body)) return backfills_.pause(*paused);
  if (const auto* asked = std::get_if<BackfillCancelRequested>(&body))
    return backfills_.cancel(*asked);
  if (const auto* ended = std::get_if<BackfillEnded>(&body)) return backfills_.end(*ended);
  return {};
}

Finding Replay::take_command(const CommandHandled& handled) {
  if (!commands_.emplace(handled.command, handled.ok).second)
    return Violation{Rule::command_once, "a command is carried out a second time"};
  const auto run = Uuid::parse(handled.result["run"].as_view());
  if (handled.ok && run && !runs_.contains(*run))
    return Violation{Rule::accepted_run,
                     "run " + run->to_string() + " is promised, and does not exist"};
  return {};
}

Finding Replay::create(const Event& event, const RunCreated& created) {
  auto dag = dags_.get(created.dag, created.version);
  if (!dag) return Violation{Rule::readable, "the version of its DAG is lost"};
  if (!runs_.emplace(event.run, make_run(event, *dag)).second)
    return Violation{Rule::known_run, "the run is created a second time"};
  if (dags_of_[created.dag].retired)
    return Violation{Rule::declared_dag,
                     "a run of DAG " + created.dag.text() + ", which is retired"};
  if (created.type == RunType::scheduled && created.logical_date &&
      !dags_of_[created.dag].scheduled.insert(*created.logical_date).second)
    return Violation{Rule::one_run_per_date, "a second scheduled run of DAG " + created.dag.text() +
                                                 " for " + format_rfc3339(*created.logical_date)};
  if (created.type == RunType::scheduled)
    if (const std::string wrong = wrong_date((*dag)->spec(), created, event.at); !wrong.empty())
      return Violation{Rule::schedule_dates,
                       "a scheduled run of DAG " + created.dag.text() + " " + wrong};
  if (created.type == RunType::scheduled) {
    DagCourse& course = dags_of_[created.dag];
    if (auto wrong = check_overlap((*dag)->spec(), course, event.run)) return wrong;
    course.by_schedule.insert(event.run);
  }
  if (auto wrong = children_.create(event.run, created)) return wrong;
  if (created.type == RunType::dataset)
    if (auto wrong = datasets_.start(created)) return wrong;
  if (created.backfill)
    if (auto wrong = backfills_.start(event.run, created)) return wrong;
  ++tally_.runs;
  return {};
}

/// Which DAGs wait for a dataset is read from the versions in force at this moment.
Finding Replay::note_datasets(const Event& event, const std::string& name_space,
                              const DagKey* cause) {
  const auto* effects = effects_of(event.body);
  if (effects == nullptr) return {};
  for (const Effect& effect : *effects) {
    const auto* update = std::get_if<UpdateDataset>(&effect);
    if (update == nullptr || !datasets_.update(name_space, *update)) continue;
    for (const auto& [id, course] : dags_of_) {
      if (id.namespace_ != name_space || course.paused || course.retired) continue;
      if (cause != nullptr && id == *cause) continue;
      const auto dag = dags_.get(id, course.version);
      if (!dag) return Violation{Rule::readable, "the version of DAG " + id.text() + " is lost"};
      const DagSpec& spec = (*dag)->spec();
      const bool waits = std::ranges::find(spec.datasets, update->dataset) != spec.datasets.end();
      // Data gives no values for params.
      if (waits && (*dag)->resolve_params({})) datasets_.expect(id, *update);
    }
  }
  return {};
}

Finding Replay::before_fold(Run& run, const Event& event) {
  if (const auto* cleared = std::get_if<TasksCleared>(&event.body)) clear(run.id, *cleared);
  const TaskRef* ref = task_of(event.body);
  if (ref == nullptr || !run.has(*ref)) return {};  // the fold says it
  const auto* sent = std::get_if<AttemptDispatched>(&event.body);
  const auto* started = std::get_if<AttemptStarted>(&event.body);
  if (sent != nullptr)
    if (auto wrong = check_start(run, *ref, sent->epoch)) return wrong;
  if (started != nullptr) {
    if (auto wrong = check_start(run, *ref, started->epoch)) return wrong;
    ++tally_.attempts;
  }
  const TaskSpec& spec = run.dag->task(ref->task).spec;
  int retries = spec.retries.max;
  if (const auto* again = std::get_if<AttemptFailed>(&event.body))
    retries = retries_allowed(spec, again->error);
  if (const auto* failed = std::get_if<TaskFailed>(&event.body))
    retries = retries_allowed(spec, failed->error);
  if (const auto* held = std::get_if<TaskHeld>(&event.body))
    retries = retries_allowed(spec, held->error);
  const CourseLimits limits{.retries = retries,
                            .losses = expectations_.limits.max_losses,
                            .holds = spec.on_exhausted == OnExhausted::hold,
                            .adopted = expectations_.limits.survives_leader};
  auto wrong = check_left_out(run, *ref, event.body);
  if (!wrong) wrong = check_iteration(course_of(run.id, *ref), spec, event.body);
  if (!wrong) wrong = follow(course_of(run.id, *ref), event.body, limits, newest_epoch_);
  if (sent != nullptr || started != nullptr) started_.insert(current_mark(run, *ref));
  if (!wrong && (sent != nullptr || started != nullptr)) wrong = check_given(run, *ref);
  if (!wrong) wrong = check_mark(run, *ref, event.body);
  if (wrong) wrong->what = "task " + task_name(run, *ref) + ": " + wrong->what;
  return wrong;
}

Finding Replay::check_start(const Run& run, TaskRef ref, std::int64_t epoch) {
  if (!may_start(run, ref.task))
    return Violation{Rule::edges,
                     "task " + task_name(run, ref) + " starts before its upstream lets it"};
  newest_epoch_ = std::max(newest_epoch_, epoch);
  return {};
}

std::string Replay::current_mark(const Run& run, TaskRef ref) {
  const TaskCourse& course = course_of(run.id, ref);
  return mark_of(run.id, run.dag->task(ref.task).spec.id, ref.map_index, course.attempt,
                 course.epoch, course.call);
}

/// The expression is false, and the state says whether there was a failure.
Finding Replay::check_left_out_by_depends(const Run& run, const TaskSpec& spec,
                                          const EventBody& body) {
  if (!depends_is_certain(run, spec, false))
    return Violation{Rule::edges, "is left out although its depends may hold"};
  if (depends_met_a_failure(run, spec) != std::holds_alternative<TaskUpstreamFailed>(body))
    return Violation{Rule::edges, "is left out with the state of another reason"};
  return {};
}

/// A task that never began is left out by its trigger rule, its condition or its empty list.
Finding Replay::check_left_out(const Run& run, TaskRef ref, const EventBody& body) {
  const bool left_out =
      std::holds_alternative<TaskSkipped>(body) || std::holds_alternative<TaskUpstreamFailed>(body);
  const TaskSpec& spec = run.dag->task(ref.task).spec;
  if (!left_out || run.cancelling || course_of(run.id, ref).running || !spec.condition.empty() ||
      !spec.foreach.is_null())
    return {};
  if (!spec.depends.empty()) return check_left_out_by_depends(run, spec, body);
  if (!may_start(run, ref.task)) return {};
  return Violation{Rule::edges, "is left out although its upstream lets it start"};
}

Finding Replay::check_given(const Run& run, TaskRef ref) {
  if (expectations_.witness == nullptr) return {};
  const auto given = expectations_.witness->given.find(current_mark(run, ref));
  const std::string& saved = course_of(run.id, ref).given;
  if (given == expectations_.witness->given.end() || given->second == saved) return {};
  return Violation{Rule::saved_state, "attempt " + given->first + " got '" + given->second +
                                          "', and '" + saved + "' was saved last"};
}

/// The outcome must be of the very call of the attempt that the journal names.
Finding Replay::check_mark(const Run& run, TaskRef ref, const EventBody& body) {
  const auto* succeeded = std::get_if<TaskSucceeded>(&body);
  const auto* deferred = std::get_if<TaskDeferred>(&body);
  const auto* repeated = std::get_if<TaskRepeated>(&body);
  if (succeeded == nullptr && deferred == nullptr && repeated == nullptr) return {};
  const std::string expected = current_mark(run, ref);
  const Json& said = succeeded  ? succeeded->outputs["mark"]
                     : repeated ? repeated->outputs["mark"]
                                : deferred->checkpoint["mark"];
  if (said.is_string() && said.as_view() != expected)
    return Violation{Rule::current_attempt,
                     "the outcome is of " + said.as_string() + ", and was taken for " + expected};
  if (expectations_.witness && !expectations_.witness->ended.contains(expected))
    return Violation{Rule::really_happened, "attempt " + expected + " never came to an end"};
  return {};
}

Finding Replay::after_fold(const Run& run, const Event& event) {
  DagCourse& dag = dags_of_[run.created.dag];
  backfills_.note(run.id, run.created, run.status);
  if (run.status != RunStatus::running) {
    dag.under_way.erase(run.id);
    dag.cleaning_up.erase(run.id);
  }
  if (run.created.type == RunType::scheduled) {
    if (run.status == RunStatus::running)
      dag.by_schedule.insert(run.id);
    else
      dag.by_schedule.erase(run.id);
  }
  const TaskRef* ref = task_of(event.body);
  if (ref == nullptr) return {};
  if (auto wrong =
          effects_.add(event, run.dag->task(ref->task).spec.id, run.created.dag.namespace_))
    return wrong;
  if (auto wrong = note_datasets(event, run.created.dag.namespace_, &run.created.dag)) return wrong;
  if (auto wrong = check_begin(run)) return wrong;
  if (auto wrong = check_instances(run, ref->task)) return wrong;
  return check_slots(run, *ref);
}

/// One that waits for its retry, an event or a person is under way.
Finding Replay::check_instances(const Run& run, int task) {
  const int most = run.dag->task(task).spec.foreach_max_active;
  if (most == 0) return {};
  const auto begun = std::ranges::count_if(
      run.tasks[static_cast<std::size_t>(task)].instances,
      [](const auto& one) { return one.state != TaskState::pending && !is_end(one.state); });
  if (begun <= most) return {};
  return Violation{Rule::active_instances,
                   std::to_string(begun) + " instances of task " + run.dag->task(task).spec.id +
                       " are under way; its max_active is " + std::to_string(most)};
}

/// A run that was held back and cancelled is not counted: its `always()` tasks have their say at
/// once.
Finding Replay::check_begin(const Run& run) {
  DagCourse& dag = dags_of_[run.created.dag];
  if (run.status != RunStatus::running || dag.under_way.contains(run.id)) return {};
  if (run.created.backfill) return {};  // it has a limit of its own
  if (run.cancelling) dag.cleaning_up.insert(run.id);
  if (dag.cleaning_up.contains(run.id)) return {};
  const auto current = dags_.get(run.created.dag, dag.version);
  if (!current) return Violation{Rule::readable, "the current version of its DAG is lost"};
  if (static_cast<int>(dag.under_way.size()) >= (*current)->spec().max_active_runs &&
      !children_.may_pass(run))
    return Violation{Rule::active_runs,
                     "a run of DAG " + run.created.dag.text() + " begins while " +
                         std::to_string(dag.under_way.size()) + " others are under way"};
  const bool apart = (*current)->spec().overlap != Overlap::allow;
  if (apart && run.created.type == RunType::scheduled)
    for (const Uuid& other : dag.under_way)
      if (runs_.at(other).created.type == RunType::scheduled)
        return Violation{Rule::overlap, "a scheduled run of DAG " + run.created.dag.text() +
                                            " begins beneath another one"};
  dag.under_way.insert(run.id);
  return {};
}

/// What a schedule may do with a date while runs of earlier ones are open.
Finding Replay::check_overlap(const DagSpec& spec, const DagCourse& dag, const Uuid& fresh) const {
  int waiting = 0, goes_on = 0;
  for (const Uuid& id : dag.by_schedule) {
    const bool begun = dag.under_way.contains(id) || dag.cleaning_up.contains(id);
    waiting += !begun;
    goes_on += !runs_.at(id).cancelling;
  }
  const auto wrong = [&](const std::string& what) {
    return Violation{Rule::overlap, "run " + fresh.to_string() + " of DAG " + spec.id +
                                        " is created while " + what};
  };
  if (spec.overlap == Overlap::skip && !dag.by_schedule.empty()) return wrong("another is open");
  if (spec.overlap == Overlap::buffer_one && waiting > 0) return wrong("another waits");
  if (spec.overlap == Overlap::cancel_other && goes_on > 0)
    return wrong("another is open that was not cancelled");
  return {};
}

Finding Replay::check_skip(const ScheduleMoved& moved) const {
  if (!moved.skipped) return {};
  const auto dag = dags_of_.find(moved.dag);
  if (dag != dags_of_.end() && !dag->second.by_schedule.empty()) return {};
  return Violation{Rule::overlap, "DAG " + moved.dag.text() + " skips " +
                                      format_rfc3339(*moved.skipped) + " though no run is open"};
}

Finding Replay::check_slots(const Run& run, TaskRef ref) {
  const Limits& limits = expectations_.limits;
  const std::pair key{run.id, ref};
  const TaskSpec& task = run.dag->task(ref.task).spec;
  const bool in_thread = task.executor.empty()
                             ? limits.executor_of && limits.executor_of(task.op) == kThreadExecutor
                             : task.executor == kThreadExecutor;
  auto& in_use = in_thread ? thread_ : process_;
  if (!course_of(run.id, ref).running) {
    in_use.erase(key);
    return {};
  }
  in_use.insert(key);
  const int most = in_thread ? limits.thread_slots : limits.process_slots;
  if (most > 0 && static_cast<int>(in_use.size()) > most)
    return Violation{Rule::slots, std::to_string(in_use.size()) + " attempts are under way in " +
                                      std::to_string(most) + " slots"};
  return {};
}

TaskCourse& Replay::course_of(const Uuid& run, TaskRef ref) {
  const auto [course, fresh] = courses_.try_emplace({run, ref});
  if (fresh)
    if (const auto floor = attempt_floor_.find({run, ref.task}); floor != attempt_floor_.end())
      course->second.attempt = floor->second;
  return course->second;
}

void Replay::clear(const Uuid& run, const TasksCleared& cleared) {
  for (const TaskRef ref : cleared.tasks) {
    int& floor = attempt_floor_[{run, ref.task}];
    auto course = courses_.lower_bound({run, TaskRef{ref.task, -1}});
    while (course != courses_.end() && course->first.first == run &&
           course->first.second.task == ref.task) {
      floor = std::max(floor, course->second.attempt);
      const bool gone = ref.map_index < 0 || course->first.second == ref;
      course = gone ? courses_.erase(course) : std::next(course);
    }
  }
}

}  // namespace millrace::oracle
