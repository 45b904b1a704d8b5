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

bool RunQueue::holds(const Uuid& run) const { return std::ranges::find(held, run) != held.end(); }

void RunQueue::end(const Uuid& run) {
  if (std::erase(held, run) == 0) --active;
}

std::optional<Uuid> RunQueue::take_next(int max_active) {
  if (held.empty() || !has_room(max_active)) return std::nullopt;
  const Uuid next = held.front();
  held.erase(held.begin());
  return next;
}

}  // namespace millrace
