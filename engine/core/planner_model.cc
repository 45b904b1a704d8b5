// Who owns the traffic of a canary. A task instance that ends without having promoted its candidate
// loses the traffic by an effect of the planner's own, in the batch that records the end: whatever
// ended it, there is no traffic without an open canary task.
#include "engine/core/planner.h"

namespace millrace {
namespace {

std::string end_of(TaskState state) {
  switch (state) {
    case TaskState::failed:
      return "failed";
    case TaskState::cancelled:
      return "was cancelled";
    case TaskState::held:
      return "is held";
    default:
      return "ended";
  }
}

}  // namespace

/// Folds what the last event says about models, and returns the traffic of a canary that it ended.
void Planner::note_models(Run& run, Time now) {
  const EventBody& body = events_.back().body;
  const auto* effects = effects_of(body);
  const bool has_effects = effects != nullptr && !effects->empty();
  if (!has_effects && !models_.has_owned_canaries()) return;  // as of nearly every event
  const TaskRef* about = task_of(body);
  const bool run_ended = std::holds_alternative<RunFinished>(body);
  if (about == nullptr && !run_ended) return;
  const TaskRef ref = about == nullptr ? TaskRef{} : *about;
  if (has_effects)
    models_.apply(run.dag->key().namespace_, *effects,
                  {run.id, run.dag->task(ref.task).spec.id, ref.map_index});
  if (!models_.has_owned_canaries()) return;
  // A held task watches over nothing, and may be held for long.
  const auto leaves_it = [](TaskState state) { return is_end(state) || state == TaskState::held; };
  if (!run_ended && !(run.has(ref) && leaves_it(run.instance(ref).state))) return;
  for (const Models::Canary& canary : models_.owned_canaries()) {
    if (canary.owner.run != run.id) continue;
    const std::string& task = run_ended ? canary.owner.task : run.dag->task(ref.task).spec.id;
    if (!run_ended && (canary.owner.task != task || canary.owner.map_index != ref.map_index))
      continue;
    return_traffic(canary, &run,
                   run_ended ? "its run has ended"
                             : "task '" + task + "' " + end_of(run.instance(ref).state) +
                                   " without having promoted it",
                   now);
  }
}

void Planner::return_traffic(const Models::Canary& canary, Run* run, std::string reason, Time now) {
  RollbackModel back{
      canary.model.name, "traffic returned: " + reason,
      Json::object({{"run", canary.owner.run.to_string()}, {"task", canary.owner.task}})};
  back.artifact = canary.candidate;
  back.candidate_only = back.blameless = true;
  const std::vector<Effect> effects = {
      back, RaiseAlert{"warning", "Canary of '" + canary.model.name + "' ended without a verdict",
                       back.reason, run == nullptr ? "" : run->dag->spec().owner}};
  EventBody body = EffectsRequested{effects, {"engine", back.reason}, canary.model.namespace_};
  if (run == nullptr)
    emit(Uuid{}, now, std::move(body));
  else
    emit(*run, now, std::move(body));
  models_.apply(canary.model.namespace_, effects, {});
  announced_.push_back(deployment_event(canary.model.namespace_, canary.model.name));
}

/// Of a run that was over before this planner began: an older release left its canary behind.
void Planner::return_orphaned_traffic(Time now) {
  for (const Models::Canary& canary : models_.owned_canaries())
    if (runs_.find_open(canary.owner.run) == nullptr)
      return_traffic(canary, nullptr, "its run had ended", now);
}

/// Tasks that wait for a change of a deployment which the planner itself has made.
void Planner::announce(Time now) {
  while (!announced_.empty())
    for (const EventName& event : std::exchange(announced_, {})) wake_waiting(event, now);
}

}  // namespace millrace
