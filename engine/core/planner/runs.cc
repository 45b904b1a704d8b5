#include "engine/core/planner/runs.h"

#include <algorithm>

namespace millrace {

Run& Runs::add(Run run) {
  const Uuid id = run.id;
  if (run.status != RunStatus::running) finish(id);  // until a retry opens it again
  return runs_.insert_or_assign(id, std::move(run)).first->second;
}

Run* Runs::find(const Uuid& run) {
  const auto found = runs_.find(run);
  return found == runs_.end() ? nullptr : &found->second;
}

const Run* Runs::find(const Uuid& run) const {
  const auto found = runs_.find(run);
  return found == runs_.end() ? nullptr : &found->second;
}

Run* Runs::find_open(const Uuid& run) {
  Run* const found = find(run);
  return found != nullptr && found->status == RunStatus::running ? found : nullptr;
}

std::vector<Uuid> Runs::ids() const {
  std::vector<Uuid> out;
  out.reserve(runs_.size());
  for (const auto& [id, run] : runs_) out.push_back(id);
  std::ranges::sort(out);
  return out;
}

void Runs::forget_finished() {
  for (const Uuid& id : finished_) {
    const auto found = runs_.find(id);
    if (found != runs_.end() && found->second.status != RunStatus::running) runs_.erase(found);
  }
  finished_.clear();
}

void Runs::restore_broken(const Uuid& run, std::string reason) {
  broken_.insert_or_assign(run, std::move(reason));
}

Status Runs::check_in_order(const Uuid& run) const {
  const auto broken = broken_.find(run);
  if (broken == broken_.end()) return {};
  return conflict("run " + run.to_string() + " is out of order: " + broken->second);
}

bool RunQueue::may_begin(const RunLimits& limits, bool scheduled) const {
  const bool must_wait = limits.apart && scheduled && !(scheduled_.empty() && lingering_.empty());
  return active_ < limits.max_active && !must_wait;
}

void RunQueue::begin(const Uuid& run, bool scheduled) {
  ++active_;
  if (scheduled) scheduled_.insert(run);
}

void RunQueue::end(const Uuid& run, bool lingers) {
  if (std::erase_if(held_, [&](const Held& held) { return held.run == run; }) > 0) return;
  --active_;
  if (scheduled_.erase(run) > 0 && lingers) lingering_.insert(run);
}

std::optional<Uuid> RunQueue::take_next(const RunLimits& limits) {
  const auto next = std::ranges::find_if(
      held_, [&](const Held& held) { return may_begin(limits, held.scheduled); });
  if (next == held_.end()) return std::nullopt;
  const Uuid run = next->run;
  held_.erase(next);
  return run;
}

bool RunQueue::holds(const Uuid& run) const {
  return std::ranges::find(held_, run, &Held::run) != held_.end();
}

std::vector<Uuid> RunQueue::held_scheduled() const {
  std::vector<Uuid> out;
  for (const Held& held : held_)
    if (held.scheduled) out.push_back(held.run);
  return out;
}

}  // namespace millrace
