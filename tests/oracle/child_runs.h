// ChildRuns: which tasks have started which runs, and which of them wait for one, followed next to
// the planner from the events alone.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>

#include "engine/core/run.h"
#include "tests/oracle/rule.h"

namespace millrace::oracle {

class ChildRuns {
 public:
  /// A run was created.
  Finding create(const Uuid& run, const RunCreated& created);
  /// The next event of a run, before it is folded.
  Finding follow(const Run& run, const Event& event);
  /// The run may begin beyond `max_active_runs`: a task waits for it, and a run of its own DAG
  /// waits for that task's DAG.
  bool may_pass(const Run& child) const;
  /// At the end: a run that a task decided to start and that was not created.
  Finding missing() const;

 private:
  using Place = std::pair<Uuid, TaskRef>;
  struct Decision {
    Place place;
    DagKey dag, parent_dag;
    std::string task;
    bool created = false;
  };
  struct End {
    RunStatus status;
    std::string outputs;
  };
  Finding decide(const Run& run, TaskRef ref, const Event& event);
  Finding wake(const Place& place, const ChildRunEnded& ended);
  Finding check_result(const Place& place, const TaskSucceeded& done) const;

  std::map<Uuid, Decision> decided_;  // by the run that was to be started
  std::map<Uuid, End> ended_;         // how a child ended last
  std::map<Place, Uuid> waiting_;     // → for which run
  std::map<Place, Uuid> heard_;       // → of the end of which run
};

}  // namespace millrace::oracle
