#include "tests/oracle/teardowns.h"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

namespace millrace::oracle {
namespace {

using Names = std::set<std::string>;

const TaskSpec& spec_of(const Run& run, const std::string& id) {
  return *std::ranges::find(run.dag->spec().tasks, id, &TaskSpec::id);
}

/// The task needs one of `setups`, directly or through others.
bool comes_after(const Run& run, const std::string& id, const Names& setups,
                 std::map<std::string, bool>& known) {
  if (const auto found = known.find(id); found != known.end()) return found->second;
  bool after = setups.contains(id);
  for (const auto& need : spec_of(run, id).needs) after |= comes_after(run, need, setups, known);
  return known[id] = after;
}

void add_needs(const Run& run, const std::string& id, Names& out) {
  for (const auto& need : spec_of(run, id).needs)
    if (out.insert(need).second) add_needs(run, need, out);
}

bool all_ended(const Run& run, const std::string& id) {
  const auto at = static_cast<std::size_t>(run.dag->index_of(id));
  return std::ranges::all_of(run.tasks[at].instances,
                             [](const auto& one) { return is_end(one.state); });
}

bool one_succeeded(const Run& run, const std::string& id) {
  const auto at = static_cast<std::size_t>(run.dag->index_of(id));
  const bool forgiven = spec_of(run, id).continue_on_error;
  return std::ranges::any_of(run.tasks[at].instances, [&](const auto& one) {
    return one.state == TaskState::success || (forgiven && one.state == TaskState::failed);
  });
}

}  // namespace

bool may_tear_down(const Run& run, int task) {
  const TaskSpec& spec = run.dag->task(task).spec;
  const Names setups(spec.teardown.setups.begin(), spec.teardown.setups.end());
  Names before;
  add_needs(run, spec.id, before);
  std::map<std::string, bool> known;
  for (const auto& id : before) {
    const bool counts = std::ranges::find(spec.needs, id) != spec.needs.end() ||
                        comes_after(run, id, setups, known);
    if (counts && !all_ended(run, id)) return false;
  }
  return std::ranges::any_of(setups, [&](const auto& id) { return one_succeeded(run, id); });
}

Finding Teardowns::follow(const Run& run, const Event& event) {
  if (const auto* asked = std::get_if<RunCancelRequested>(&event.body))
    if (asked->force) forced_.insert(run.id);
  if (const auto* asked = std::get_if<TaskCancelRequested>(&event.body))
    asked_.emplace(run.id, asked->ref.task);
  if (std::holds_alternative<TasksCleared>(event.body)) {
    forced_.erase(run.id);
    std::erase_if(asked_, [&](const auto& one) { return one.first == run.id; });
  }
  const auto* cancelled = std::get_if<TaskCancelled>(&event.body);
  const auto* skipped = std::get_if<TaskSkipped>(&event.body);
  const auto* could_not = std::get_if<TaskUpstreamFailed>(&event.body);
  const TaskRef* ref = cancelled   ? &cancelled->ref
                       : skipped   ? &skipped->ref
                       : could_not ? &could_not->ref
                                   : nullptr;
  if (ref == nullptr || !run.has(*ref) || !run.dag->task(ref->task).tears_down()) return {};
  const TaskSpec& spec = run.dag->task(ref->task).spec;
  const TaskInstance& instance = run.instance(*ref);
  if (!std::ranges::any_of(spec.teardown.setups,
                           [&](const auto& id) { return one_succeeded(run, id); }))
    return {};
  if (cancelled != nullptr && (forced_.contains(run.id) || asked_.contains({run.id, ref->task}) ||
                               instance.state == TaskState::held))
    return {};
  const bool by_itself =
      instance.state != TaskState::pending || !spec.condition.empty() || !spec.foreach.is_null();
  if (skipped != nullptr && by_itself) return {};
  return Violation{Rule::teardowns,
                   "task " + spec.id + " is left out although a setup of it succeeded"};
}

}  // namespace millrace::oracle
