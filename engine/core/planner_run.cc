// The course of a run: which tasks may start, which never will, and when it is over.
#include <algorithm>
#include <cassert>

#include "engine/core/planner.h"
#include "engine/core/planner/wake_events.h"
#include "engine/core/trigger_rule.h"

namespace millrace {
namespace {

std::string why_skipped(const Dag::Task& task) {
  if (task.depends) return "its depends is false: " + task.spec.depends;
  if (!task.tears_down())
    return "its upstream was skipped (trigger rule " + std::string(to_string(rule_of(task))) + ")";
  std::string setups;
  for (const auto& setup : task.spec.teardown.setups)
    setups += (setups.empty() ? "" : ", ") + setup;
  return "there is nothing to tear down: no success of " + setups;
}

}  // namespace

Run& Planner::create_run(NewRun input, DagState& dag, Time now) {
  RunCreated created;
  created.dag = dag.dag->key();
  created.version = dag.dag->version();
  created.type = input.type;
  created.logical_date = input.logical_date;
  if (input.logical_date) {
    const DataInterval interval = data_interval(*dag.dag, *input.logical_date);
    created.interval_start = interval.start;
    created.interval_end = interval.end;
  }
  created.params = std::move(input.params);
  created.trigger = std::move(input.trigger);
  created.backfill = input.backfill;
  created.trace_id = input.trace.empty() ? new_trace_id(rng_) : std::move(input.trace);
  created.origin = std::move(input.origin);
  events_.push_back({0, input.id, now, std::move(created)});
  Run& run = runs_.add(make_run(events_.back(), dag.dag));
  if (input.type == RunType::scheduled) dag.schedule.last = input.logical_date;
  admit(run, now);
  return run;
}

/// Begins, or is held back until another run of its DAG has finished. The run of a backfill neither
/// waits for others nor counts for them.
void Planner::admit(Run& run, Time now) {
  if (run.created.backfill) {
    backfills_.begin_run(*run.created.backfill, run.id);
    return activate(run, now);
  }
  const auto dag = dags_.find(run.dag->key());
  const bool scheduled = run.created.type == RunType::scheduled;
  // With `only_dag`, runs that are under way there may never end.
  const bool waits = options_.only_dag.empty() || run.created.type != RunType::child;
  if (waits && dag != dags_.end() &&
      !dag->second.runs.may_begin(limits_of(dag->second), scheduled) && !closes_ring(run))
    dag->second.runs.hold(run.id, scheduled);
  else
    activate(run, now);
}

bool Planner::is_held(const Run& run) const {
  const auto dag = dags_.find(run.dag->key());
  return dag != dags_.end() && dag->second.runs.holds(run.id);
}

void Planner::activate(Run& run, Time now) {
  if (const auto dag = dags_.find(run.dag->key()); dag != dags_.end() && !run.created.backfill)
    dag->second.runs.begin(run.id, run.created.type == RunType::scheduled);
  for (int task = 0; task < static_cast<int>(run.tasks.size()); ++task) {
    const auto& progress = run.tasks[static_cast<std::size_t>(task)];
    for (std::size_t i = 0; i < progress.instances.size(); ++i) {
      const TaskRef ref{task, progress.expanded ? static_cast<int>(i) : -1};
      const auto& instance = run.instance(ref);
      // Of a run that was cancelled while it was held back, tasks that always run have begun.
      const bool under_way =
          instance.epoch == epoch_ && (instance.state == TaskState::running || instance.dispatched);
      switch (instance.state) {
        case TaskState::queued:
          if (under_way || (instance.dispatched && adopt(run, ref, now))) break;
          if (instance.dispatched)
            on_returned(run, key_of(run, ref), "", now);
          else
            queue(run, ref);
          break;
        case TaskState::running:
          if (!under_way && !adopt(run, ref, now)) on_lost(run, key_of(run, ref), "", now);
          break;
        case TaskState::up_for_retry:
          timers_.add(restored_timer(run, ref, TimerKind::retry, now));
          break;
        case TaskState::deferred: {
          if (const Uuid* child = run.awaited_by(ref)) {
            restore_wait(run, ref, *child, now);
            break;
          }
          const Timer timer = timers_.add(restored_timer(run, ref, TimerKind::wake, now));
          if (!instance.wake_event.empty())
            waits_.add({run.dag->key().namespace_, instance.wake_event}, {run.id, ref, timer});
          break;
        }
        default:
          break;
      }
    }
  }
  begin_pending(run);
  settle(run, now);
}

/// Puts every pending task up for consideration, and every mapped one with pending instances.
void Planner::begin_pending(const Run& run) {
  for (int task = 0; task < static_cast<int>(run.tasks.size()); ++task)
    if (run.tasks[static_cast<std::size_t>(task)].pending > 0) worklist_.push_back(task);
}

/// Works off what the last change made possible, to the end: no recursion, however long a chain of
/// skips.
void Planner::settle(Run& run, Time now) {
  for (std::size_t next = 0; next < worklist_.size(); ++next) consider(run, worklist_[next], now);
  worklist_.clear();
  if (run.open_tasks == 0 && run.status == RunStatus::running) finish(run, now);
}

void Planner::consider(Run& run, int task, Time now) {
  auto& progress = run.tasks[static_cast<std::size_t>(task)];
  if (progress.expanded) return begin_instances(run, task, now);
  if (progress.instances[0].state != TaskState::pending) return;
  const auto& dag_task = run.dag->task(task);
  const TaskRef ref{task, -1};
  switch (readiness_of(run, task)) {
    case Readiness::wait:
      return;
    case Readiness::skip:
      return skip(run, ref, why_skipped(dag_task), now);
    case Readiness::upstream_failed:
      emit(run, now, TaskUpstreamFailed{ref});
      end_instance(run, ref);
      return;
    case Readiness::run:
      break;
  }
  const auto holds = condition_holds(run, task);
  if (!holds) return fail(run, ref, holds.error(), now);
  if (!*holds) return skip(run, ref, "its condition is false: " + dag_task.spec.condition, now);
  if (dag_task.mapped()) return expand(run, task, now);
  make_ready(run, ref, now);
}

Result<bool> Planner::condition_holds(const Run& run, int task) const {
  const auto& dag_task = run.dag->task(task);
  if (!dag_task.condition) return true;
  const Json root = new_root(run, {task, -1});
  const auto& upstream = run.tasks[static_cast<std::size_t>(task)].upstream;
  const bool broken = upstream.failed + upstream.upstream_failed + upstream.cancelled > 0;
  const Scope scope{&root, !broken && !run.cancelling, broken, run.cancelling};
  MR_TRY(const Json value, dag_task.condition->evaluate(scope));
  return truthy(value);
}

void Planner::expand(Run& run, int task, Time now) {
  const auto& dag_task = run.dag->task(task);
  const TaskRef whole{task, -1};
  const Json root = new_root(run, whole);
  auto items = dag_task.foreach->render({&root});
  if (!items) return fail(run, whole, items.error(), now);
  if (!items->is_array())
    return fail(run, whole,
                invalid_argument("foreach must give a list, and gave " +
                                 std::string(type_name(items->type()))),
                now);
  if (items->size() > static_cast<std::size_t>(kMostItems))
    return fail(run, whole,
                make_error(ErrorCode::resource_exhausted,
                           "foreach gave " + std::to_string(items->size()) +
                               " items; the most is " + std::to_string(kMostItems)),
                now);
  if (items->size() == 0) return skip(run, whole, "foreach gave an empty list", now);
  emit(run, now, TaskExpanded{task, *std::move(items)});
  begin_instances(run, task, now);
}

/// Pending instances of a mapped task begin in the order of the items, as many as its limit allows.
/// One that waits for a retry, an event or a person has begun and keeps its place. Of a wide map
/// only some are queued at a time: a batch of events, and what waits in a pool, stay bounded.
void Planner::begin_instances(Run& run, int task, Time now) {
  constexpr int kMostQueued = 4096;
  const auto& progress = run.tasks[static_cast<std::size_t>(task)];
  const int limit = run.dag->task(task).spec.foreach_max_active;
  while (progress.pending > 0 && progress.queued < kMostQueued &&
         (limit == 0 || progress.open - progress.pending < limit))
    make_ready(run, {task, static_cast<int>(progress.first_pending)}, now);
}

/// An instance of a mapped task left a place to the next one.
void Planner::leave_place(const Run& run, int task) {
  const auto& progress = run.tasks[static_cast<std::size_t>(task)];
  if (progress.expanded && progress.pending > 0) worklist_.push_back(task);
}

void Planner::skip(Run& run, TaskRef ref, std::string reason, Time now) {
  emit(run, now, TaskSkipped{ref, std::move(reason)});
  end_instance(run, ref);
}

void Planner::fail(Run& run, TaskRef ref, Error error, Time now) {
  emit(run, now, TaskFailed{ref, run.instance(ref).attempt, std::move(error), {}, {}});
  end_instance(run, ref);
}

/// What every end has in common: downstream tasks may now be decided, and the next instance of a
/// mapped task may begin.
void Planner::end_instance(Run& run, TaskRef ref) {
  const auto& task = run.dag->task(ref.task);
  worklist_.insert(worklist_.end(), task.downstream.begin(), task.downstream.end());
  leave_place(run, ref.task);
}

void Planner::make_ready(Run& run, TaskRef ref, Time now) {
  const std::size_t index = pool_of(run, ref.task);
  Pool& pool = pools_[index];
  const TaskSpec& task = run.dag->task(ref.task).spec;
  if (run.instance(ref).state == TaskState::deferred) waits_.remove(run.id, ref);
  // Only where there was an attempt before can one be under way.
  const bool occupied = run.instance(ref).attempt > 0 && pools_.of_instance(run.id, ref);
  if (pool.ready().empty() && !starts_held_ && !occupied && may_go_on(run) &&
      pool.has_room(task.priority, task.at_most_once)) {
    start(run, ref, index, now);
    return;
  }
  if (run.instance(ref).state != TaskState::queued) emit(run, now, TaskQueued{ref});
  if (!may_go_on(run)) return;
  const Ready ready{task.priority, next_order_++, run.id, ref};
  if (occupied)
    pools_.block(ready, index);
  else
    pool.ready().insert(ready);
}

/// It waits for a slot. It is queued already.
void Planner::queue(const Run& run, TaskRef ref) {
  if (!may_go_on(run)) return;
  pools_[pool_of(run, ref.task)].ready().insert(
      {run.dag->task(ref.task).spec.priority, next_order_++, run.id, ref});
}

Json Planner::new_root(const Run& run, TaskRef ref) const {
  const auto& task = run.dag->task(ref.task);
  Json root = expression_root(run, task.reads, ref);
  if (!task.reads_watermarks || !task.reads_watermarks->empty())
    root.set("watermarks", watermarks_.of(run.dag->key().namespace_, task.reads_watermarks));
  return root;
}

const Json& Planner::root_of(const Run& run, TaskRef ref) {
  MappedRoot& known = mapped_root_;
  // One that was resumed with other params has a root that fits no other.
  const bool is_own = run.resumed_params.contains(ref);
  const bool fits = !is_own && ref.map_index >= 0 && known.task == ref.task && known.run == run.id;
  if (!fits) known = {run.id, is_own ? -1 : ref.task, new_root(run, ref)};
  if (!fits || ref.map_index < 0) return known.root;
  set_own_names(known.root, run, ref);
  return known.root;
}

/// Of a task that reads what this event is about.
void Planner::forget_root_of(const Run& run, const EventBody& body) {
  if (mapped_root_.task < 0 || mapped_root_.run != run.id) return;
  const TaskRef* about = task_of(body);
  const auto& reads = run.dag->task(mapped_root_.task).reads;
  const bool touches = about != nullptr ? std::ranges::find(reads, about->task) != reads.end()
                                        : !std::holds_alternative<RunCancelRequested>(body);
  if (touches) mapped_root_ = {};
}

/// A watermark may have risen.
void Planner::forget_root_with_watermarks() {
  if (mapped_root_.root.contains("watermarks")) mapped_root_ = {};
}

/// One that cannot start fails instead.
void Planner::start(Run& run, TaskRef ref, std::size_t pool, Time now) {
  const auto& task = run.dag->task(ref.task);
  Json with = task.with.source();
  if (!task.with.is_constant()) {
    auto rendered = task.with.render({&root_of(run, ref)});
    if (!rendered) {
      fail(run, ref, rendered.error(), now);
      return;
    }
    with = *std::move(rendered);
  }
  const TaskInstance& before = run.instance(ref);
  // Between two iterations it is deferred as well, and no call of it has been.
  const bool resumes = (before.state == TaskState::deferred && before.call > 0) ||
                       (!before.checkpoint.is_null() && before.failures == 0);
  const bool came_back = before.losses > 0 || before.returns > 0;
  const int attempt =
      resumes && before.attempt > 0 && !came_back ? before.attempt : before.attempt + 1;
  if (pools_[pool].options().begins_at_once)
    emit(run, now, AttemptStarted{ref, attempt, epoch_, {}});
  else
    emit(run, now, AttemptDispatched{ref, attempt, epoch_});
  auto& action =
      std::get<StartAttempt>(actions_.emplace_back(action_of(run, ref, std::move(with))));
  action.executor = pools_[pool].options().executor;
  hold_slot(action.key, task.spec, pool, now, now);
  if (pools_[pool].options().begins_at_once) leave_place(run, ref.task);
}

/// Of the current or last attempt.
AttemptKey Planner::key_of(const Run& run, TaskRef ref) {
  const TaskInstance& instance = run.instance(ref);
  return {run.id, ref, instance.attempt, instance.epoch, instance.call};
}

StartAttempt Planner::action_of(const Run& run, TaskRef ref, Json with) const {
  const auto& task = run.dag->task(ref.task);
  StartAttempt action;
  action.key = key_of(run, ref);
  action.op = task.spec.op;
  action.with = std::move(with);
  action.timeout = task.spec.timeout;
  action.grace = task.spec.kill_grace;
  action.memory_limit_bytes = task.spec.memory_limit_bytes;
  action.priority = task.spec.priority;
  AttemptInfo& info = action.info;
  info.namespace_ = run.dag->key().namespace_;
  info.dag_id = run.dag->id();
  info.run_id = run.id.to_string();
  info.task_id = task.spec.id;
  info.map_index = ref.map_index;
  info.attempt = action.key.attempt;
  info.iteration = run.instance(ref).iterations + 1;
  info.epoch = epoch_;
  info.trace_id = run.created.trace_id;
  info.owner = run.dag->spec().owner;
  info.base_dir = base_dir_of(run.dag->key());
  info.has_interval = run.created.logical_date.has_value();
  info.logical_date = run.created.logical_date.value_or(Time{});
  info.data_interval_start = run.created.interval_start.value_or(Time{});
  info.data_interval_end = run.created.interval_end.value_or(Time{});
  info.checkpoint = run.instance(ref).checkpoint;
  info.saved_state = run.instance(ref).saved_state;
  return action;
}

void Planner::hold_slot(const AttemptKey& key, const TaskSpec& task, std::size_t pool, Time began,
                        Time now) {
  InHand attempt{.pool = pool, .priority = task.priority};
  attempt.begun = pools_[pool].options().begins_at_once;
  attempt.dispatched = timers_.monotonic(now);
  if (attempt.begun)
    attempt.deadline = timers_.add({std::min(began, now) + task.timeout, key.run, key.ref,
                                    key.attempt, TimerKind::deadline, began});
  pools_.dispatch(key, attempt);
}

/// Goes on with an attempt of a former leader; false: its executor does not.
bool Planner::adopt(const Run& run, TaskRef ref, Time now) {
  const std::size_t pool = pool_of(run, ref.task);
  if (!pools_[pool].options().survives_leader) return false;
  const TaskInstance& instance = run.instance(ref);
  const AttemptKey key = key_of(run, ref);
  hold_slot(key, run.dag->task(ref.task).spec, pool, instance.attempt_started, now);
  if (instance.state == TaskState::running) pools_.begin(key);
  adopted_.push_back(key);
  return true;
}

void Planner::fill_slots(Time now) {
  do {
    announce(now);
    wake_parents(now);
    if (starts_held_) return;
    for (std::size_t pool = 0; pool < pools_.count(); ++pool) fill_slots_of(pool, now);
  } while (!ended_children_.empty() || !announced_.empty());
}

void Planner::fill_slots_of(std::size_t index, Time now) {
  Pool& pool = pools_[index];
  std::set<Ready>& ready = pool.ready();
  while (!ready.empty()) {
    const Ready next = *ready.begin();
    Run* const run = runs_.find(next.run);
    // Cancelled or cleared since: the entry is stale.
    const bool stale = run == nullptr || !run->has(next.ref) ||
                       run->instance(next.ref).state != TaskState::queued ||
                       run->instance(next.ref).dispatched;
    if (!stale) {
      const TaskSpec& task = run->dag->task(next.ref.task).spec;
      if (!pool.has_room(task.priority, task.at_most_once)) break;
    }
    ready.erase(ready.begin());
    if (stale) continue;
    if (run->instance(next.ref).attempt > 0 && pools_.of_instance(next.run, next.ref)) {
      pools_.block(next, index);
      continue;
    }
    start(*run, next.ref, index, now);
    settle(*run, now);
  }
}

void Planner::finish(Run& run, Time now) {
  emit(run, now, finished(run));
  if (waits_.size() > 0 && run.created.logical_date)
    announced_.push_back(run_of_date_event(run.dag->key(), *run.created.logical_date));
  runs_.finish(run.id);
  if (run.created.type == RunType::child) ended_children_.push_back(run.id);
  if (run.created.backfill) return backfills_.end_run(*run.created.backfill, run.id);
  const auto found = dags_.find(run.dag->key());
  if (found == dags_.end()) return;
  DagState& dag = found->second;
  const bool lingers = limits_of(dag).apart && run.created.type == RunType::scheduled &&
                       !pools_.of_run(run.id).empty();
  if (lingers) lingering_.emplace(run.id, dag.dag->key());
  dag.runs.end(run.id, lingers);
  begin_held(dag, now);
}

RunLimits Planner::limits_of(const DagState& dag) {
  const DagSpec& spec = dag.dag->spec();
  return {spec.max_active_runs, spec.overlap != Overlap::allow};
}

void Planner::begin_held(DagState& dag, Time now) {
  while (const auto next = dag.runs.take_next(limits_of(dag)))
    if (Run* const held = runs_.find_open(*next)) activate(*held, now);
  reschedule(dag.dag->key(), now);
}

/// An attempt of a run that has ended is over, perhaps its last one.
void Planner::let_go(const Uuid& run, Time now) {
  const auto found = lingering_.find(run);
  if (found == lingering_.end() || !pools_.of_run(run).empty()) return;
  const auto dag = dags_.find(found->second);
  lingering_.erase(found);
  if (dag == dags_.end()) return;
  dag->second.runs.gone(run);
  begin_held(dag->second, now);
}

std::size_t Planner::pool_of(const Run& run, int task) const {
  const TaskSpec& spec = run.dag->task(task).spec;
  if (!spec.executor.empty()) return pools_.index_of(spec.executor);
  return options_.executor_of ? pools_.index_of(options_.executor_of(spec.op)) : 0;
}

bool Planner::can_wait(const AttemptKey& key) const {
  const InHand* const attempt = pools_.find(key);
  return attempt != nullptr && !pools_[attempt->pool].options().begins_at_once;
}

}  // namespace millrace
