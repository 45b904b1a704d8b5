#include "tests/oracle/child_runs.h"

#include <vector>

#include "engine/core/task_state.h"

namespace millrace::oracle {
namespace {

Violation bad_child(std::string what) { return {Rule::child_runs, std::move(what)}; }

/// While it waits, a task may only be cancelled, or learn that its run has ended.
bool may_happen_while_waiting(const EventBody& body) {
  return std::holds_alternative<TaskCancelled>(body) ||
         std::holds_alternative<TaskCancelRequested>(body) ||
         std::holds_alternative<ChildRunEnded>(body) ||
         std::holds_alternative<CompletionRejected>(body);
}

}  // namespace

Finding ChildRuns::create(const Uuid& run, const RunCreated& created) {
  const auto decision = decided_.find(run);
  if (created.type != RunType::child)
    return decision == decided_.end() ? Finding()
                                      : bad_child("a run that a task starts has no parent");
  if (decision == decided_.end()) return bad_child("a run is a child, and no task has started it");
  Decision& made = decision->second;
  if (std::exchange(made.created, true)) return bad_child("a task's run is created twice");
  const Json& by = created.trigger;
  if (by["run"].as_view() != made.place.first.to_string() || by["task"].as_view() != made.task ||
      by["map_index"].as_int() != made.place.second.map_index || created.dag != made.dag)
    return bad_child(
        "a run names another parent than the task that has started it, or is of another "
        "DAG");
  return {};
}

Finding ChildRuns::follow(const Run& run, const Event& event) {
  if (const auto* finished = std::get_if<RunFinished>(&event.body))
    if (run.created.type == RunType::child)
      ended_.insert_or_assign(run.id, End{finished->status, finished->outputs.dump()});
  if (const auto* cleared = std::get_if<TasksCleared>(&event.body))
    for (const TaskRef ref : cleared->tasks)
      std::erase_if(heard_, [&](const auto& entry) {
        const Place& place = entry.first;
        return place.first == run.id && place.second.task == ref.task &&
               (ref.map_index < 0 || place.second == ref);
      });
  const TaskRef* ref = task_of(event.body);
  if (ref == nullptr) return {};
  const Place place{run.id, *ref};
  if (waiting_.contains(place) && !may_happen_while_waiting(event.body))
    return bad_child("a task goes on although the run that it waits for has not ended");
  if (std::holds_alternative<TaskCancelled>(event.body)) waiting_.erase(place);
  // The next attempt or iteration, and a task that was held, start a run of their own.
  if (std::holds_alternative<AttemptFailed>(event.body) ||
      std::holds_alternative<TaskRepeated>(event.body) ||
      std::holds_alternative<TaskResumed>(event.body))
    heard_.erase(place);
  if (const auto* ended = std::get_if<ChildRunEnded>(&event.body)) return wake(place, *ended);
  if (const auto* done = std::get_if<TaskSucceeded>(&event.body))
    if (auto found = check_result(place, *done)) return found;
  return decide(run, *ref, event);
}

Finding ChildRuns::decide(const Run& run, TaskRef ref, const Event& event) {
  const auto* effects = effects_of(event.body);
  if (effects == nullptr) return {};
  for (const Effect& effect : *effects) {
    const auto* start = std::get_if<StartRun>(&effect);
    if (start == nullptr) continue;
    if (!start->run) return bad_child("a task starts a run without an id");
    const DagKey& own = run.created.dag;
    const Decision decision{
        {run.id, ref}, {own.namespace_, start->dag}, own, run.dag->task(ref.task).spec.id};
    if (!decided_.emplace(*start->run, decision).second) return bad_child("a run is started twice");
    if (start->wait && std::holds_alternative<TaskDeferred>(event.body))
      waiting_.insert_or_assign({run.id, ref}, *start->run);
  }
  return {};
}

Finding ChildRuns::wake(const Place& place, const ChildRunEnded& news) {
  const auto waits = waiting_.find(place);
  if (waits == waiting_.end() || waits->second != news.run)
    return bad_child("a task learns of the end of a run that it does not wait for");
  const auto end = ended_.find(news.run);
  if (end == ended_.end()) return bad_child("a task learns of the end of a run that is open");
  if (end->second.status != news.status || end->second.outputs != news.outputs.dump())
    return bad_child("a task learns of another end of its run than it had");
  heard_.insert_or_assign(place, news.run);
  waiting_.erase(waits);
  return {};
}

/// Its outputs are those of the run, with its id and status.
Finding ChildRuns::check_result(const Place& place, const TaskSucceeded& done) const {
  const auto heard = heard_.find(place);
  if (heard == heard_.end() || !done.outputs.contains("run_id")) return {};
  const End& end = ended_.at(heard->second);
  if (done.outputs["run_id"].as_view() == heard->second.to_string() &&
      done.outputs["state"].as_view() == to_string(end.status))
    return {};
  return bad_child(
      "a task succeeds with the result of another run than the one that it waited for");
}

bool ChildRuns::may_pass(const Run& child) const {
  const auto decision = decided_.find(child.id);
  if (decision == decided_.end()) return false;
  const auto waits = waiting_.find(decision->second.place);
  if (waits == waiting_.end() || waits->second != child.id) return false;
  std::set<DagKey> reached = {child.created.dag};
  for (bool grows = true; grows;) {
    grows = false;
    for (const auto& [place, awaited] : waiting_) {
      const Decision& made = decided_.at(awaited);
      if (reached.contains(made.parent_dag)) grows |= reached.insert(made.dag).second;
    }
  }
  return reached.contains(decision->second.parent_dag);
}

Finding ChildRuns::missing() const {
  for (const auto& [run, decision] : decided_)
    if (!decision.created)
      return bad_child("run " + run.to_string() + " was started by a task and never created");
  return {};
}

}  // namespace millrace::oracle
