// Which DAGs there are: registered by a file, retired without one, out of order if they cannot be
// compiled; and where their schedules stand.
#include <algorithm>

#include "engine/core/planner.h"
#include "engine/core/planner/file_report.h"

namespace millrace {
namespace {

constexpr std::string_view kOutOfOrder = "out-of-order";

Error out_of_order(const std::string& what, const std::string& reason) {
  return conflict(what + " is out of order: " + reason);
}

}  // namespace

/// One that can be compiled; otherwise why not.
Result<DagState*> Planner::find_dag(const DagKey& id) {
  if (const auto broken = broken_dags_.find(id); broken != broken_dags_.end())
    return out_of_order("DAG '" + id.text() + "'", broken->second.reason);
  const auto found = dags_.find(id);
  if (found == dags_.end()) {
    std::vector<ScopedName> known;
    for (const auto& [other, state] : dags_) known.push_back(other);
    return no_such("DAG", id, known);
  }
  return &found->second;
}

/// The same, unless it is retired.
Result<DagState*> Planner::find_startable(const DagKey& id) {
  MR_TRY(DagState* const state, find_dag(id));
  if (state->retired.empty()) return state;
  return conflict("DAG '" + id.text() + "' is retired: " + state->retired + " (the last one was " +
                  state->source + "); put the file back to run it");
}

const std::string& Planner::base_dir_of(const DagKey& dag) const {
  static const std::string kNone;
  if (const auto found = dags_.find(dag); found != dags_.end()) return found->second.base_dir;
  const auto broken = broken_dags_.find(dag);
  return broken == broken_dags_.end() ? kNone : broken->second.state.base_dir;
}

Status Planner::register_dag(const RegisterDag& input, Time now) {
  const DagKey& id = input.dag->key();
  DagState& state = dags_[id];
  bool fresh = state.dag == nullptr;
  if (const auto broken = broken_dags_.find(id); broken != broken_dags_.end()) {
    state = std::move(broken->second.state);
    broken_dags_.erase(broken);
    fresh = false;
    state.out_of_order.clear();
  }
  const bool same = state.dag != nullptr && state.dag->version() == input.dag->version() &&
                    state.source == input.source && state.base_dir == input.base_dir &&
                    state.retired.empty();
  const std::shared_ptr<const Dag> before = std::exchange(state.dag, input.dag);
  if (same) return {};  // of two equal Dags, the giver keeps this
  triggers_.watch(input.dag->spec());
  state.source = input.source;
  state.base_dir = input.base_dir;
  if (fresh) state.schedule.registered_at = state.schedule.checked = now;
  emit(Uuid{}, now,
       DagRegistered{id, input.dag->version(), Dag::to_json(input.dag->spec()), input.source,
                     input.base_dir, input.origin});
  if (before != nullptr) change_schedule(state, before->spec(), now);
  if (!std::exchange(state.retired, "").empty()) resume(state, input.origin, now);
  reschedule(id, now);
  backfills_.stir();
  return {};
}

void Planner::change_schedule(DagState& state, const DagSpec& before, Time now) {
  const auto from = begin_of_changed(before, state.dag->spec(), now);
  if (!from) return;
  move_schedule(state, {state.dag->key(), from, {}, {"engine", "the schedule was changed"}}, now);
}

/// Goes on after a pause or a retirement.
void Planner::resume(DagState& state, Origin origin, Time now) {
  if (!state.dag->timetable()) return;
  const auto [from, all_until] = resume_schedule(*state.dag->timetable(), state.dag->spec(), now);
  if (!from && !all_until) return;
  // One after `now` is of a clock that was wrong.
  const auto& present = state.schedule.from;
  const bool holds = from && present && *present <= now;
  move_schedule(
      state,
      {state.dag->key(), holds ? std::max(*from, *present) : from, all_until, std::move(origin)},
      now);
}

void Planner::move_schedule(DagState& state, ScheduleMoved moved, Time now) {
  if (moved.from) state.schedule.from = moved.from;
  state.schedule.all_until = moved.all_until;
  emit(Uuid{}, now, std::move(moved));
}

Status Planner::reset_schedule(const ResetSchedule& input, const Caller& caller, Time now) {
  const DagKey dag(caller.namespace_, input.dag);
  MR_TRY(DagState* const state, find_dag(dag));
  if (!state->dag->timetable()) return conflict("DAG '" + dag.text() + "' has no schedule");
  move_schedule(*state, {dag, now, {}, caller.origin}, now);
  reschedule(dag, now);
  return {};
}

void Planner::clock_was_set(Duration by) {
  timers_.clock_was_set(by);
  schedules_.clock_was_set();
}

void Planner::take_scheduled_dates(const ScheduledDates& dates, Time now) {
  const auto take = [&](const DagKey& id, DagState& state) {
    const auto known = dates.find(id);
    take_dates(state.schedule, known == dates.end() ? std::vector<Time>() : known->second, now);
  };
  schedules_.take_dates();
  for (auto& [id, broken] : broken_dags_) take(id, broken.state);
  for (auto& [id, state] : dags_) {
    take(id, state);
    reschedule(id, now);
  }
}

void Planner::sync_dags(const SyncDags& input, Time now) {
  std::map<std::string, Json> errors = input.errors;
  std::map<DagKey, std::vector<const RegisterDag*>> by_id;
  for (const RegisterDag& dag : input.dags) by_id[dag.dag->key()].push_back(&dag);
  for (const auto& [id, twins] : by_id) {
    const RegisterDag& chosen = choose(twins);
    for (const RegisterDag* twin : twins) {
      if (twin == &chosen) continue;
      errors[twin->source] =
          twin_error("dag", "DAG '" + id.text() + "'", chosen.source, twin->source);
    }
    static_cast<void>(register_dag(chosen, now));
  }
  const FolderLook look{input.folder, input.complete, input.is_empty(), input.unreadable,
                        input.declaring_nothing};
  retire_undeclared(input, look, errors, now);
  for (auto& change : resources_.sync(input.others, look, errors))
    std::visit([&](auto& event) { emit(Uuid{}, now, std::move(event)); }, change);
  report_files(std::move(errors), now);
}

/// Of the files that declare one DAG: the one whose path ends most like that of the text in force
/// (its folder may have moved); otherwise one with that text; otherwise the first by its path.
const RegisterDag& Planner::choose(const std::vector<const RegisterDag*>& twins) const {
  const auto state = dags_.find(twins.front()->dag->key());
  if (state == dags_.end() || state->second.dag == nullptr) return *twins.front();
  const auto likeness = [&](const RegisterDag* twin) {
    const bool same_text = twin->dag->version() == state->second.dag->version();
    return std::pair(common_names(twin->source, state->second.source), same_text);
  };
  return **std::ranges::max_element(twins, {}, likeness);
}

void Planner::retire_undeclared(const SyncDags& input, const FolderLook& look,
                                std::map<std::string, Json>& errors, Time now) {
  if (!look.complete) return;
  std::set<DagKey> declared = input.declared;
  for (const RegisterDag& dag : input.dags) declared.insert(dag.dag->key());
  std::vector<DagKey> gone;
  std::size_t kept = 0;
  const auto look_at = [&](const DagKey& id, const DagState& state) {
    if (!state.retired.empty() || declared.contains(id)) return;
    if (is_kept_by_its_file(look, state.source, "dag", "DAG '" + id.text() + "'", id.name, errors))
      return;
    const bool retires = !input.is_empty() || input.seen.contains(id);
    retires ? gone.push_back(id) : static_cast<void>(++kept);
  };
  for (const auto& [id, state] : dags_) look_at(id, state);
  for (const auto& [id, broken] : broken_dags_) look_at(id, broken.state);
  for (const auto& id : gone)
    retire(id, "no file in " + input.folder + " declares it", {"file", input.folder}, now);
  if (kept > 0)
    errors[input.folder] = file_error(
        input.folder, "no-dag-files",
        "the folder holds no DAG file; " + std::to_string(kept) + " DAGs stay in force without one",
        "name the folder of the DAG files with --dags");
}

void Planner::retire(const DagKey& id, std::string reason, const Origin& origin, Time now) {
  const auto broken = broken_dags_.find(id);
  DagState& state = broken == broken_dags_.end() ? dags_[id] : broken->second.state;
  state.retired = reason;
  emit(Uuid{}, now, DagRetired{id, std::move(reason), origin});
  reschedule(id, now);
}

/// Tells which DAGs are out of order now, and which are not any more.
void Planner::report_order(Time now) {
  for (auto& [id, state] : dags_)
    if (!std::exchange(state.out_of_order, "").empty()) emit(Uuid{}, now, DagOutOfOrder{id, ""});
  for (auto& [id, broken] : broken_dags_) {
    if (broken.state.out_of_order == broken.reason) continue;
    broken.state.out_of_order = broken.reason;
    emit(Uuid{}, now, DagOutOfOrder{id, broken.reason});
  }
  report_files(std::map(file_errors_), now);
}

/// Only what changed becomes an event.
void Planner::report_files(std::map<std::string, Json> errors, Time now) {
  std::erase_if(errors, [](const auto& entry) {
    return entry.second.at(0)["code"].as_view() == kOutOfOrder;
  });
  for (const auto& [id, broken] : broken_dags_)
    errors.try_emplace(broken.state.source,
                       file_error(broken.state.source, kOutOfOrder,
                                  "DAG '" + id.text() + "' is out of order: " + broken.reason,
                                  "a file that can be loaded puts it in order again"));
  for (const auto& [source, diagnostics] : file_errors_)
    if (!errors.contains(source)) emit(Uuid{}, now, DagFileChecked{source, Json::array()});
  for (const auto& [source, diagnostics] : errors) {
    const auto known = file_errors_.find(source);
    if (known == file_errors_.end() || !(known->second == diagnostics))
      emit(Uuid{}, now, DagFileChecked{source, diagnostics});
  }
  file_errors_ = std::move(errors);
}

Status Planner::pause_dag(const PauseDag& input, const Caller& caller, Time now) {
  const DagKey dag(caller.namespace_, input.dag);
  const auto broken = broken_dags_.find(dag);
  if (broken == broken_dags_.end()) MR_CHECK(find_dag(dag));
  DagState& state = broken == broken_dags_.end() ? dags_.find(dag)->second : broken->second.state;
  if (state.paused == input.paused) return {};
  state.paused = input.paused;
  emit(Uuid{}, now, DagPaused{dag, input.paused, caller.origin});
  if (!input.paused && state.dag != nullptr && state.retired.empty())
    resume(state, caller.origin, now);
  reschedule(dag, now);
  return {};
}

}  // namespace millrace
