#include "engine/core/planner/backfills.h"

namespace millrace {

void Backfills::add(Backfill backfill) {
  const Uuid id = backfill.id;
  open_.insert_or_assign(id, std::move(backfill));
  stir();
}

Backfill* Backfills::find(const Uuid& backfill) {
  const auto found = open_.find(backfill);
  return found == open_.end() ? nullptr : &found->second;
}

void Backfills::begin_run(const Uuid& backfill, const Uuid& run) {
  if (Backfill* const found = find(backfill)) found->active.insert(run);
}

void Backfills::end_run(const Uuid& backfill, const Uuid& run) {
  if (Backfill* const found = find(backfill)) found->active.erase(run);
  stir();
}

void Backfills::add_waiting(const DagKey& dag, DateFacts& facts) const {
  for (const auto& [id, one] : open_) {
    if (one.cancelling || one.dag != dag) continue;
    for (std::size_t i = one.next; i < one.dates.size(); ++i) facts[one.dates[i]].backfill = id;
  }
}

}  // namespace millrace
