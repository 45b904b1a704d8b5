// Replay: reads a whole journal once, and judges each event at the moment it happened.
#pragma once

#include <map>
#include <set>
#include <string>

#include "engine/store/load_run.h"
#include "tests/oracle/backfill_courses.h"
#include "tests/oracle/child_runs.h"
#include "tests/oracle/dataset_starts.h"
#include "tests/oracle/effect_ledger.h"
#include "tests/oracle/oracle.h"
#include "tests/oracle/task_course.h"
#include "tests/oracle/teardowns.h"

namespace millrace::oracle {

/// What the journal says of one DAG.
struct DagCourse {
  std::string version;  // current
  bool paused = false;
  bool retired = false;
  std::set<Time> scheduled;    // logical dates that have a scheduled run
  std::set<Uuid> under_way;    // runs that have begun and not ended
  std::set<Uuid> by_schedule;  // scheduled runs that have not ended
  std::set<Uuid> cleaning_up;  // runs that began only when they were cancelled
};

class Replay {
 public:
  Replay(Stores stores, const Expectations& expectations, Tally& tally);

  /// The first event that should not be there.
  Finding run();

  const std::map<Uuid, Run>& runs() const { return runs_; }
  const std::map<DagKey, DagCourse>& dags() const { return dags_of_; }
  const std::map<Uuid, bool>& commands() const { return commands_; }  // → ok
  const EffectLedger& effects() const { return effects_; }
  const BackfillCourses& backfills() const { return backfills_; }
  /// Marks of the attempts that were dispatched or started: no other may have begun.
  const std::set<std::string>& started() const { return started_; }

 private:
  Finding take(const Event& event);
  Finding take_backfill(const EventBody& body);
  Finding take_command(const CommandHandled& handled);
  Finding create(const Event& event, const RunCreated& created);
  Finding before_fold(Run& run, const Event& event);
  Finding check_start(const Run& run, TaskRef ref, std::int64_t epoch);
  /// Of the call that was dispatched or started last.
  std::string current_mark(const Run& run, TaskRef ref);
  Finding check_given(const Run& run, TaskRef ref);
  Finding check_mark(const Run& run, TaskRef ref, const EventBody& body);
  Finding after_fold(const Run& run, const Event& event);
  Finding check_begin(const Run& run);
  Finding check_overlap(const DagSpec& spec, const DagCourse& dag, const Uuid& fresh) const;
  Finding check_skip(const ScheduleMoved& moved) const;
  Finding check_slots(const Run& run, TaskRef ref);
  static Finding check_instances(const Run& run, int task);
  static Finding check_left_out_by_depends(const Run& run, const TaskSpec& spec,
                                           const EventBody& body);
  Finding check_left_out(const Run& run, TaskRef ref, const EventBody& body);
  Finding note_datasets(const Event& event, const std::string& name_space, const DagKey* cause);
  /// A model whose canary has traffic although the task that watches it has ended; "" none.
  std::string abandoned_canary() const;
  Finding still_abandoned() const;
  TaskCourse& course_of(const Uuid& run, TaskRef ref);
  void clear(const Uuid& run, const TasksCleared& cleared);

  Stores stores_;
  DagCache dags_;
  const Expectations& expectations_;
  Tally& tally_;
  std::map<Uuid, Run> runs_;
  std::map<DagKey, DagCourse> dags_of_;
  std::map<Uuid, bool> commands_;
  std::map<std::pair<Uuid, TaskRef>, TaskCourse> courses_;
  std::map<std::pair<Uuid, int>, int> attempt_floor_;    // of a task that was cleared
  std::set<std::pair<Uuid, TaskRef>> process_, thread_;  // slots in use
  EffectLedger effects_;
  DatasetStarts datasets_;
  BackfillCourses backfills_;
  ChildRuns children_;
  Teardowns teardowns_;
  std::string abandoned_;  // after the last event
  std::set<std::string> started_;
  std::int64_t newest_epoch_ = 0;
};

}  // namespace millrace::oracle
