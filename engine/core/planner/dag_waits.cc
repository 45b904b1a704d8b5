#include "engine/core/planner/dag_waits.h"

#include <set>
#include <vector>

namespace millrace {

void DagWaits::remove(const DagKey& from, const DagKey& to) {
  const auto waits = waits_.find(from);
  if (waits == waits_.end()) return;
  const auto count = waits->second.find(to);
  if (count == waits->second.end()) return;
  if (--count->second == 0) waits->second.erase(count);
  if (waits->second.empty()) waits_.erase(waits);
}

bool DagWaits::leads(const DagKey& from, const DagKey& to) const {
  std::set<DagKey> seen = {from};
  std::vector<DagKey> open = {from};
  while (!open.empty()) {
    const DagKey dag = open.back();
    open.pop_back();
    if (dag == to) return true;
    const auto waits = waits_.find(dag);
    if (waits == waits_.end()) continue;
    for (const auto& [next, count] : waits->second)
      if (seen.insert(next).second) open.push_back(next);
  }
  return false;
}

}  // namespace millrace
