// BackfillCourses: what each backfill has promised, and which of its dates have got their run,
// followed next to the planner.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "engine/core/events/backfill_events.h"
#include "engine/core/events/run_events.h"
#include "engine/store/store.h"
#include "tests/oracle/rule.h"

namespace millrace::oracle {

struct BackfillCourse {
  BackfillCreated created;
  std::vector<Uuid> runs;  // of the first dates, in their order
  std::map<Uuid, RunStatus> status_of;
  bool paused = false, cancelling = false, ended = false;

  int open_runs() const;
};

class BackfillCourses {
 public:
  Finding create(const BackfillCreated& created);
  Finding pause(const BackfillPaused& paused);
  Finding cancel(const BackfillCancelRequested& asked);
  Finding end(const BackfillEnded& ended);
  /// A run that names a backfill was created.
  Finding start(const Uuid& run, const RunCreated& created);
  /// How a run stands now.
  void note(const Uuid& run, const RunCreated& created, RunStatus status);

  /// At the end: each backfill is over that could go on.
  Finding unfinished(const std::set<DagKey>& startable) const;
  /// The tables must say the same.
  Finding compare(BackfillReader& backfills) const;

 private:
  std::map<Uuid, BackfillCourse> courses_;
};

}  // namespace millrace::oracle
