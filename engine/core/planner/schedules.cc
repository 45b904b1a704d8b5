#include "engine/core/planner/schedules.h"

namespace millrace {

void Schedules::plan(const DagKey& dag, std::optional<Time> at) {
  if (const auto old = firing_of_.find(dag); old != firing_of_.end()) {
    firings_.erase({old->second, dag});
    firing_of_.erase(old);
  }
  if (!at || !knows_dates_) return;
  firings_.emplace(*at, dag);
  firing_of_.emplace(dag, *at);
}

std::optional<DagKey> Schedules::due(Time now) const {
  if (firings_.empty() || firings_.begin()->first > now) return std::nullopt;
  return firings_.begin()->second;
}

std::optional<Time> Schedules::next() const {
  if (firings_.empty()) return std::nullopt;
  return firings_.begin()->first;
}

void Schedules::clock_was_set() {
  knows_dates_ = false;
  firings_.clear();
  firing_of_.clear();
}

}  // namespace millrace
