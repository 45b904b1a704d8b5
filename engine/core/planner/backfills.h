// Backfills: those that are open, how far each of them is, and which of its runs are open.
//
// Not thread-safe: a value, owned by the planner.
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "engine/base/id.h"
#include "engine/core/backfill.h"

namespace millrace {

struct Backfill {
  Uuid id;
  DagKey dag;
  std::vector<Time> dates;  // in the order of their runs
  int max_active_runs = 1;
  Json params = Json::object();  // as given: each run resolves them with the version of its time
  Origin origin;
  bool paused = false, cancelling = false;
  std::size_t next = 0;        // the first date without a run
  std::set<Uuid> active = {};  // its open runs

  bool wants_run() const {
    return !paused && !cancelling && next < dates.size() &&
           static_cast<int>(active.size()) < max_active_runs;
  }
  bool is_over() const { return active.empty() && (cancelling || next == dates.size()); }
};

class Backfills {
 public:
  void add(Backfill backfill);
  Backfill* find(const Uuid& backfill);  // nullptr: not open
  void remove(const Uuid& backfill) { open_.erase(backfill); }
  std::map<Uuid, Backfill>& open() { return open_; }

  // A run of one that has ended changes nothing here.
  void begin_run(const Uuid& backfill, const Uuid& run);
  void end_run(const Uuid& backfill, const Uuid& run);
  /// Adds the dates of the DAG for which an open backfill has still to create its run.
  void add_waiting(const DagKey& dag, DateFacts& facts) const;

  /// One of them may have something to do.
  void stir() { stirred_ = !open_.empty(); }
  bool stirred() const { return stirred_; }
  bool take_stirred() { return std::exchange(stirred_, false); }

 private:
  std::map<Uuid, Backfill> open_;
  bool stirred_ = false;
};

}  // namespace millrace
